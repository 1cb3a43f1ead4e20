"""Patients: one row a person; names and contacts sealed, national numbers found by keyed hashes."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary, String, bindparam, select
from sqlmodel import Field

from domain.patients import Sex
from persistence.columns import Moment, Owned, Sealed
from persistence.sealing import SYSTEM
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction


class PatientRow(Owned, table=True):
    """A person whose record this is; `id` equals `patient_id`."""

    __tablename__ = "patient"

    created_at: datetime = Moment(nullable=False)


class PatientBody(Sealed, frozen=True):
    """Who the person is and how to reach them."""

    family: str
    given: str
    patronymic: str | None = None
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN
    phone: str | None = None
    email: str | None = None
    address: str | None = None


class PatientIdentifierRow(Owned, table=True):
    """A number that names the person in some system."""

    __tablename__ = "patient_identifier"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("patient_identifier_value", "value_hash"),)

    system: str = Field(sa_type=String(200), nullable=False)
    value_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    """Under the global key: national numbers must find their person."""


class PatientIdentifierBody(Sealed, frozen=True):
    """The number itself."""

    value: str


_IDENTIFIER = PatientIdentifierRow.__table__  # type: ignore[attr-defined]
_PATIENT = PatientRow.__table__  # type: ignore[attr-defined]
_BY_HASH = Statement(
    select(_IDENTIFIER.c.patient_id).where(_IDENTIFIER.c.value_hash == bindparam("value_hash")).distinct()
)
_LOCK = Statement(
    select(_PATIENT.c.patient_id).where(_PATIENT.c.patient_id == bindparam("patient_id")).with_for_update()
)
_BY_ID = Statement(select(*_PATIENT.c).where(_PATIENT.c.patient_id == bindparam("patient_id")))


async def identifier_hash(snapshot: Snapshot, system: str, value: str) -> bytes:
    """Return what an identifier is found by."""
    return (await snapshot.keys.newest(SYSTEM)).hash(f"identifier|{system}|{value.strip()}")


async def by_identifier(snapshot: Snapshot, system: str, value: str) -> list[int]:
    """Return the patients that a number names; more than one is an error of the registers, not of the caller."""
    found = await snapshot.all(_BY_HASH, value_hash=await identifier_hash(snapshot, system, value))
    return [row.patient_id for row in found]


async def by_id(snapshot: Snapshot, patient_id: int) -> tuple[Record, PatientBody] | None:
    """Return a patient with the body opened."""
    record = await snapshot.one(_BY_ID, patient_id=patient_id)
    return None if record is None else (record, await snapshot.opened(PatientRow, PatientBody, record))


def row_of(record: Record) -> PatientRow:
    """Return a patient's row, to be written anew."""
    return PatientRow(**{name: getattr(record, name) for name in PatientRow.model_fields})


async def lock(tx: Transaction, patient_id: int) -> None:
    """Let nobody else who locks change this record until the transaction ends; several are locked in id order."""
    await tx.value(_LOCK, patient_id=patient_id)


_IDENTIFIERS = Statement(
    select(_IDENTIFIER.c.system, _IDENTIFIER.c.value_hash).where(
        _IDENTIFIER.c.patient_id == bindparam("patient_id", type_=BigInteger)
    )
)


async def identifiers(snapshot: Snapshot, patient_id: int) -> list[tuple[str, bytes]]:
    """Return the systems and keyed hashes of a patient's numbers."""
    return [(row.system, row.value_hash) for row in await snapshot.all(_IDENTIFIERS, patient_id=patient_id)]


_IDENTIFIER_OF = Statement(
    select(*_IDENTIFIER.c)
    .where(_IDENTIFIER.c.patient_id == bindparam("patient_id"), _IDENTIFIER.c.system == bindparam("system"))
    .order_by(_IDENTIFIER.c.id.desc())
    .limit(1)
)


async def identifier(
    snapshot: Snapshot, patient_id: int, system: str
) -> tuple[PatientIdentifierRow, PatientIdentifierBody] | None:
    """Return a patient's newest number in a system."""
    record = await snapshot.one(_IDENTIFIER_OF, patient_id=patient_id, system=system)
    if record is None:
        return None
    row = PatientIdentifierRow(**{name: getattr(record, name) for name in PatientIdentifierRow.model_fields})
    return row, await snapshot.opened(PatientIdentifierRow, PatientIdentifierBody, record)
