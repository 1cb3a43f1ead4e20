"""Messages of other systems: their states, why one was not applied, and what a readable one says."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from domain.results import PersonNamed, ReportSent


class MessageState(StrEnum):
    """Where an inbound message stands."""

    RECEIVED = "RECEIVED"
    """Stored, not yet applied: seen after a crash only."""
    APPLIED = "APPLIED"
    WAITING = "WAITING"
    """Understood, but whom it is about is not beyond doubt: a human decides."""
    QUARANTINED = "QUARANTINED"
    """Not understood."""
    REFUSED = "REFUSED"
    """Understood, and not taken: a kind that isn't applied here, a sender who may not."""


class MessageReason(StrEnum):
    """Why a message was not applied: stable codes, nothing of its content."""

    PATIENT_UNKNOWN = "PATIENT_UNKNOWN"
    PATIENT_AMBIGUOUS = "PATIENT_AMBIGUOUS"
    NOT_HL7 = "NOT_HL7"
    CHARSET_UNREADABLE = "CHARSET_UNREADABLE"
    TOO_COMPLEX = "TOO_COMPLEX"
    SEVERAL_MESSAGES = "SEVERAL_MESSAGES"
    CONTROL_ID_MISSING = "CONTROL_ID_MISSING"
    CONTROL_ID_REUSED = "CONTROL_ID_REUSED"
    PATIENT_MISSING = "PATIENT_MISSING"
    REPORT_MISSING = "REPORT_MISSING"
    CONTENT_INVALID = "CONTENT_INVALID"
    TYPE_UNSUPPORTED = "TYPE_UNSUPPORTED"
    EVENT_UNSUPPORTED = "EVENT_UNSUPPORTED"
    VERSION_UNSUPPORTED = "VERSION_UNSUPPORTED"
    TEST_MESSAGE = "TEST_MESSAGE"
    SENDER_NOT_ALLOWED = "SENDER_NOT_ALLOWED"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    """Ours; never stored: the sender's next try finds the message as it was."""


R = MessageReason

_STATES: Final[Mapping[MessageReason, MessageState]] = {
    R.PATIENT_UNKNOWN: MessageState.WAITING,
    R.PATIENT_AMBIGUOUS: MessageState.WAITING,
    R.TYPE_UNSUPPORTED: MessageState.REFUSED,
    R.EVENT_UNSUPPORTED: MessageState.REFUSED,
    R.VERSION_UNSUPPORTED: MessageState.REFUSED,
    R.TEST_MESSAGE: MessageState.REFUSED,
    R.SENDER_NOT_ALLOWED: MessageState.REFUSED,
}


def state_of(reason: MessageReason | None) -> MessageState:
    """Return the state in which a message ends; None stands for success."""
    return MessageState.APPLIED if reason is None else _STATES.get(reason, MessageState.QUARANTINED)


class Filing(msgspec.Struct, frozen=True):
    """A person and the reports about them."""

    person: PersonNamed
    reports: tuple[ReportSent, ...]


class Received(msgspec.Struct, frozen=True):
    """A message as its door understood it."""

    raw: bytes
    identity: str
    """What makes it the same message when it is sent again: the sender's words for itself and the control id."""
    content: str
    """Digest of what it says: another content under the same identity is another message."""
    answer: "Callable[[MessageReason | None], bytes]"
    """Makes the acknowledgement."""
    kind: str = ""
    """Such as `ORU^R01`."""
    filings: tuple[Filing, ...] = ()
    reason: MessageReason | None = None
    """Why it can't be applied, where the door sees that by itself."""
