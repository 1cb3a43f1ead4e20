"""Text of an HL7 v2 message → its segments, by the `hl7` library; whatever comes, never a crash."""

import re
from typing import Any, Final, NamedTuple

import hl7  # type: ignore[import-untyped]

from domain.messages import MessageReason
from integrations.hl7.decoding import Decoded
from integrations.hl7.escapes import Separators, unescape

MOST_PARTS: Final = 100_000
"""Separators and escapes in one message: each part becomes an object of some 500 bytes, 20 MiB of `|` 10 GB."""
NULL: Final = '""'
"""HL7's word for a value deleted on purpose."""
_SEGMENT: Final = re.compile(r"[A-Z][A-Z0-9]{2}\Z")


class Segment:
    """One segment; fields, repetitions, components and subcomponents are numbered from 1, as in the standard."""

    __slots__ = ("_charset", "_fields", "_separators", "name")

    def __init__(self, fields: Any, separators: Separators, charset: str) -> None:
        self.name = str(fields[0])
        self._fields = fields
        self._separators = separators
        self._charset = charset

    def repetitions(self, field: int) -> int:
        """Return how many values a field has."""
        return len(self._fields[field]) if field < len(self._fields) else 0

    def text(self, field: int, component: int = 1, subcomponent: int = 1, repetition: int = 1) -> str:
        """Return a value, its escapes resolved; empty where it isn't there or is deleted."""
        found = _part(_part(self._repetition(field, repetition), component), subcomponent)
        return self._read(found if isinstance(found, str) else "")

    def whole(self, field: int, repetition: int = 1) -> str:
        """Return a value as text in which component marks mean themselves: many senders don't escape them."""
        return self._read(str(self._repetition(field, repetition)))

    def components(self, field: int, repetition: int = 1) -> list[str]:
        """Return a value's components, each with its subcomponents joined by blanks."""
        parts = self._repetition(field, repetition)
        whole = [parts] if isinstance(parts, str) else list(parts)
        return [
            self._read(part) if isinstance(part, str) else " ".join(filter(None, (self._read(sub) for sub in part)))
            for part in whole
        ]

    def raw(self, field: int) -> str:
        """Return a field as it came, for echoing."""
        return str(self._fields[field]) if field < len(self._fields) else ""

    def _repetition(self, field: int, repetition: int) -> Any:
        values = self._fields[field] if field < len(self._fields) else ()
        return values[repetition - 1] if repetition <= len(values) else ""

    def _read(self, text: str) -> str:
        return "" if text == NULL else unescape(text, self._separators, self._charset).strip()


class Parsed(NamedTuple):
    """A message, or why it is none; the header is there whenever it can be."""

    segments: tuple[Segment, ...] = ()
    separators: Separators = Separators()
    charset: str = "utf-8"
    reason: MessageReason | None = None
    body: str = ""
    """What follows the header, as text."""

    @property
    def header(self) -> Segment | None:
        """Return MSH."""
        return self.segments[0] if self.segments else None


def parse(decoded: Decoded) -> Parsed:
    """Return the segments of a message."""
    many = decoded.text.count("\r") > MOST_PARTS
    lines = _joined(decoded.text.split("\r", 1)[0] if many else decoded.text)
    separators = _separators(lines[0]) if lines else None
    if separators is None:
        return Parsed(charset=decoded.charset, reason=MessageReason.NOT_HL7)
    lines[0] = _plain_header(lines[0], separators)
    reason = MessageReason.TOO_COMPLEX if many else _hindrance(decoded, lines, separators)
    segments = _segments(lines[:1] if reason else lines, separators, decoded.charset)
    if not segments:
        return Parsed(charset=decoded.charset, reason=MessageReason.NOT_HL7)
    return Parsed(segments, separators, decoded.charset, reason, "\r".join(lines[1:]))


def _joined(text: str) -> list[str]:
    """Return the lines, each that begins no segment put back to the one before: a line break inside a text."""
    lines: list[list[str]] = []
    mark = text[3:4]
    for line in text.split("\r"):
        if _SEGMENT.match(line[:3]) and mark and line[3:4] == mark:
            lines.append([line])
        elif lines and line:
            lines[-1].append(line)
        elif line.strip():
            return []
    return ["\n".join(parts) for parts in lines]


def _separators(header: str) -> Separators | None:
    """Return what MSH-1 and MSH-2 say; doubled marks count once, the truncation mark (v2.7) is left aside."""
    field = header[3:4]
    if header[:3] != "MSH" or not field or field.isalnum() or field.isspace():
        return None
    marks = list(dict.fromkeys(header[4:100].split(field, 1)[0]))
    given = Separators(field, *(marks[:4] + ["^", "~", "\\", "&"][len(marks[:4]) :]))
    if len(set(given)) != len(given) or any(mark.isalnum() or mark.isspace() for mark in given):
        return None
    return given


def _plain_header(header: str, separators: Separators) -> str:
    """Return the header with the four marks that the library knows."""
    rest = header[4:].split(separators.field, 1)
    return f"MSH{separators.field}{''.join(separators[1:])}{separators.field}{rest[1] if len(rest) > 1 else ''}"


def _hindrance(decoded: Decoded, lines: list[str], separators: Separators) -> MessageReason | None:
    if not decoded.faithful:
        return MessageReason.CHARSET_UNREADABLE
    if _parts(decoded.text, separators) > MOST_PARTS:
        return MessageReason.TOO_COMPLEX
    if any(line[:3] in ("MSH", "BHS", "FHS") for line in lines[1:]):
        return MessageReason.SEVERAL_MESSAGES
    return None


def _parts(text: str, separators: Separators) -> int:
    return sum(text.count(mark) for mark in separators)


def _segments(lines: list[str], separators: Separators, charset: str) -> tuple[Segment, ...]:
    if _parts(lines[0], separators) > MOST_PARTS:
        return ()
    try:
        message = hl7.parse("\r".join(lines))
        return tuple(Segment(fields, separators, charset) for fields in message if len(fields))
    except Exception:  # noqa: BLE001 - whatever the library meets in a stranger's bytes, the sender gets an answer
        return ()


def _part(whole: Any, number: int) -> Any:
    """Return a numbered part; a value that isn't divided is its own first part."""
    if isinstance(whole, str):
        return whole if number == 1 else ""
    return whole[number - 1] if number <= len(whole) else ""
