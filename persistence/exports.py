"""Copies of everything about a patient, sealed, until they are fetched or a month has gone."""

from typing import ClassVar, Final

from sqlalchemy import Index, Integer, bindparam, delete, select
from sqlmodel import Field

from persistence.columns import BigInt, Owned, Retention, Sealed
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction

PART: Final = 512 * 1024
"""Bytes of a part: one is sealed and written in a few milliseconds."""


class ExportPartRow(Owned, table=True):
    """A part of a copy's archive."""

    __tablename__ = "export_part"
    __retention__: ClassVar[Retention] = Retention.ACCOUNT
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("export_part_task", "patient_id", "task_id", "number", unique=True),
    )

    task_id: int = BigInt(nullable=False)
    number: int = Field(sa_type=Integer, nullable=False)


class ExportPartBody(Sealed, frozen=True):
    """Its bytes."""

    content: bytes


_PART: Final = ExportPartRow.__table__  # type: ignore[attr-defined]
_OF_TASK = Statement(
    select(*_PART.c)
    .where(_PART.c.patient_id == bindparam("patient_id"), _PART.c.task_id == bindparam("task_id"))
    .order_by(_PART.c.number)
)
_DROP = Statement(
    delete(_PART).where(_PART.c.patient_id == bindparam("patient_id"), _PART.c.task_id == bindparam("task_id"))
)


async def write(tx: Transaction, patient_id: int, task_id: int, archive: bytes) -> None:
    """Keep an archive in place of what an attempt before has left."""
    await tx.execute(_DROP, patient_id=patient_id, task_id=task_id)
    rows = []
    for number, start in enumerate(range(0, len(archive), PART)):
        row = ExportPartRow(patient_id=patient_id, id=tx.new_id(), task_id=task_id, number=number)
        rows.append((row, ExportPartBody(archive[start : start + PART])))
    await tx.insert_all(rows)


async def read(snapshot: Snapshot, patient_id: int, task_id: int) -> bytes:
    """Return an archive; empty if there is none any more."""
    rows: list[Record] = await snapshot.all(_OF_TASK, patient_id=patient_id, task_id=task_id)
    return b"".join([(await snapshot.opened(ExportPartRow, ExportPartBody, row)).content for row in rows])
