"""Allergies and intolerances."""

from typing import ClassVar

from sqlalchemy import Index, String
from sqlmodel import Field

from domain.record import AllergyCategory, AllergyKind, Coded, Criticality
from persistence.columns import BigInt, Sealed
from persistence.imported import Imported


class AllergyRow(Imported, table=True):
    """An allergy or an intolerance; `recorded_at` is when it was noted."""

    __tablename__ = "allergy"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("allergy_recorded", "patient_id", "recorded_at", "id"),
        Index("allergy_source", "patient_id", "source_hash", unique=True),
    )

    clinical_status: str = Field(sa_type=String(24), nullable=False)
    verification_status: str = Field(sa_type=String(24), nullable=False)
    practitioner_id: int | None = BigInt(nullable=True, default=None)


class AllergyBody(Sealed, frozen=True):
    """To what, and how it shows."""

    code: Coded
    kind: AllergyKind | None = None
    categories: tuple[AllergyCategory, ...] = ()
    criticality: Criticality | None = None
    reactions: tuple[str, ...] = ()
    onset: str | None = None
    note: str | None = None
    practitioner: str | None = None
