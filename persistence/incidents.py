"""Breaches: what happened, who is affected, and when the regulator was told."""

from datetime import datetime
from typing import ClassVar, Final

from sqlalchemy import BigInteger, Index, Integer, bindparam, insert, select
from sqlmodel import Field, SQLModel

from domain.audit import AuditAction
from persistence.audit import AuditRow
from persistence.columns import BigInt, Moment, Sealed, SealedRow
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction


class IncidentRow(SealedRow, table=True):
    """A breach, with both of its clocks."""

    __tablename__ = "incident"

    discovered_at: datetime = Moment(nullable=False)
    notice_due_at: datetime = Moment(nullable=False)
    inquiry_due_at: datetime = Moment(nullable=False)
    notice_at: datetime | None = Moment(nullable=True, default=None)
    inquiry_at: datetime | None = Moment(nullable=True, default=None)
    account_id: int | None = BigInt(nullable=True, default=None)
    """By whose account it came about, where that is known."""
    since: datetime = Moment(nullable=False)
    until: datetime = Moment(nullable=False)
    reported_by: int = BigInt(nullable=False)
    affected: int = Field(sa_type=Integer, nullable=False)


class IncidentBody(Sealed, frozen=True):
    """What happened."""

    title: str
    details: str
    findings: str = ""


class IncidentPersonRow(SQLModel, table=True):
    """Whose record was reached in a breach."""

    __tablename__ = "incident_person"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("incident_person_patient", "patient_id"),)

    incident_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    patient_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})


_ENTRY: Final = AuditRow.__table__  # type: ignore[attr-defined]
_INCIDENT: Final = IncidentRow.__table__  # type: ignore[attr-defined]
_PERSON: Final = IncidentPersonRow.__table__  # type: ignore[attr-defined]
_BY_ID = Statement(select(*_INCIDENT.c).where(_INCIDENT.c.id == bindparam("incident_id")))
_REACHED = Statement(
    select(_ENTRY.c.patient_id)
    .where(
        _ENTRY.c.at >= bindparam("since"),
        _ENTRY.c.at < bindparam("until"),
        _ENTRY.c.account_id == bindparam("account_id", type_=BigInteger),
        _ENTRY.c.outcome == "DONE",
        _ENTRY.c.action != AuditAction.SIGN_IN.value,
        _ENTRY.c.patient_id.is_not(None),
    )
    .distinct()
    .order_by(_ENTRY.c.patient_id)
)
_ADD = Statement(insert(_PERSON).values(incident_id=bindparam("incident_id"), patient_id=bindparam("patient_id")))
_PEOPLE = Statement(
    select(_PERSON.c.patient_id).where(_PERSON.c.incident_id == bindparam("incident_id")).order_by(_PERSON.c.patient_id)
)


async def reached(snapshot: Snapshot, account_id: int, since: datetime, until: datetime) -> list[int]:
    """Return whose records an account has reached within a time, by the audit log."""
    rows = await snapshot.all(_REACHED, account_id=account_id, since=since, until=until)
    return [row.patient_id for row in rows]


async def keep_people(tx: Transaction, incident_id: int, patients: list[int]) -> None:
    """Keep who is affected."""
    for patient_id in patients:
        await tx.execute(_ADD, incident_id=incident_id, patient_id=patient_id)


async def people(snapshot: Snapshot, incident_id: int) -> list[int]:
    """Return who is affected."""
    return [row.patient_id for row in await snapshot.all(_PEOPLE, incident_id=incident_id)]


async def by_id(snapshot: Snapshot, incident_id: int) -> tuple[IncidentRow, IncidentBody] | None:
    """Return an incident with its body."""
    record: Record | None = await snapshot.one(_BY_ID, incident_id=incident_id)
    if record is None:
        return None
    row = IncidentRow(**{name: getattr(record, name) for name in IncidentRow.model_fields})
    return row, await snapshot.opened(IncidentRow, IncidentBody, record)
