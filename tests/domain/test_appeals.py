"""The law's clocks."""

from datetime import date, datetime

import pytest

from domain.appeals import MOSCOW, due


@pytest.mark.parametrize(
    ("since", "days", "until"),
    [
        (datetime(2026, 11, 23, 10, tzinfo=MOSCOW), 10, date(2026, 12, 7)),
        (datetime(2026, 11, 21, 10, tzinfo=MOSCOW), 1, date(2026, 11, 23)),  # a Saturday
        (datetime(2026, 12, 30, 10, tzinfo=MOSCOW), 2, date(2027, 1, 11)),  # over the New Year's holidays
        (datetime(2026, 11, 3, 10, tzinfo=MOSCOW), 1, date(2026, 11, 5)),  # over 4 November
        (datetime(2026, 11, 23, 10, tzinfo=MOSCOW), 0, date(2026, 11, 23)),
    ],
)
def test_working_days_are_counted_from_the_day_after(since: datetime, days: int, until: date) -> None:
    assert due(since, days).date() == until


def test_a_decree_moves_days() -> None:
    since = datetime(2026, 11, 20, 10, tzinfo=MOSCOW)
    assert due(since, 1, {date(2026, 11, 21): True}).date() == date(2026, 11, 21)
    assert due(since, 1, {date(2026, 11, 23): False}).date() == date(2026, 11, 24)
