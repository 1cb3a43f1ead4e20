"""How long events are kept, and what is remembered of those that are gone: when each owner's last one happened.

So a reader who comes back after a long time is told exactly: nothing of yours is missing, or reload.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import BigInteger, String, bindparam, delete, func, select, update
from sqlmodel import Field, SQLModel

from persistence.columns import BigInt
from persistence.events import OWNERS, EventRow
from persistence.ids import COUNTERS
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Store, Transaction

BATCH: Final = 1000
PAUSE: Final = 0.2
"""Seconds between two batches."""
LOOK: Final = 60.0
"""Seconds until it is looked again whether something has grown old."""
log = structlog.get_logger()
FORGOTTEN: Final = "forgotten"
"""The counter that holds the position of the last event that was deleted."""


class ForgottenRow(SQLModel, table=True):
    """The position of the last deleted event of a kind that was about someone."""

    __tablename__ = "forgotten_event"

    owner: str = Field(primary_key=True, sa_type=String(16))
    """Which column of an event named them."""
    owner_id: int = Field(primary_key=True, sa_type=BigInt().sa_type)
    kind: str = Field(primary_key=True, sa_type=String(48))
    position: int = BigInt(nullable=False)


_EVENT = EventRow.__table__  # type: ignore[attr-defined]
_OLDEST = Statement(
    select(_EVENT.c.position, _EVENT.c.at)
    .where(_EVENT.c.position.is_not(None))
    .order_by(_EVENT.c.position)
    .limit(BATCH)
)
_FIRST = Statement(select(func.min(_EVENT.c.position).label("position")))
_FORGOTTEN = Statement(select(COUNTERS.c.value).where(COUNTERS.c.name == FORGOTTEN))
_LAST = Statement(select(COUNTERS.c.value).where(COUNTERS.c.name == "positions"))
_DELETE = Statement(delete(_EVENT).where(_EVENT.c.position <= bindparam("upto", type_=BigInteger)))
REMEMBER: Final = """
insert into forgotten_event (owner, owner_id, kind, position)
select '{owner}', {owner}, kind, max(position) from event where position <= {upto} and {owner} is not null
group by {owner}, kind
on conflict (owner, owner_id, kind) do update set position = excluded.position
"""
_NOTE: Final = Statement(
    update(COUNTERS)
    .where(COUNTERS.c.name == FORGOTTEN, COUNTERS.c.value < bindparam("upto", type_=BigInteger))
    .values(value=bindparam("upto", type_=BigInteger))
)


async def forget(store: Store, before: datetime) -> int:
    """Delete one small batch of what happened before a moment; return how many are gone, 0 when none is left."""
    async with store.snapshot() as snapshot:
        old = _leading(await snapshot.all(_OLDEST), before)
    if not old:
        return 0
    async with store.begin() as tx:
        await _remember(tx, old[-1])
        return await tx.execute(_DELETE, upto=old[-1])


async def keep_forgetting(store: Store, kept: timedelta) -> None:
    """Delete what is older than that, for ever: batch by batch, with pauses in which others write."""
    while True:
        try:
            gone = await forget(store, store.clock() - kept)
        except Exception as error:  # noqa: BLE001 - the database may be away: the next round deletes
            log.warning("old events stay", error=type(error).__name__)
            gone = 0
        await asyncio.sleep(PAUSE if gone else LOOK)


def _leading(rows: list[Record], before: datetime) -> list[int]:
    """Return the positions at the log's beginning that are older; a younger one ends them, whatever follows."""
    found = []
    for row in rows:
        if row.at >= before:
            break
        found.append(row.position)
    return found


async def _remember(tx: Transaction, upto: int) -> None:
    for owner in OWNERS:
        await tx.connection.execute(REMEMBER.format(owner=owner, upto=upto), ())
    await tx.execute(_NOTE, upto=upto)


class Kept:
    """Which part of the log is there."""

    STATEMENTS: Final = (_FORGOTTEN, _FIRST, _LAST)

    def __init__(self, forgotten: int, first: int | None, last: int) -> None:
        self.last = last
        self.whole_after = max(forgotten, last if first is None else first - 1)
        """Every event behind this position is there."""
        self.remembered = self.whole_after == forgotten
        """Whether it is known whom the deleted ones were about; not of a log that someone else has cut."""

    @classmethod
    async def of(cls, snapshot: Snapshot) -> "Kept":
        """Return what a moment shows."""
        forgotten, first, last = await snapshot.together(cls.STATEMENTS, {})
        return cls(forgotten[0].value, first[0].position, last[0].value)
