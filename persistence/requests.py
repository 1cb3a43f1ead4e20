"""Patients' requests, their steps, and the queues that reviewers work from."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Index, String, bindparam, select, update
from sqlmodel import Field, SQLModel

from persistence.columns import BigInt, Moment, Owned, Sealed
from persistence.statements import Statement
from persistence.store import Snapshot, Transaction


class PatientRequestRow(Owned, table=True):
    """What a person asked a clinic for."""

    __tablename__ = "patient_request"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("patient_request_submitted", "patient_id", "submitted_at", "id"),
        Index("patient_request_number", "number", unique=True),
    )

    number: str = Field(sa_type=String(24), nullable=False)
    kind: str = Field(sa_type=String(24), nullable=False)
    status: str = Field(sa_type=String(16), nullable=False)
    organization_id: int = BigInt(nullable=False)
    submitted_at: datetime = Moment(nullable=False)
    changed_at: datetime = Moment(nullable=False)
    due_at: datetime = Moment(nullable=False)


class PatientRequestBody(Sealed, frozen=True):
    """What it says."""

    text: str
    """In the person's words."""
    answer: str | None = None
    """The reviewer's last word: what is missing, why it was rejected."""


class RequestStepRow(Owned, table=True):
    """One move of a request's life; never changed."""

    __tablename__ = "request_step"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("request_step_request", "patient_id", "request_id", "id"),)

    request_id: int = BigInt(nullable=False)
    status: str = Field(sa_type=String(16), nullable=False)
    at: datetime = Moment(nullable=False)
    account_id: int = BigInt(nullable=False)


class RequestStepBody(Sealed, frozen=True):
    """What was said with the move."""

    comment: str | None = None


class QueuedRequestRow(SQLModel, table=True):
    """An organization's queue: a projection of requests, ids only, written with them."""

    __tablename__ = "queued_request"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("queued_request_patient", "patient_id", "organization_id"),
        Index("queued_request_due", "organization_id", "due_at", "id"),
    )

    organization_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    """The request's id."""
    patient_id: int = BigInt(nullable=False)
    status: str = Field(sa_type=String(16), nullable=False)
    kind: str = Field(sa_type=String(24), nullable=False)
    due_at: datetime = Moment(nullable=False)


_REQUEST = PatientRequestRow.__table__  # type: ignore[attr-defined]
_QUEUED = QueuedRequestRow.__table__  # type: ignore[attr-defined]
_BY_ID = Statement(
    select(*_REQUEST.c).where(
        _REQUEST.c.patient_id == bindparam("patient_id"), _REQUEST.c.id == bindparam("request_id")
    )
)
_QUEUE = Statement(
    update(_QUEUED)
    .where(_QUEUED.c.organization_id == bindparam("of_organization"), _QUEUED.c.id == bindparam("of_request"))
    .values(status=bindparam("new_status"))
)


async def by_id(
    snapshot: Snapshot, patient_id: int, request_id: int
) -> tuple[PatientRequestRow, PatientRequestBody] | None:
    """Return a request with its body."""
    record = await snapshot.one(_BY_ID, patient_id=patient_id, request_id=request_id)
    if record is None:
        return None
    row = PatientRequestRow(**{name: getattr(record, name) for name in PatientRequestRow.model_fields})
    return row, await snapshot.opened(PatientRequestRow, PatientRequestBody, record)


async def requeue(tx: Transaction, row: PatientRequestRow) -> None:
    """Write a request's new status into its queue."""
    await tx.execute(_QUEUE, of_organization=row.organization_id, of_request=row.id, new_status=row.status)
