"""The audit log as a Merkle log: entries numbered after their commit, in one order, and hashed (law 6).

Only hashes stand here, and nothing of it is ever changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Select,
    String,
    Text,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy import update as sql_update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Field, SQLModel

from domain import merkle
from persistence.access import ids_argument
from persistence.audit import AuditBody, AuditRow
from persistence.columns import Moment, Retention
from persistence.ids import COUNTERS
from persistence.ledger_leaf import Link, leaf_of
from persistence.sealing import Owner
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction
from persistence.trees import HEIGHT, LeafRow, TileRow, hashes

BATCH: Final = 500
SIZE: Final = "audit_leaves"
MARK: Final = "audit_mark"
"""How far commits were looked at: a transaction's id (PostgreSQL) or a row's (SQLite); none: look at everything."""
PUBLISHED: Final = "audit_published"
SIGNER: Final = Owner("signer", 0, Retention.ACCOUNT)
"""Owner of the secret behind the checkpoints' key; rotations of sealing keys leave it as it is."""


class CheckpointRow(SQLModel, table=True):
    """A signed checkpoint that was made."""

    __tablename__ = "audit_checkpoint"

    size: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    at: datetime = Moment(nullable=False)
    note: str = Field(sa_type=Text, nullable=False)


class Waiting(NamedTuple):
    """A batch of committed entries that have no number yet, as one moment shows them."""

    rows: Sequence[Record]
    size: int
    mark: int
    """What to write as the mark once these are numbered."""


@dataclass(slots=True)
class Sweep:
    """How far a look at every entry has come: at a first start, and in a restored place (its marks are another's)."""

    after: int = -1
    horizon: int | None = None
    """What was seen for certain when the sweep began: from there the marks go on."""


class Numbered(NamedTuple):
    """An entry with its number and its opened body."""

    number: int
    row: Record
    body: AuditBody


_ENTRY: Final = AuditRow.__table__  # type: ignore[attr-defined]
_LEAF: Final = LeafRow.__table__  # type: ignore[attr-defined]
_CHECKPOINT: Final = CheckpointRow.__table__  # type: ignore[attr-defined]
_COUNTER = Statement(select(COUNTERS.c.value).where(COUNTERS.c.name == bindparam("counter")))
_GROW = Statement(
    sql_update(COUNTERS)
    .where(COUNTERS.c.name == SIZE, COUNTERS.c.value == bindparam("was"))
    .values(value=bindparam("now_is", type_=BigInteger))
)
_SET = Statement(
    sql_update(COUNTERS)
    .where(COUNTERS.c.name == bindparam("counter"))
    .values(value=bindparam("now_is", type_=BigInteger))
)
_ADD = Statement(insert(COUNTERS).values(name=bindparam("counter"), value=bindparam("now_is", type_=BigInteger)))


def _place(dialect: str) -> ColumnElement[Any]:
    """Return what orders an entry by its commit: later transactions have greater ones."""
    return _ENTRY.c.xact if dialect == "postgresql" else literal_column("audit_entry.rowid")


_HORIZON = Statement(
    lambda dialect: (
        select(literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
        if dialect == "postgresql"
        else select(func.coalesce(func.max(literal_column("audit_entry.rowid")), 0) + 1).select_from(_ENTRY)
    )
)
"""Behind this no transaction is under way any more: what has committed before it can be seen now."""
_UNNUMBERED = Statement(
    lambda dialect: (
        select(*_ENTRY.c, _place(dialect).label("place"))
        .where(
            _place(dialect) >= bindparam("mark", type_=BigInteger),
            _place(dialect) < bindparam("horizon", type_=BigInteger),
            ~exists().where(_LEAF.c.entry_id == _ENTRY.c.id),
        )
        .order_by(_place(dialect), _ENTRY.c.id)
        .limit(bindparam("limit", type_=BigInteger))
    )
)
_EVER_UNNUMBERED = Statement(
    select(*_ENTRY.c)
    .where(_ENTRY.c.id > bindparam("after", type_=BigInteger), ~exists().where(_LEAF.c.entry_id == _ENTRY.c.id))
    .order_by(_ENTRY.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)


async def waits(snapshot: Snapshot) -> bool:
    """Return whether a committed entry has no number yet."""
    return bool(await snapshot.all(_EVER_UNNUMBERED, after=-1, limit=1))


def _heads(dialect: str) -> Select[Any]:
    """Select the last leaf of each of some patients; one look into the index each."""
    if dialect == "postgresql":
        ids = bindparam("patients", type_=ARRAY(BigInteger))
        wanted: Any = func.unnest(ids).table_valued("value").render_derived()
    else:
        wanted = func.json_each(bindparam("patients", type_=String)).table_valued("value")
    later = _LEAF.alias("later")
    last = select(func.max(later.c.patient_number)).where(later.c.patient_id == wanted.c.value).scalar_subquery()
    return select(*_LEAF.c).join(wanted, (_LEAF.c.patient_id == wanted.c.value) & (_LEAF.c.patient_number == last))


_HEADS = Statement(_heads)
_OF_PATIENT = Statement(
    select(*_ENTRY.c, _LEAF.c.number, _LEAF.c.patient_number)
    .join(_ENTRY, _ENTRY.c.id == _LEAF.c.entry_id)
    .where(
        _LEAF.c.patient_id == bindparam("patient_id", type_=BigInteger),
        _LEAF.c.patient_number > bindparam("after", type_=BigInteger),
        _LEAF.c.number < bindparam("size", type_=BigInteger),
    )
    .order_by(_LEAF.c.patient_number)
    .limit(bindparam("limit", type_=BigInteger))
)
_HEAD_AT = Statement(
    select(*_LEAF.c)
    .where(
        _LEAF.c.patient_id == bindparam("patient_id", type_=BigInteger),
        _LEAF.c.number < bindparam("size", type_=BigInteger),
    )
    .order_by(_LEAF.c.patient_number.desc())
    .limit(1)
)
_HASH_OF = Statement(
    select(_LEAF.c.hash).where(
        _LEAF.c.patient_id == bindparam("patient_id", type_=BigInteger),
        _LEAF.c.patient_number == bindparam("patient_number", type_=BigInteger),
    )
)
_NUMBERED = Statement(
    select(*_ENTRY.c, _LEAF.c.number, _LEAF.c.hash, _LEAF.c.patient_number)
    .outerjoin(_ENTRY, _ENTRY.c.id == _LEAF.c.entry_id)
    .where(_LEAF.c.number >= bindparam("first", type_=BigInteger), _LEAF.c.number < bindparam("end", type_=BigInteger))
    .order_by(_LEAF.c.number)
)
_FIRST_SINCE = Statement(
    select(_LEAF.c.number)
    .join(_ENTRY, _ENTRY.c.id == _LEAF.c.entry_id)
    .where(_ENTRY.c.at >= bindparam("since"))
    .order_by(_ENTRY.c.at)
    .limit(1)
)
_NEWEST = Statement(select(*_CHECKPOINT.c).order_by(_CHECKPOINT.c.size.desc()).limit(1))
_CHECKPOINTS = Statement(select(*_CHECKPOINT.c).order_by(_CHECKPOINT.c.size))
_UNPUBLISHED = Statement(
    select(*_CHECKPOINT.c)
    .where(_CHECKPOINT.c.size > bindparam("published", type_=BigInteger))
    .order_by(_CHECKPOINT.c.size.desc())
    .limit(1)
)


async def size(snapshot: Snapshot) -> int:
    """Return how many entries are numbered."""
    return int(await snapshot.value(_COUNTER, counter=SIZE) or 0)


async def mark(snapshot: Snapshot) -> int | None:
    """Return how far commits were looked at; None where nothing is known."""
    found = await snapshot.value(_COUNTER, counter=MARK)
    return None if found is None else int(found)


async def waiting(snapshot: Snapshot, sweep: Sweep) -> Waiting:
    """Return the next entries to number, in the order of their commits; by a sweep's, of their ids."""
    known = await mark(snapshot)
    horizon = int(await snapshot.value(_HORIZON))
    if known is None:
        sweep.horizon = horizon if sweep.horizon is None else sweep.horizon
        rows = await snapshot.all(_EVER_UNNUMBERED, after=sweep.after, limit=BATCH)
        sweep.after = rows[-1].id if rows else sweep.after
        return Waiting(rows, await size(snapshot), -1 if len(rows) == BATCH else sweep.horizon)
    rows = await snapshot.all(_UNNUMBERED, mark=known, horizon=horizon, limit=BATCH)
    after = rows[-1].place if len(rows) == BATCH else horizon
    return Waiting(rows, await size(snapshot), after)


async def links(snapshot: Snapshot, found: Waiting) -> tuple[list[dict[str, Any]], list[Numbered]]:
    """Return a batch's leaves as columns, each patient's chained to the one before, and the entries as opened."""
    chains = await _chains(snapshot, {row.patient_id for row in found.rows if row.patient_id is not None})
    leaves, numbered = [], []
    for number, row in enumerate(found.rows, start=found.size):
        body = await snapshot.opened(AuditRow, AuditBody, row)
        patient_id, link = row.patient_id, None
        if patient_id is not None:
            link = chains.get(patient_id, Link(0, b"")).next()
        made = merkle.leaf_hash(leaf_of(row, body, link).text)
        if link is not None:
            chains[patient_id] = Link(link.number, made)
        chained = link.number if link else None
        leaves.append(
            {"number": number, "entry_id": row.id, "hash": made, "patient_id": patient_id, "patient_number": chained}
        )
        numbered.append(Numbered(number, row, body))
    return leaves, numbered


async def _chains(snapshot: Snapshot, patients: set[int]) -> dict[int, Link]:
    if not patients:
        return {}
    rows = await snapshot.all(_HEADS, patients=ids_argument(sorted(patients), snapshot.dialect))
    return {row.patient_id: Link(row.patient_number, row.hash) for row in rows}


async def append(tx: Transaction, found: Waiting, leaves: Sequence[dict[str, Any]]) -> bool:
    """Write a batch and the tiles that it completes; False if someone else has numbered since it was read."""
    grown = found.size + len(leaves)
    if await tx.execute(_GROW, was=found.size, now_is=grown) != 1:
        return False
    await tx.insert_values(LeafRow, leaves)
    await _tiles(tx, found.size, grown)
    if found.mark >= 0 and not await tx.execute(_SET, counter=MARK, now_is=found.mark):
        await tx.execute(_ADD, counter=MARK, now_is=found.mark)
    return True


async def _tiles(tx: Transaction, before: int, after: int) -> None:
    level = 1
    while before >> HEIGHT != after >> HEIGHT:
        before, after = before >> HEIGHT, after >> HEIGHT
        for number in range(before, after):
            below = await hashes(tx, level - 1, number << HEIGHT, (number + 1) << HEIGHT)
            await tx.insert(TileRow(level=level, number=number, hash=merkle.root(below)))
        level += 1


async def of_patient(snapshot: Snapshot, patient_id: int, size: int, after: int, limit: int) -> list[Record]:
    """Return entries about a patient with their numbers, in the order of the patient's chain."""
    return await snapshot.all(_OF_PATIENT, patient_id=patient_id, size=size, after=after, limit=limit)


async def head(snapshot: Snapshot, patient_id: int, size: int) -> Link:
    """Return the last link of a patient's chain within a size of the log; number 0 if there is none."""
    row = await snapshot.one(_HEAD_AT, patient_id=patient_id, size=size)
    return Link(row.patient_number, row.hash) if row else Link(0, b"")


async def link_before(snapshot: Snapshot, patient_id: int, number: int) -> Link:
    """Return a link of a patient's chain with what stands before it."""
    previous = await snapshot.value(_HASH_OF, patient_id=patient_id, patient_number=number - 1)
    return Link(number, bytes(previous) if previous else b"")


async def between(snapshot: Snapshot, first: int, end: int) -> list[Record]:
    """Return leaves with their entries, in order; an entry that is gone has no `id`."""
    return await snapshot.all(_NUMBERED, first=first, end=end)


async def first_since(snapshot: Snapshot, moment: datetime) -> int | None:
    """Return the number of the first entry from a moment on; None if there is none."""
    found = await snapshot.value(_FIRST_SINCE, since=moment)
    return None if found is None else int(found)


async def newest(snapshot: Snapshot) -> Record | None:
    """Return the newest checkpoint that was made."""
    return await snapshot.one(_NEWEST)


async def checkpoints(snapshot: Snapshot) -> list[Record]:
    """Return every checkpoint that was made, the oldest first."""
    return await snapshot.all(_CHECKPOINTS)


async def unpublished(snapshot: Snapshot) -> Record | None:
    """Return the newest checkpoint that isn't kept elsewhere yet."""
    return await snapshot.one(_UNPUBLISHED, published=int(await snapshot.value(_COUNTER, counter=PUBLISHED) or 0))


async def published(tx: Transaction, size: int) -> None:
    """Note that a checkpoint is kept elsewhere."""
    await tx.execute(_SET, counter=PUBLISHED, now_is=size)
