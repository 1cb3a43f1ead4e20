"""What came from other record systems: how their names for things lead to our rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import BigInteger, LargeBinary, bindparam, select, update
from sqlmodel import Field, SQLModel

from persistence.columns import BigInt, Moment, Owned, Sealed
from persistence.sealing import SYSTEM
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction

B = TypeVar("B", bound=Sealed)


class Imported(Owned):
    """A patient's row that came from another record system."""

    partner_id: int = BigInt(nullable=False)
    """The organization whose system sent it."""
    source_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    """Partner and the partner's name of it, under the patient's hash key: one thing, once."""
    recorded_at: datetime = Moment(nullable=False)
    """When it was, or was noted; when it came in, where the sender gives no date."""


class SourceRow(SQLModel, table=True):
    """A partner's name for a person, a practitioner or an organization, as a keyed hash under the global key."""

    __tablename__ = "source"

    source_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    row_id: int = BigInt(nullable=False, index=True)
    registered: bool = Field(default=False, nullable=False)
    """The person was entered here from this partner's data, so the partner may correct them."""
    content_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    """What the partner last said of the person, so that the same again changes nothing."""


_SOURCE = SourceRow.__table__  # type: ignore[attr-defined]
_BY_HASH = Statement(select(*_SOURCE.c).where(_SOURCE.c.source_hash == bindparam("source_hash")))
_SAY = Statement(
    update(_SOURCE).where(_SOURCE.c.source_hash == bindparam("of_hash")).values(content_hash=bindparam("said"))
)
_OF_PATIENT: Final[dict[type[SQLModel], Statement]] = {}
_LOCK: Final = "select pg_advisory_xact_lock(7226501)"


async def alone(tx: Transaction) -> None:
    """Let one import at a time look and then write, across processes; on SQLite every writer is alone anyway."""
    if tx.dialect == "postgresql":
        await tx.connection.fetch(_LOCK, ())


async def source_hash(snapshot: Snapshot, partner_id: int, source: str) -> bytes:
    """Return what a partner's name for somebody or some place is found by."""
    return (await snapshot.keys.newest(SYSTEM)).hash(f"source|{partner_id}|{source}")


async def find(snapshot: Snapshot, name: bytes) -> Record | None:
    """Return what a name leads to."""
    return await snapshot.one(_BY_HASH, source_hash=name)


async def say(tx: Transaction, name: bytes, content_hash: bytes) -> None:
    """Note what a partner now says of a person."""
    await tx.execute(_SAY, of_hash=name, said=content_hash)


async def of_patient(snapshot: Snapshot, table: type[SQLModel], patient_id: int) -> Mapping[bytes, Record]:
    """Return a patient's imported rows of a table by the hash of their source; replaced ones are left out."""
    rows = await snapshot.all(_rows(table), patient_id=patient_id)
    return {row.source_hash: row for row in rows}


def _rows(table: type[SQLModel]) -> Statement:
    if table not in _OF_PATIENT:
        columns: Any = table.__table__.c  # type: ignore[attr-defined]
        query = select(*columns).where(columns.patient_id == bindparam("patient_id", type_=BigInteger))
        if "replaced_at" in columns:
            query = query.where(columns.replaced_at.is_(None), columns.source_hash.is_not(None))
        _OF_PATIENT[table] = Statement(query)
    return _OF_PATIENT[table]
