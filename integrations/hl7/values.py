"""HL7 v2 data types → the domain's words: times, structured numbers, coded values, ranges, flags."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final, NamedTuple

from domain.reference_ranges import flag_from_hl7
from integrations.hl7.parsing import Segment

_TIME: Final = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6})\d*)?)?)?)?)?)?(?:([+-])(\d\d):?(\d\d))?\Z",
    re.ASCII,
)
_NUMBER: Final = r"[+-]?\d+(?:[.,]\d+)?"
_BETWEEN: Final = re.compile(
    rf"[(\[]?\s*({_NUMBER})\s*(?:-|–|—|−|_|\.{{2,3}}|…|÷|;|to|до)\s*({_NUMBER})\s*[)\]]?\Z", re.I
)
_BOUND: Final = re.compile(rf"(<=|>=|=<|=>|<|>|≤|≥|до|от|up to|to)\s*({_NUMBER})\Z", re.I)
_SEVEREST: Final = ("HH", "LL", "H", ">", "L", "<", "AA", "A", "N")
_YEARS: Final = range(1850, 2200)


def moment(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Return a TS or DTM of any precision as a moment; `zone` is for those that carry none. None: it is no time."""
    found = _TIME.match(text.strip())
    if found is None or int(found[1]) not in _YEARS:
        return None
    year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups()[:6])
    micros = int((found[7] or "0").ljust(6, "0"))
    try:
        own = _zone(found[8], found[9], found[10]) if found[8] else zone
        return datetime(year or 1, month or 1, day or 1, hour or 0, minute or 0, second or 0, micros, own)
    except ValueError:
        return None


def zone_of(text: str, default: tzinfo) -> tzinfo:
    """Return the zone that a time carries: the header's is that of all times in the message without their own."""
    found = moment(text, default)
    return default if found is None or found.tzinfo is None else found.tzinfo


def day(text: str) -> date | None:
    """Return a DT (or the day of a TS), None if it names no whole day."""
    found = moment(text)
    return found.date() if found is not None and text.strip()[:8].isdecimal() and len(text.strip()) >= 8 else None


def _zone(sign: str, hours: str, minutes: str) -> timezone:
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)


class Range(NamedTuple):
    """What is normal, digits as sent."""

    low: str | None = None
    high: str | None = None
    words: str | None = None
    """The range as sent, where it isn't two numbers."""


def reference_range(text: str, unit: str) -> Range:
    """Return OBX-7 read: `3.5-5.1`, `3,5 – 5,1`, `<5.0`, `>=10`, `до 5`; what isn't that stays words."""
    bare = text.strip()
    if not bare:
        return Range()
    if unit and bare.endswith(unit):
        bare = bare.removesuffix(unit).strip()
    between = _BETWEEN.match(bare)
    if between:
        return Range(between[1], between[2])
    bound = _BOUND.match(bare)
    if bound is None:
        return Range(words=text.strip())
    above = bound[1].lower() in (">", ">=", "=>", "≥", "от")
    return Range(low=bound[2]) if above else Range(high=bound[2])


def flag(obx: Segment) -> str | None:
    """Return OBX-8's severest value that table 0078 has, or None."""
    sent = {obx.text(8, repetition=n + 1).upper() for n in range(obx.repetitions(8))}
    known = {code for code in sent if flag_from_hl7(code)}
    return min(known, key=_SEVEREST.index) if known else None


def value(obx: Segment, zone: tzinfo) -> str:
    """Return OBX-5 in words or digits as sent, several values a line each; empty if there is none."""
    kind = obx.text(2).upper()
    reader = _READERS.get(kind, _plain)
    values = (reader(obx, n + 1, zone) for n in range(obx.repetitions(5)))
    return "\n".join(filter(None, values)) if kind in ("TX", "FT") else "; ".join(filter(None, values))


def _plain(obx: Segment, repetition: int, zone: tzinfo) -> str:
    return " ".join(filter(None, obx.components(5, repetition)))


def _text(obx: Segment, repetition: int, zone: tzinfo) -> str:
    return obx.whole(5, repetition)


def _structured(obx: Segment, repetition: int, zone: tzinfo) -> str:
    """Return an SN: `<0.1`, `1:128`, `10-20`, `3+`, or a number alone."""
    comparator, first, separator, second = ((*obx.components(5, repetition), "", "", "", ""))[:4]
    return f"{'' if comparator == '=' else comparator}{first}{separator}{second}"


def _coded(obx: Segment, repetition: int, zone: tzinfo) -> str:
    """Return a coded value's words: its own, the original ones, the alternative ones, or the code."""
    parts = [*obx.components(5, repetition), *[""] * 9]
    return next(filter(None, (parts[1], parts[8], parts[4], parts[0], parts[3])), "")


def _time(obx: Segment, repetition: int, zone: tzinfo) -> str:
    sent = obx.text(5, repetition=repetition)
    found = moment(sent, zone)
    if found is None:
        return sent
    return found.date().isoformat() if len(sent) <= 8 else found.isoformat()


def _attachment(obx: Segment, repetition: int, zone: tzinfo) -> str:
    """Return an ED named: the file itself stays in the stored message."""
    parts = [*obx.components(5, repetition), *[""] * 5]
    if not any(parts):
        return ""
    kind = next(filter(None, (parts[2], parts[1])), "").upper()[:20]
    size = len(parts[4]) * 3 // 4 if parts[3].casefold() == "base64" else len(parts[4])
    return f"Вложение{f' {kind}' if kind else ''}, {-(-size // 1024)} КБ"


def _pointer(obx: Segment, repetition: int, zone: tzinfo) -> str:
    return obx.text(5, repetition=repetition)


_READERS: Final[Mapping[str, Callable[[Segment, int, tzinfo], str]]] = {
    "NM": _plain,
    "SN": _structured,
    "ST": _text,
    "TX": _text,
    "FT": _text,
    "CE": _coded,
    "CWE": _coded,
    "CNE": _coded,
    "CF": _coded,
    "DT": _time,
    "TS": _time,
    "DTM": _time,
    "ED": _attachment,
    "RP": _pointer,
}
