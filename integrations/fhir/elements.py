"""Elements of FHIR's JSON with their places: what is wrong is named by where it stands, never by its value."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Final, TypeVar

LONGEST: Final = 1_000_000
"""FHIR R4: strings shall not exceed 1 MB."""
UCUM: Final = "http://unitsofmeasure.org"
E = TypeVar("E", bound=StrEnum)
_MOMENT: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)


class Broken(Exception):
    """The file can't be taken."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        """A FHIRPath such as `Bundle.entry[3].resource.code`, or a line and column where the JSON itself is broken."""
        self.problem = problem


class Digits(str):
    """A number as it was written: 6.10 is not 6.1 to a chemist."""

    __slots__ = ()


class Element:
    """An object of the JSON and its place."""

    __slots__ = ("data", "place")

    def __init__(self, data: Mapping[str, Any], place: str) -> None:
        self.data = data
        self.place = place

    def at(self, name: str) -> str:
        """Return the place of something in here."""
        return f"{self.place}.{name}"

    def broken(self, name: str, problem: str) -> Broken:
        """Return the error of something in here."""
        return Broken(self.at(name), problem)

    def child(self, name: str) -> "Element | None":
        """Return an object in here, if there is one."""
        value = self.data.get(name)
        if value is None:
            return None
        if type(value) is not dict:
            raise self.broken(name, "must be an object")
        return Element(value, self.at(name))

    def children(self, name: str) -> "list[Element]":
        """Return the objects of a list in here."""
        found = []
        for number, value in enumerate(self._list(name)):
            if type(value) is not dict:
                raise self.broken(f"{name}[{number}]", "must be an object")
            found.append(Element(value, f"{self.place}.{name}[{number}]"))
        return found

    def texts(self, name: str) -> list[str]:
        """Return the strings of a list; a null stands where only an extension is."""
        return [
            self._text(value, f"{name}[{number}]")
            for number, value in enumerate(self._list(name))
            if value is not None and value != ""
        ]

    def text(self, name: str) -> str | None:
        """Return a string, if there is one."""
        value = self.data.get(name)
        return None if value is None or value == "" else self._text(value, name)

    def needed(self, name: str) -> str:
        """Return a string that must be there."""
        value = self.text(name)
        if value is None:
            raise self.broken(name, "is missing")
        return value

    def number(self, name: str) -> str | None:
        """Return a number with its digits as sent."""
        value = self.data.get(name)
        if value is None:
            return None
        if isinstance(value, Digits) or type(value) is int:
            return str(value)
        raise self.broken(name, "must be a number")

    def boolean(self, name: str) -> bool | None:
        """Return a boolean, if there is one."""
        value = self.data.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise self.broken(name, "must be true or false")

    def code(self, name: str, values: type[E]) -> E | None:
        """Return a code of a required binding."""
        value = self.text(name)
        return None if value is None else self.bound(value, name, values)

    def bound(self, value: str, name: str, values: type[E]) -> E:
        """Return a code's meaning."""
        try:
            return values(value.upper().replace("-", "_"))
        except ValueError:
            raise self.broken(name, f"must be a code of FHIR R4 ({values.__name__})") from None

    def moment(self, name: str) -> datetime | None:
        """Return a date, dateTime or instant as a moment: the beginning of what it names, UTC where it has no zone."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return moment_of(value)
        except (ValueError, OverflowError):
            raise self.broken(name, "must be a date or a dateTime") from None

    def day(self, name: str) -> date | None:
        """Return a whole date; None where only its year or month is known."""
        moment = self.moment(name)
        value = self.text(name)
        return moment.date() if moment and value and len(value) == len("2000-01-01") else None

    def first_moment(self, *names: str) -> datetime | None:
        """Return the first of several moments; `x.start` looks into a Period."""
        for name in names:
            outer, _, inner = name.partition(".")
            holder = self.child(outer) if inner else self
            found = holder.moment(inner or outer) if holder else None
            if found is not None:
                return found
        return None

    def _list(self, name: str) -> list[Any]:
        value = self.data.get(name)
        if value is None:
            return []
        if type(value) is not list:
            raise self.broken(name, "must be a list")
        return value

    def _text(self, value: Any, name: str) -> str:
        if type(value) is not str:
            raise self.broken(name, "must be a string")
        if len(value) > LONGEST:
            raise self.broken(name, "is too long")
        if (not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)) or "\0" in value:
            raise self.broken(name, "holds a character that can't be kept")
        return value


def moment_of(text: str) -> datetime:
    """Return the beginning of what a FHIR date or dateTime names, in UTC.

    A time without a zone isn't allowed by FHIR but sent nevertheless; it is taken as UTC.

    Raises:
        ValueError: it is none.
        OverflowError: it lies outside the years 1–9999.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError("not a date")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    micros = int(((fraction or ".0")[1:] + "000000")[:6])
    local = datetime(
        int(year),
        int(month or 1),
        int(day or 1),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        micros,
        _zone(zone),
    )
    return local.astimezone(UTC)


def _zone(text: str | None) -> timezone:
    if text in (None, "Z"):
        return UTC
    assert text is not None
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)
