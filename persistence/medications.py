"""Medications: what was prescribed."""

from typing import ClassVar

from sqlalchemy import Index, String
from sqlmodel import Field

from domain.record import Coded
from persistence.columns import BigInt, Sealed
from persistence.imported import Imported


class MedicationRequestRow(Imported, table=True):
    """A prescription; `recorded_at` is when it was written."""

    __tablename__ = "medication_request"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("medication_request_recorded", "patient_id", "recorded_at", "id"),
        Index("medication_request_source", "patient_id", "source_hash", unique=True),
    )

    status: str = Field(sa_type=String(24), nullable=False)
    intent: str = Field(sa_type=String(24), nullable=False)
    encounter_id: int | None = BigInt(nullable=True, default=None)
    practitioner_id: int | None = BigInt(nullable=True, default=None)


class MedicationRequestBody(Sealed, frozen=True):
    """What to take, how and why."""

    medication: Coded
    dosage: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    note: str | None = None
    practitioner: str | None = None
