"""Appeals of data subjects: asked by patients, answered by those who keep the log."""

from datetime import datetime
from typing import ClassVar, Final

from sqlalchemy import Index, String, bindparam, select
from sqlmodel import Field

from persistence.columns import BigInt, Moment, Sealed, SealedRow
from persistence.statements import Record, Statement
from persistence.store import Snapshot


class AppealRow(SealedRow, table=True):
    """An appeal; kept under the service's key: that it was made and answered outlives the data it was about."""

    __tablename__ = "appeal"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("appeal_patient", "patient_id", "id"),
        Index("appeal_due", "state", "due_at", "id"),
        Index("appeal_task", "task_id"),
    )

    patient_id: int = BigInt(nullable=False)
    account_id: int = BigInt(nullable=False)
    """Who asks: the person or a representative."""
    kind: str = Field(sa_type=String(16), nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    received_at: datetime = Moment(nullable=False)
    due_at: datetime = Moment(nullable=False)
    entry_id: int | None = BigInt(nullable=True, default=None)
    task_id: int | None = BigInt(nullable=True, default=None)
    extended_at: datetime | None = Moment(nullable=True, default=None)
    closed_at: datetime | None = Moment(nullable=True, default=None)
    closed_by: int | None = BigInt(nullable=True, default=None)


class AppealBody(Sealed, frozen=True):
    """What is said."""

    text: str
    answer: str | None = None
    extended_because: str | None = None


_APPEAL: Final = AppealRow.__table__  # type: ignore[attr-defined]
_BY_ID = Statement(select(*_APPEAL.c).where(_APPEAL.c.id == bindparam("appeal_id")))


_OF_TASK = Statement(select(_APPEAL.c.id).where(_APPEAL.c.task_id == bindparam("task_id")))


async def of_task(snapshot: Snapshot, task_id: int) -> tuple[AppealRow, AppealBody] | None:
    """Return the appeal that a task works for."""
    found = await snapshot.value(_OF_TASK, task_id=task_id)
    return None if found is None else await by_id(snapshot, found)


async def by_id(snapshot: Snapshot, appeal_id: int) -> tuple[AppealRow, AppealBody] | None:
    """Return an appeal with what it says."""
    record: Record | None = await snapshot.one(_BY_ID, appeal_id=appeal_id)
    if record is None:
        return None
    row = AppealRow(**{name: getattr(record, name) for name in AppealRow.model_fields})
    return row, await snapshot.opened(AppealRow, AppealBody, record)
