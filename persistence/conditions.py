"""Conditions: diagnoses and problems."""

from typing import ClassVar

from sqlalchemy import Index, String
from sqlmodel import Field

from domain.record import Coded
from persistence.columns import BigInt, Sealed
from persistence.imported import Imported


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
