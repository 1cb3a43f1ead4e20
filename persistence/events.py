"""The event log: what happened, in one order that every stream shares (law 3)."""

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
from sqlalchemy import BigInteger, Index, String, bindparam, select, text
from sqlmodel import Field

from domain.events import Event, EventKind
from persistence.columns import BigInt, Moment, Shared
from persistence.drivers import Connection
from persistence.ids import ADVANCE, COUNTERS
from persistence.statements import Record, Statement

if TYPE_CHECKING:
    from persistence.store import Snapshot, Transaction


OWNERS: Final = ("patient_id", "practitioner_id", "organization_id", "account_id")
"""Whom an event may be about."""
LONGEST_CURSOR: Final = 64_000
LARGEST: Final = 2**63 - 1


def _of_owner(name: str) -> Index:
    """Return the index by which a reader's part of the log is found, however long the log is."""
    there = text(f"{name} IS NOT NULL")
    return Index(f"event_{name}", name, "kind", "position", postgresql_where=there, sqlite_where=there)


class EventRow(Shared, table=True):
    """One event; `position` is given after the commit (PostgreSQL) or by the single writer (SQLite)."""

    __tablename__ = "event"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("event_position", "position", unique=True),
        Index(
            "event_unnumbered",
            "id",
            postgresql_where=text("position IS NULL"),
            sqlite_where=text("position IS NULL"),
        ),
        *(_of_owner(name) for name in OWNERS),
    )

    position: int | None = BigInt(nullable=True, default=None)
    at: datetime = Moment(nullable=False)
    kind: str = Field(sa_type=String(48), nullable=False)
    subject_id: int = BigInt(nullable=False)
    patient_id: int | None = BigInt(nullable=True, default=None)
    practitioner_id: int | None = BigInt(nullable=True, default=None)
    organization_id: int | None = BigInt(nullable=True, default=None)
    account_id: int | None = BigInt(nullable=True, default=None)


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """How far a reader has come: every event up to `position`, and these that have no position yet."""

    position: int
    seen: tuple[int, ...] = ()

    def text(self) -> str:
        """Return the cursor as clients hold it: the position, then the ids, each as its distance from the last."""
        if not self.seen:
            return str(self.position)
        ids = sorted(self.seen)
        steps = [later - earlier for earlier, later in zip([0, *ids], ids, strict=False)]
        return ".".join(str(number) for number in (self.position, *steps))

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Return the cursor of a text.

        Raises:
            ValueError: it is none.
        """
        if len(text) > LONGEST_CURSOR or not text.replace(".", "").isdecimal() or not text.isascii():
            raise ValueError("not a cursor")
        position, *steps = (int(number) for number in text.split("."))
        if max(position, sum(steps)) > LARGEST:
            raise ValueError("not a cursor")
        return cls(position, tuple(accumulate(steps)))


class Placed(msgspec.Struct, frozen=True):
    """An event with its place in the log."""

    id: int
    position: int
    at: datetime
    event: Event


_EVENT: Final = EventRow.__table__  # type: ignore[attr-defined]
_POSITION = Statement(select(COUNTERS.c.value).where(COUNTERS.c.name == "positions"), single=True)
_UNNUMBERED = Statement(select(_EVENT.c.id).where(_EVENT.c.position.is_(None)).order_by(_EVENT.c.id))
AS_OF: Final = (_POSITION, _UNNUMBERED)
"""What the cursor of a moment is made of."""
_AFTER = Statement(
    select(*_EVENT.c)
    .where(_EVENT.c.position > bindparam("position", type_=BigInteger))
    .order_by(_EVENT.c.position)
    .limit(bindparam("limit", type_=BigInteger))
)
NUMBER_WAITING = """
with waiting as (
  select id, row_number() over (order by id) as n from event where position is null
), bumped as (
  update counter set value = value + (select count(*) from waiting)
  where name = 'positions' and exists (select from waiting) returning value
)
update event set position = bumped.value - (select count(*) from waiting) + waiting.n
from waiting, bumped where event.id = waiting.id
"""
"""The sequencer's one statement (PostgreSQL); only the leader runs it."""


async def write(tx: "Transaction", events: Sequence[Event]) -> str:
    """Add a transaction's events; return the cursor after them.

    On SQLite the writer is alone, so it gives the positions itself; on PostgreSQL the sequencer does after the commit.
    """
    if not events:
        return ""
    position = await _positions(tx, len(events))
    rows = [_values(tx, event, position, number) for number, event in enumerate(events)]
    await tx.insert_values(EventRow, rows)
    position_now, unnumbered = await tx.together(AS_OF, {}, beside=True)
    own = [row["id"] for row in rows if row["position"] is None]
    return cursor_of(position_now, unnumbered, own).text()


async def _positions(tx: "Transaction", count: int) -> int | None:
    """Return the position before the first of `count` events, on SQLite."""
    if tx.dialect != "sqlite" or not count:
        return None
    return int(await tx.value(ADVANCE, counter="positions", step=count)) - count


def _values(tx: "Transaction", event: Event, before: int | None, number: int) -> dict[str, Any]:
    return {
        "id": tx.new_id(),
        "position": None if before is None else before + number + 1,
        "at": tx.now,
        "kind": event.kind,
        "subject_id": event.subject_id,
        "patient_id": event.patient_id,
        "practitioner_id": event.practitioner_id,
        "organization_id": event.organization_id,
        "account_id": event.account_id,
    }


async def as_of(snapshot: "Snapshot") -> Cursor:
    """Return the cursor of this very moment: what the snapshot shows lies before it, nothing else does."""
    position, unnumbered = await snapshot.together(AS_OF, {})
    return cursor_of(position, unnumbered)


def cursor_of(position: Sequence[Record], unnumbered: Sequence[Record], own: Sequence[int] = ()) -> Cursor:
    """Return the cursor of what `AS_OF` found, and of a transaction's own events."""
    return Cursor(int(position[0].value), tuple(sorted({row.id for row in unnumbered} | set(own))))


async def after(snapshot: "Snapshot", position: int, limit: int) -> list[Placed]:
    """Return up to `limit` events behind a position, in order."""
    return [placed(row) for row in await snapshot.all(_AFTER, position=position, limit=limit)]


def placed(row: Record) -> Placed:
    """Return an event as a reader has it."""
    event = Event(
        EventKind(row.kind), row.subject_id, row.patient_id, row.practitioner_id, row.organization_id, row.account_id
    )
    return Placed(row.id, row.position, row.at, event)


async def lead(connection: Connection) -> bool:
    """Return whether this connection is the sequencer's from now on, for as long as it lives (PostgreSQL)."""
    rows = await connection.fetch("select pg_try_advisory_lock(7226500)", ())
    return bool(rows[0][0])


async def number_waiting(connection: Connection) -> int:
    """Give positions to committed events that have none; return how many (PostgreSQL, the leader only)."""
    return await connection.execute(NUMBER_WAITING, ())
