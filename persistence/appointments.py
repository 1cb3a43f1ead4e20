"""Slots, appointments, and the doctor's list of them."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, String, bindparam, select, update
from sqlmodel import Field, SQLModel

from domain.appointments import AppointmentStatus, SlotState
from persistence.columns import BigInt, Moment, Owned, Sealed, Shared
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction


class SlotRow(Shared, table=True):
    """A time of a practitioner that can be booked."""

    __tablename__ = "slot"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("slot_practitioner", "practitioner_id", "starts_at", "id"),
        Index("slot_unique", "practitioner_id", "starts_at", unique=True),
    )

    practitioner_id: int = BigInt(nullable=False)
    organization_id: int = BigInt(nullable=False)
    starts_at: datetime = Moment(nullable=False)
    ends_at: datetime = Moment(nullable=False)
    state: str = Field(sa_type=String(16), nullable=False, default=SlotState.FREE)


class AppointmentRow(Owned, table=True):
    """A visit of a patient."""

    __tablename__ = "appointment"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("appointment_starts", "patient_id", "starts_at", "id"),)

    slot_id: int = BigInt(nullable=False)
    practitioner_id: int = BigInt(nullable=False)
    organization_id: int = BigInt(nullable=False)
    starts_at: datetime = Moment(nullable=False)
    ends_at: datetime = Moment(nullable=False)
    status: str = Field(sa_type=String(16), nullable=False)
    service_type: str = Field(sa_type=String(16), nullable=False)
    created_at: datetime = Moment(nullable=False)


class AppointmentBody(Sealed, frozen=True):
    """What the visit is about, in people's words."""

    reason: str | None = None
    cancel_reason: str | None = None


class PractitionerAppointmentRow(SQLModel, table=True):
    """A practitioner's list: a projection of appointments, ids only, written with them."""

    __tablename__ = "practitioner_appointment"

    practitioner_id: int = Field(primary_key=True, sa_type=BigInt().sa_type)
    starts_at: datetime = Moment(primary_key=True)
    id: int = Field(primary_key=True, sa_type=BigInt().sa_type)
    """The appointment's id."""
    patient_id: int = BigInt(nullable=False)


_SLOT = SlotRow.__table__  # type: ignore[attr-defined]
_APPOINTMENT = AppointmentRow.__table__  # type: ignore[attr-defined]
_TAKE = Statement(
    update(_SLOT)
    .where(_SLOT.c.id == bindparam("slot_id"), _SLOT.c.state == SlotState.FREE.value)
    .values(state=SlotState.TAKEN.value)
    .returning(*_SLOT.c)
)
_FREE = Statement(update(_SLOT).where(_SLOT.c.id == bindparam("slot_id")).values(state=SlotState.FREE.value))
_SLOT_BY_ID = Statement(select(*_SLOT.c).where(_SLOT.c.id == bindparam("slot_id")))
_AHEAD = Statement(
    select(*_APPOINTMENT.c).where(
        _APPOINTMENT.c.patient_id == bindparam("patient_id"),
        _APPOINTMENT.c.starts_at > bindparam("at"),
        _APPOINTMENT.c.status == AppointmentStatus.BOOKED.value,
    )
)
_BY_ID = Statement(
    select(*_APPOINTMENT.c).where(
        _APPOINTMENT.c.patient_id == bindparam("patient_id"), _APPOINTMENT.c.id == bindparam("appointment_id")
    )
)


async def ahead(snapshot: Snapshot, patient_id: int) -> list[AppointmentRow]:
    """Return a patient's booked visits that lie ahead."""
    rows = await snapshot.all(_AHEAD, patient_id=patient_id, at=snapshot.now)
    return [AppointmentRow(**{name: getattr(row, name) for name in AppointmentRow.model_fields}) for row in rows]


async def take_slot(tx: Transaction, slot_id: int) -> Record | None:
    """Claim a free slot in one statement; None if it isn't free or isn't there."""
    return await tx.one(_TAKE, slot_id=slot_id)


async def free_slot(tx: Transaction, slot_id: int) -> None:
    """Give a slot back."""
    await tx.execute(_FREE, slot_id=slot_id)


async def slot(snapshot: Snapshot, slot_id: int) -> Record | None:
    """Return a slot."""
    return await snapshot.one(_SLOT_BY_ID, slot_id=slot_id)


async def book(
    tx: Transaction, taken: Record, patient_id: int, service_type: str, body: AppointmentBody
) -> AppointmentRow:
    """Write the visit that a taken slot becomes, and the practitioner's list."""
    row = AppointmentRow(
        patient_id=patient_id,
        id=tx.new_id(),
        slot_id=taken.id,
        practitioner_id=taken.practitioner_id,
        organization_id=taken.organization_id,
        starts_at=taken.starts_at,
        ends_at=taken.ends_at,
        status=AppointmentStatus.BOOKED.value,
        service_type=service_type,
        created_at=tx.now,
    )
    await tx.insert(row, body)
    await tx.insert(
        PractitionerAppointmentRow(
            practitioner_id=row.practitioner_id, starts_at=row.starts_at, id=row.id, patient_id=patient_id
        )
    )
    return row


async def by_id(
    snapshot: Snapshot, patient_id: int, appointment_id: int
) -> tuple[AppointmentRow, AppointmentBody] | None:
    """Return a visit with its body."""
    record = await snapshot.one(_BY_ID, patient_id=patient_id, appointment_id=appointment_id)
    if record is None:
        return None
    row = AppointmentRow(**{name: getattr(record, name) for name in AppointmentRow.model_fields})
    return row, await snapshot.opened(AppointmentRow, AppointmentBody, record)
