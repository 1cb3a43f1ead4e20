"""Conditions: diagnoses and problems."""

from typing import ClassVar

from sqlalchemy import BigInteger, Index, String, bindparam, or_, select
from sqlmodel import Field

from domain.record import ClinicalStatus, Coded
from persistence.columns import BigInt, Sealed
from persistence.imported import Imported
from persistence.statements import Statement
from persistence.store import Snapshot


class ConditionRow(Imported, table=True):
    """A diagnosis or a problem; `recorded_at` is its onset where that is a date, else when it was noted."""

    __tablename__ = "condition"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("condition_recorded", "patient_id", "recorded_at", "id"),
        Index("condition_source", "patient_id", "source_hash", unique=True),
    )

    clinical_status: str = Field(sa_type=String(24), nullable=False)
    verification_status: str = Field(sa_type=String(24), nullable=False)
    encounter_id: int | None = BigInt(nullable=True, default=None)
    practitioner_id: int | None = BigInt(nullable=True, default=None)


class ConditionBody(Sealed, frozen=True):
    """What it is."""

    code: Coded
    onset: str | None = None
    abatement: str | None = None
    severity: Coded | None = None
    note: str | None = None
    practitioner: str | None = None


_CONDITION = ConditionRow.__table__  # type: ignore[attr-defined]
_ACTIVE = Statement(
    select(*_CONDITION.c).where(
        _CONDITION.c.patient_id == bindparam("patient_id", type_=BigInteger),
        or_(
            _CONDITION.c.clinical_status == ClinicalStatus.ACTIVE.value,
            _CONDITION.c.clinical_status == ClinicalStatus.RECURRENCE.value,
            _CONDITION.c.clinical_status == ClinicalStatus.RELAPSE.value,
        ),
    )
)


async def active_codes(snapshot: Snapshot, patient_id: int) -> list[str]:
    """Return the codes of what a person has now."""
    rows = await snapshot.all(_ACTIVE, patient_id=patient_id)
    bodies = [await snapshot.opened(ConditionRow, ConditionBody, row) for row in rows]
    return [body.code.code for body in bodies if body.code.code]
