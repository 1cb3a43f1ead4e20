"""Encounters: visits and stays that took place, as record systems tell them."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, String
from sqlmodel import Field

from domain.record import Coded
from persistence.columns import BigInt, Moment, Sealed
from persistence.imported import Imported


class EncounterRow(Imported, table=True):
    """A visit or a stay; `recorded_at` is its start."""

    __tablename__ = "encounter"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("encounter_recorded", "patient_id", "recorded_at", "id"),
        Index("encounter_source", "patient_id", "source_hash", unique=True),
    )

    status: str = Field(sa_type=String(24), nullable=False)
    ended_at: datetime | None = Moment(nullable=True, default=None)
    practitioner_id: int | None = BigInt(nullable=True, default=None)
    organization_id: int | None = BigInt(nullable=True, default=None)


class EncounterBody(Sealed, frozen=True):
    """What the visit was."""

    kind: Coded
    setting: str
    reason: Coded | None = None
    practitioner: str | None = None
    """As the sender names them, also where they aren't in the directory."""
    organization: str | None = None
