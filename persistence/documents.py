"""Documents that other record systems sent."""

from typing import ClassVar

from sqlalchemy import Index, String
from sqlmodel import Field

from domain.record import Coded
from persistence.columns import BigInt, Sealed
from persistence.imported import Imported


class DocumentReferenceRow(Imported, table=True):
    """A document; `recorded_at` is when it was written."""

    __tablename__ = "document_reference"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("document_reference_recorded", "patient_id", "recorded_at", "id"),
        Index("document_reference_source", "patient_id", "source_hash", unique=True),
    )

    status: str = Field(sa_type=String(24), nullable=False)
    encounter_id: int | None = BigInt(nullable=True, default=None)
    practitioner_id: int | None = BigInt(nullable=True, default=None)


class DocumentReferenceBody(Sealed, frozen=True):
    """What it is, and its bytes where they came with it."""

    title: str
    kind: Coded | None = None
    content_type: str | None = None
    content: bytes | None = None
    url: str | None = None
    practitioner: str | None = None
