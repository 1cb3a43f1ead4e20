"""Queues of requests in numbers, for the reviewers who work on them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from actions.call import Call
from domain.access import Facts, Rights, StaffPermission
from domain.errors import Forbidden, NotSignedIn
from domain.requests import RequestKind
from persistence import accounts, queues, sessions
from persistence.statements import Record
from persistence.store import Snapshot

SHARES: Final = (0.5, 0.9)
PERIOD: Final = timedelta(days=30)
"""What response times are told of."""


class Count(NamedTuple):
    """How many of something are open, and how many of these are overdue."""

    name: str | None
    open: int
    overdue: int


class Summary(NamedTuple):
    """Queues in numbers."""

    open: int
    overdue: int
    of_day: int
    of_week: int
    older: int
    by_kind: Sequence[Count]
    by_reviewer: Sequence[Count]
    answered: int
    median_seconds: float | None
    ninetieth_seconds: float | None


async def summary(call: Call) -> Summary:
    """Return the numbers of the organizations where the viewer is a reviewer.

    Raises:
        NotSignedIn: the session is over.
        Forbidden: the viewer is a reviewer nowhere.
    """
    async with call.app.store.snapshot() as snapshot:
        viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
        if viewer is None:
            raise NotSignedIn
        places = set(Rights(viewer, Facts(), snapshot.now).places(StaffPermission.WORK_QUEUE))
        if not places:
            raise Forbidden
        day, week = snapshot.now - timedelta(days=1), snapshot.now - timedelta(days=7)
        rows = await queues.counted(snapshot, places, day=day, week=week)
        answered, waits = await queues.waits(snapshot, places, snapshot.now - PERIOD, SHARES)
        kinds = [_of(kind.value, [row for row in rows if row.kind == kind]) for kind in RequestKind]
        median, ninetieth = (None if wait is None else wait / 1_000_000 for wait in waits)
        whole, of_day = _of(None, rows), sum(row.of_day for row in rows)
        of_week = sum(row.of_week for row in rows)
        return Summary(
            whole.open,
            whole.overdue,
            of_day,
            of_week - of_day,
            whole.open - of_week,
            [kind for kind in kinds if kind.open],
            await _reviewers(snapshot, rows),
            answered,
            median,
            ninetieth,
        )


def _of(name: str | None, rows: Sequence[Record]) -> Count:
    return Count(name, sum(row.open for row in rows), sum(row.overdue for row in rows))


async def _reviewers(snapshot: Snapshot, rows: Sequence[Record]) -> list[Count]:
    """Return the counts by reviewer, the busiest first; without a name: nobody has taken them."""
    found = []
    for account_id in {row.assignee_id for row in rows}:
        name = await accounts.called(snapshot, account_id) if account_id is not None else None
        found.append(_of(name, [row for row in rows if row.assignee_id == account_id]))
    return sorted(found, key=lambda count: (-count.open, count.name or ""))
