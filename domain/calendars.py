"""Visits as iCalendar (RFC 5545) that programs keep up to date (RFC 5546): pure text, and only what was chosen."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

LONGEST_LINE: Final = 75
"""Octets, by the standard."""
PRODUCT: Final = "-//Medkabinet//Medkabinet//RU"


class CalendarDetail(StrEnum):
    """How much a calendar shows; whoever keeps the calendar can read it."""

    TIME = "TIME"
    PLACE = "PLACE"
    DOCTOR = "DOCTOR"


class Visit(NamedTuple):
    """A visit as a calendar shows it."""

    uid: str
    """The same for ever: by it a program finds what it has."""
    sequence: int
    """Grows with every change."""
    starts_at: datetime
    ends_at: datetime
    cancelled: bool
    summary: str
    location: str | None = None


class Busy(NamedTuple):
    """A time that is taken."""

    starts_at: datetime
    ends_at: datetime


def calendar(visits: Iterable[Visit], now: datetime, organizer: str, name: str, *, method: str = "PUBLISH") -> str:
    """Return a calendar of visits; one that was cancelled stays in it as such, so that programs take it out."""
    lines = [*_head(method), f"X-WR-CALNAME:{_text(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"]
    for visit in visits:
        lines += _event(visit, now, organizer)
    return _folded([*lines, "END:VCALENDAR"])


def free_busy(taken: Iterable[Busy], since: datetime, until: datetime, now: datetime, organizer: str, uid: str) -> str:
    """Return when somebody is busy, and nothing of with whom."""
    lines = [*_head("PUBLISH"), "BEGIN:VFREEBUSY", f"UID:{uid}", f"DTSTAMP:{_moment(now)}"]
    lines += [f"DTSTART:{_moment(since)}", f"DTEND:{_moment(until)}", f"ORGANIZER:mailto:{organizer}"]
    lines += [f"FREEBUSY;FBTYPE=BUSY:{_moment(one.starts_at)}/{_moment(one.ends_at)}" for one in taken]
    return _folded([*lines, "END:VFREEBUSY", "END:VCALENDAR"])


def _head(method: str) -> list[str]:
    return ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN", f"METHOD:{method}"]


def _event(visit: Visit, now: datetime, organizer: str) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{visit.uid}",
        f"SEQUENCE:{visit.sequence}",
        f"DTSTAMP:{_moment(now)}",
        f"DTSTART:{_moment(visit.starts_at)}",
        f"DTEND:{_moment(visit.ends_at)}",
        f"ORGANIZER:mailto:{organizer}",
        f"STATUS:{'CANCELLED' if visit.cancelled else 'CONFIRMED'}",
        f"TRANSP:{'TRANSPARENT' if visit.cancelled else 'OPAQUE'}",
        "CLASS:PRIVATE",
        f"SUMMARY:{_text(visit.summary)}",
    ]
    if visit.location:
        lines.append(f"LOCATION:{_text(visit.location)}")
    return [*lines, "END:VEVENT"]


def _moment(moment: datetime) -> str:
    """Return a moment in UTC: right in every zone, and no tables of zones to go stale."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    """Return a text as a value: nothing in it ends a line or begins a property."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    lines = "\\n".join(escaped.splitlines())
    return "".join(one for one in lines if one >= " " and one != "\x7f")


def _folded(lines: Iterable[str]) -> str:
    return "".join(f"{_fold(line)}\r\n" for line in lines)


def _fold(line: str) -> str:
    """Break a line after 75 octets, never within a character."""
    parts, part, size = [], "", 0
    for one in line:
        width = len(one.encode())
        if size + width > LONGEST_LINE:
            parts.append(part)
            part, size = " ", 1
        part += one
        size += width
    return "\r\n".join([*parts, part])
