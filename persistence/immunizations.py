"""Immunizations: vaccinations given, or not."""

from typing import ClassVar

from sqlalchemy import Index, String
from sqlmodel import Field

from domain.record import Coded
from persistence.columns import BigInt, Sealed
from persistence.imported import Imported


class ImmunizationRow(Imported, table=True):
    """A vaccination; `recorded_at` is when it was given."""

    __tablename__ = "immunization"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("immunization_recorded", "patient_id", "recorded_at", "id"),
        Index("immunization_source", "patient_id", "source_hash", unique=True),
    )

    status: str = Field(sa_type=String(24), nullable=False)
    encounter_id: int | None = BigInt(nullable=True, default=None)
    practitioner_id: int | None = BigInt(nullable=True, default=None)


class ImmunizationBody(Sealed, frozen=True):
    """With what."""

    vaccine: Coded
    given: str | None = None
    lot: str | None = None
    dose: str | None = None
    reason: Coded | None = None
    note: str | None = None
    practitioner: str | None = None
