"""The one answer to a message: MSA with AA, AE or AR, and ERR with a stable reason; nothing about any patient."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from domain.messages import MessageReason
from integrations.hl7.parsing import Parsed, Segment

CR: Final = "\r"
VERSION: Final = "2.5"
"""Of an answer to what names none."""
R = MessageReason


class _Told(NamedTuple):
    """How a reason is told."""

    code: str
    """MSA-1. AE: the message is at fault; AR: this kind isn't taken, or not now (HL7 table 0008)."""
    condition: str
    """HL7 table 0357."""
    location: str
    """Segment, its number, and field."""
    words: str


_CONDITIONS: Final[Mapping[str, str]] = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "207": "Application internal error",
}
_TOLD: Final[Mapping[MessageReason, _Told]] = {
    R.PATIENT_UNKNOWN: _Told("AE", "204", "PID^1^3", "no person here has these identifiers; the message is kept"),
    R.PATIENT_AMBIGUOUS: _Told(
        "AE", "204", "PID^1", "identifiers, birth date and sex name no single person; the message is kept"
    ),
    R.NOT_HL7: _Told("AR", "100", "MSH^1", "no HL7 v2 message header was found"),
    R.CHARSET_UNREADABLE: _Told("AE", "102", "MSH^1^18", "the bytes are not in the charset that MSH-18 names"),
    R.TOO_COMPLEX: _Told("AE", "102", "", "the message has more parts than are taken"),
    R.SEVERAL_MESSAGES: _Told("AE", "100", "MSH^2", "one message at a time; batches are not taken"),
    R.CONTROL_ID_MISSING: _Told("AE", "101", "MSH^1^10", "a message control id is required"),
    R.CONTROL_ID_REUSED: _Told("AE", "205", "MSH^1^10", "this control id came with another content before"),
    R.PATIENT_MISSING: _Told("AE", "100", "PID^1", "a PID segment is required"),
    R.REPORT_MISSING: _Told("AE", "100", "OBR^1", "an OBR segment is required"),
    R.CONTENT_INVALID: _Told("AE", "102", "OBX", "a text is too long, or not storable, or there are too many results"),
    R.TYPE_UNSUPPORTED: _Told("AR", "200", "MSH^1^9", "message type not supported"),
    R.EVENT_UNSUPPORTED: _Told("AR", "201", "MSH^1^9", "event not supported for this message type"),
    R.VERSION_UNSUPPORTED: _Told("AR", "203", "MSH^1^12", "versions 2.1 to 2.8 are supported"),
    R.TEST_MESSAGE: _Told("AR", "202", "MSH^1^11", "test messages are never filed; results come with P"),
    R.SENDER_NOT_ALLOWED: _Told("AR", "207", "MSH^1^3", "this sender may not send results here"),
    R.INTERNAL_ERROR: _Told("AR", "207", "", "not taken at the moment; send it again later"),
}


def code_of(reason: MessageReason | None) -> str:
    """Return MSA-1."""
    return "AA" if reason is None else _TOLD[reason].code


def acknowledgement(message: Parsed, reason: MessageReason | None, at: datetime) -> bytes:
    """Return the answer, in the sender's charset, version and separators; segments end with CR."""
    segments = [_header(message, at), _msa(message, reason)]
    if reason is not None:
        segments.append(_err(message, _TOLD[reason], reason))
    text = "".join(segment + CR for segment in segments)
    return text.encode(message.charset, "replace")


def _header(message: Parsed, at: datetime) -> str:
    mark, asked = message.separators, message.header
    version = _echo(asked, 12) or VERSION
    event = asked.text(9, 2)[:3] if asked else ""
    kind = mark.component.join(["ACK", *([event, "ACK"] if event.isalnum() else [])])
    marks = mark.component + mark.repetition + mark.escape + mark.subcomponent
    fields = [
        "MSH",
        marks,
        _echo(asked, 5) or "MEDKABINET",
        _echo(asked, 6),
        _echo(asked, 3),
        _echo(asked, 4),
        at.strftime("%Y%m%d%H%M%S+0000"),
        "",
        kind if _later(version, "2.3") else "ACK",
        secrets.token_hex(8).upper(),
        _echo(asked, 11) or "P",
        version,
        *[""] * 5,
        _echo(asked, 18),
    ]
    return mark.field.join(fields).rstrip(mark.field)


def _msa(message: Parsed, reason: MessageReason | None) -> str:
    fields = ["MSA", code_of(reason), _echo(message.header, 10), reason.value if reason else ""]
    return message.separators.field.join(fields if reason else fields[:3])


def _err(message: Parsed, told: _Told, reason: MessageReason) -> str:
    """Return ERR as the sender's version has it (2.5 made it anew)."""
    mark = message.separators
    condition = mark.component.join([told.condition, _CONDITIONS[told.condition], "HL70357"])
    location = told.location.replace("^", mark.component)
    version = _echo(message.header, 12) or VERSION
    if _later(version, "2.5"):
        ours = mark.component.join([reason.value, told.words])
        return mark.field.join(["ERR", "", location, condition, "E", ours, "", "", told.words])
    segment, number, field = (*told.location.split("^"), "", "")[:3]
    inner = condition.replace(mark.component, mark.subcomponent)
    return mark.field.join(["ERR", mark.component.join([segment, number, field, inner])])


def _echo(header: Segment | None, field: int) -> str:
    """Return a header's field as it came; a line break put into it would make a segment of our answer."""
    return header.raw(field).replace("\n", " ").replace("\x1c", " ").replace("\x0b", " ") if header else ""


def _later(version: str, than: str) -> bool:
    return version[:3] >= than
