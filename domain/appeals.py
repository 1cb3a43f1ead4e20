"""Appeals of data subjects and the clocks that the law starts with them.

Sources: 152-FZ, articles 14, 20 and 21 (`docs/rights.md` says which of it was checked); government decrees move days
off each year: they are `moved`, data of the operator's.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo


class AppealKind(StrEnum):
    """What a person asks about the own data."""

    COPY = "COPY"
    RECTIFICATION = "RECTIFICATION"
    RESTRICTION = "RESTRICTION"
    ERASURE = "ERASURE"
    ENTRY = "ENTRY"
    """Who opened the record, and why."""


class AppealState(StrEnum):
    """Where an appeal stands."""

    OPEN = "OPEN"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"


WORKING_DAYS: Final[Mapping[AppealKind, int]] = {
    AppealKind.COPY: 10,
    AppealKind.ENTRY: 10,
    AppealKind.RECTIFICATION: 7,
    AppealKind.RESTRICTION: 7,
    AppealKind.ERASURE: 10,
}
EXTENSION: Final = 5
"""Working days that an answer may be put off by, once and with a reason."""
NOTICE: Final = timedelta(hours=24)
INVESTIGATION: Final = timedelta(hours=72)
"""From the discovery of a breach: the first notice to the regulator, and what the inquiry found."""
MOSCOW: Final = ZoneInfo("Europe/Moscow")
_HOLIDAYS: Final = frozenset({(1, day) for day in range(1, 9)} | {(2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)})
"""Labour Code, article 112."""


def due(since: datetime, working_days: int, moved: Mapping[date, bool] | None = None) -> datetime:
    """Return the end of the last of so many working days, Moscow time; the day of the appeal doesn't count.

    `moved`: days that a decree makes working (True) or free (False).
    """
    day = since.astimezone(MOSCOW).date()
    while working_days:
        day += timedelta(days=1)
        working_days -= is_working(day, moved or {})
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=MOSCOW)


def is_working(day: date, moved: Mapping[date, bool]) -> bool:
    """Return whether offices work on a day."""
    return moved.get(day, day.weekday() < 5 and (day.month, day.day) not in _HOLIDAYS)
