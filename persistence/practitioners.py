"""Practitioners and their specialties, as a clinic's site shows them. Public facts, in the clear."""

from sqlalchemy import LargeBinary, String, bindparam, select, update
from sqlmodel import Field

from persistence.columns import BigInt, Shared
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction


class SpecialtyRow(Shared, table=True):
    """A specialty of the state's list (1.2.643.5.1.13.13.11.1066)."""

    __tablename__ = "specialty"

    code: str = Field(sa_type=String(32), nullable=False, unique=True)
    title: str = Field(sa_type=String(120), nullable=False)
    title_en: str = Field(sa_type=String(120), nullable=False)


class PractitionerRow(Shared, table=True):
    """A doctor or nurse who sees patients at a clinic."""

    __tablename__ = "practitioner"

    name: str = Field(sa_type=String(200), nullable=False)
    specialty_id: int | None = BigInt(nullable=True, default=None, index=True)
    organization_id: int | None = BigInt(nullable=True, default=None, index=True)
    source_hash: bytes | None = Field(default=None, sa_type=LargeBinary, unique=True)


_PRACTITIONER = PractitionerRow.__table__  # type: ignore[attr-defined]
_BY_SOURCE = Statement(select(*_PRACTITIONER.c).where(_PRACTITIONER.c.source_hash == bindparam("source_hash")))


async def by_source(snapshot: Snapshot, source_hash: bytes) -> Record | None:
    """Return the practitioner who came from this identifier."""
    return await snapshot.one(_BY_SOURCE, source_hash=source_hash)


_BY_ID = Statement(select(*_PRACTITIONER.c).where(_PRACTITIONER.c.id == bindparam("practitioner_id")))


async def by_id(snapshot: Snapshot, practitioner_id: int) -> Record | None:
    """Return a practitioner."""
    return await snapshot.one(_BY_ID, practitioner_id=practitioner_id)


_RENAME = Statement(
    update(_PRACTITIONER).where(_PRACTITIONER.c.id == bindparam("of_practitioner")).values(name=bindparam("new_name"))
)


async def rename(tx: Transaction, practitioner_id: int, name: str) -> None:
    """Write what a practitioner is now called."""
    await tx.execute(_RENAME, of_practitioner=practitioner_id, new_name=name)
