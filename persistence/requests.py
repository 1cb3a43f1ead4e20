"""Patients' requests, their steps, and the queues that reviewers work from."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Integer, String, bindparam, func, select, update
from sqlmodel import Field, SQLModel

from persistence.columns import BigInt, Instant, Moment, Owned, Sealed
from persistence.statements import Statement
from persistence.store import Snapshot, Transaction


class RequestMoveRow(SQLModel, table=True):
    """A legal move; every step and every request refers to its last one, so that no other can be written."""

    __tablename__ = "request_move"

    kind: str = Field(primary_key=True, sa_type=String(24))
    was: str = Field(primary_key=True, sa_type=String(16))
    status: str = Field(primary_key=True, sa_type=String(16))


def _legal() -> ForeignKeyConstraint:
    here = ("kind", "was", "status")
    return ForeignKeyConstraint(here, [f"request_move.{name}" for name in here])


class PatientRequestRow(Owned, table=True):
    """What a person asked a clinic for."""

    __tablename__ = "patient_request"
    __table_args__: ClassVar[tuple[Index | ForeignKeyConstraint, ...]] = (
        Index("patient_request_submitted", "patient_id", "submitted_at", "id"),
        Index("patient_request_number", "number", unique=True),
        _legal(),
    )

    number: str = Field(sa_type=String(24), nullable=False)
    kind: str = Field(sa_type=String(24), nullable=False)
    was: str = Field(sa_type=String(16), nullable=False)
    """Where it stood before."""
    status: str = Field(sa_type=String(16), nullable=False)
    steps: int = Field(sa_type=Integer, nullable=False)
    """How many moves it has made."""
    assignee_id: int | None = BigInt(nullable=True, default=None)
    """The account of the reviewer who works on it."""
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
    category: str | None = None
    """Of a change of data: what of the person is to change (`domain.changes.ChangeCategory`)."""
    values: tuple[tuple[str, str | None], ...] = ()
    """Of a change of data: fields and their new values, in normal form."""
    former: tuple[tuple[str, str | None], ...] = ()
    """What the same fields held before the change was applied."""
    approved_by: int | None = None
    """The account that approved it first."""


class RequestStepRow(Owned, table=True):
    """One move of a request's life; never changed."""

    __tablename__ = "request_step"
    __table_args__: ClassVar[tuple[Index | ForeignKeyConstraint, ...]] = (
        Index("request_step_request", "patient_id", "request_id", "id"),
        Index("request_step_number", "patient_id", "request_id", "number", unique=True),
        _legal(),
    )

    request_id: int = BigInt(nullable=False)
    number: int = Field(sa_type=Integer, nullable=False)
    """From 1, without a gap: of two who move a request at once, one is refused."""
    kind: str = Field(sa_type=String(24), nullable=False)
    was: str = Field(sa_type=String(16), nullable=False)
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
        Index("queued_request_status", "organization_id", "status", "due_at", "id"),
        Index("queued_request_counted", "organization_id", "status", "kind", "assignee_id", "submitted_at", "due_at"),
        Index("queued_request_answered", "organization_id", "answered_at", "submitted_at"),
        Index("queued_request_kind", "organization_id", "kind", "status", "due_at", "id"),
    )

    organization_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    """The request's id."""
    patient_id: int = BigInt(nullable=False)
    status: str = Field(sa_type=String(16), nullable=False)
    kind: str = Field(sa_type=String(24), nullable=False)
    due_at: datetime = Moment(nullable=False)
    assignee_id: int | None = BigInt(nullable=True, default=None)
    submitted_at: datetime = Moment(nullable=False)
    answered_at: datetime | None = Moment(nullable=True, default=None)
    """When a reviewer first acted on it."""


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
    .values(
        status=bindparam("new_status"),
        assignee_id=bindparam("new_assignee", type_=BigInteger),
        answered_at=func.coalesce(_QUEUED.c.answered_at, bindparam("new_answered", type_=Instant)),
    )
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


async def requeue(tx: Transaction, row: PatientRequestRow, answered_at: datetime | None) -> None:
    """Write a request's new status and reviewer into its queue, and when a reviewer acted on it, if one did."""
    await tx.execute(
        _QUEUE,
        of_organization=row.organization_id,
        of_request=row.id,
        new_status=row.status,
        new_assignee=row.assignee_id,
        new_answered=answered_at,
    )


_STEP = RequestStepRow.__table__  # type: ignore[attr-defined]
_OF_PATIENT = Statement(
    select(*_REQUEST.c)
    .where(_REQUEST.c.patient_id == bindparam("patient_id"))
    .order_by(_REQUEST.c.submitted_at, _REQUEST.c.id)
)
_STEPS = Statement(
    select(*_STEP.c)
    .where(_STEP.c.patient_id == bindparam("patient_id"))
    .order_by(_STEP.c.patient_id, _STEP.c.request_id, _STEP.c.number)
)


async def of_patient(snapshot: Snapshot, patient_id: int) -> list[tuple[PatientRequestRow, PatientRequestBody]]:
    """Return all requests of a patient, oldest first."""
    found = []
    for record in await snapshot.all(_OF_PATIENT, patient_id=patient_id):
        row = PatientRequestRow(**{name: getattr(record, name) for name in PatientRequestRow.model_fields})
        found.append((row, await snapshot.opened(PatientRequestRow, PatientRequestBody, record)))
    return found


async def steps_of_patient(
    snapshot: Snapshot, patient_id: int
) -> dict[int, list[tuple[RequestStepRow, RequestStepBody]]]:
    """Return all steps of a patient's requests, by request, in order."""
    found: dict[int, list[tuple[RequestStepRow, RequestStepBody]]] = {}
    for record in await snapshot.all(_STEPS, patient_id=patient_id):
        row = RequestStepRow(**{name: getattr(record, name) for name in RequestStepRow.model_fields})
        body = await snapshot.opened(RequestStepRow, RequestStepBody, record)
        found.setdefault(row.request_id, []).append((row, body))
    return found
