"""Queues of requests in numbers: what waits, for how long, with whom; how long people wait for a first answer."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, String, bindparam, case, func, select

from domain.requests import OPEN
from persistence.access import among, ids_argument
from persistence.columns import Instant
from persistence.requests import QueuedRequestRow
from persistence.statements import Record, Statement
from persistence.store import Snapshot

_QUEUED: Final = QueuedRequestRow.__table__  # type: ignore[attr-defined]
_WAITED: Final[Any] = _QUEUED.c.answered_at.op("-", return_type=BigInteger())(_QUEUED.c.submitted_at)


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_OPEN = Statement(
    lambda dialect: (
        select(
            _QUEUED.c.kind,
            _QUEUED.c.assignee_id,
            func.count().label("open"),
            _count(_QUEUED.c.due_at < bindparam("now", type_=Instant)).label("overdue"),
            _count(_QUEUED.c.submitted_at >= bindparam("day", type_=Instant)).label("of_day"),
            _count(_QUEUED.c.submitted_at >= bindparam("week", type_=Instant)).label("of_week"),
        )
        .where(
            among(_QUEUED.c.organization_id, "organizations", dialect),
            among(_QUEUED.c.status, "statuses", dialect, String),
        )
        .group_by(_QUEUED.c.kind, _QUEUED.c.assignee_id)
    )
)
_ANSWERED = Statement(
    lambda dialect: select(func.count().label("answered")).where(
        among(_QUEUED.c.organization_id, "organizations", dialect),
        _QUEUED.c.answered_at >= bindparam("since", type_=Instant),
    )
)
_NTH_WAIT = Statement(
    lambda dialect: (
        select(_WAITED.label("waited"))
        .where(
            among(_QUEUED.c.organization_id, "organizations", dialect),
            _QUEUED.c.answered_at >= bindparam("since", type_=Instant),
        )
        .order_by(_WAITED)
        .limit(1)
        .offset(bindparam("nth", type_=BigInteger))
    )
)


async def counted(snapshot: Snapshot, organizations: Collection[int], *, day: datetime, week: datetime) -> list[Record]:
    """Return, by kind and reviewer, how many requests are open, overdue, and submitted since two moments."""
    return await snapshot.all(
        _OPEN,
        organizations=ids_argument(list(organizations), snapshot.dialect),
        statuses=ids_argument(sorted(status.value for status in OPEN), snapshot.dialect),
        now=snapshot.now,
        day=day,
        week=week,
    )


async def waits(
    snapshot: Snapshot, organizations: Collection[int], since: datetime, shares: Collection[float]
) -> tuple[int, list[int | None]]:
    """Return how many requests were first answered since then, and the waits (microseconds) that such shares of
    them don't exceed (nearest rank)."""
    places = ids_argument(list(organizations), snapshot.dialect)
    count = await snapshot.value(_ANSWERED, organizations=places, since=since)
    if not count:
        return 0, [None for _ in shares]
    ranks = [max(0, -int(-count * share // 1) - 1) for share in shares]
    return count, [await snapshot.value(_NTH_WAIT, organizations=places, since=since, nth=rank) for rank in ranks]
