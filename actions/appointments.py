"""Booking and cancelling."""

from actions import access
from actions.call import Acting, Ref, action
from actions.text import optional_text
from domain.access import Category, Permission
from domain.appointments import NEXT, AppointmentStatus, ServiceType
from domain.audit import AuditAction, AuditEntry
from domain.errors import NotFound, SlotInPast, SlotTaken
from domain.events import Event, EventKind
from domain.lifecycles import require_move
from persistence import appointments
from persistence.appointments import AppointmentBody, AppointmentRow
from persistence.store import Transaction


@action(AuditAction.BOOK)
async def book(
    acting: Acting, *, slot_id: int, patient_id: int, service_type: ServiceType, reason: str | None = None
) -> Ref:
    """Book a free slot for a patient.

    Raises:
        Forbidden: the viewer may not book for this patient.
        NotFound: the viewer may not know this patient, or there is no such slot.
        SlotTaken: someone was faster.
        SlotInPast: it has begun.
    """
    tx = acting.tx
    body = AppointmentBody(reason=optional_text(reason, "reason", 1000))
    await access.require(acting, Permission.BOOK, patient_id)
    taken = await appointments.take_slot(tx, slot_id)
    if taken is None:
        raise SlotTaken("slotId") if await appointments.slot(tx, slot_id) else NotFound("slotId")
    if taken.starts_at <= tx.now:
        raise SlotInPast("slotId")
    row = await appointments.book(tx, taken, patient_id, service_type, body)
    _tell(tx, AuditAction.BOOK, row)
    return Ref(patient_id, row.id)


@action(AuditAction.CANCEL)
async def cancel(acting: Acting, *, patient_id: int, appointment_id: int, reason: str | None = None) -> Ref:
    """Cancel a visit and free its slot.

    Raises:
        NotFound: there is no such visit that the viewer may know of.
        IllegalTransition: it is over, or was cancelled before.
    """
    tx = acting.tx
    said = optional_text(reason, "reason", 1000)
    await access.require(acting, Permission.CANCEL_APPOINTMENT, patient_id)
    found = await appointments.by_id(tx, patient_id, appointment_id)
    if found is None:
        raise NotFound("appointmentId")
    row, body = found
    require_move(NEXT, AppointmentStatus(row.status), AppointmentStatus.CANCELLED)
    row.status = AppointmentStatus.CANCELLED.value
    if not await tx.reseal(row, AppointmentBody(reason=body.reason, cancel_reason=said)):
        raise NotFound("appointmentId")
    await appointments.free_slot(tx, row.slot_id)
    _tell(tx, AuditAction.CANCEL, row)
    return Ref(patient_id, row.id)


def _tell(tx: Transaction, what: AuditAction, row: AppointmentRow) -> None:
    tx.audit(AuditEntry(what, patient_id=row.patient_id, categories=(Category.APPOINTMENTS,), subject_id=row.id))
    tx.emit(
        Event(EventKind.APPOINTMENT_CHANGED, row.id, patient_id=row.patient_id, practitioner_id=row.practitioner_id)
    )
    tx.emit(Event(EventKind.SLOT_CHANGED, row.slot_id, practitioner_id=row.practitioner_id))
