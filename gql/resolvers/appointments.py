"""Booking and cancelling; visits as they change."""

import strawberry
from strawberry.types import Info

from actions import appointments
from domain.events import EventKind
from gql.context import Context
from gql.permissions.record import CanBook, CanCancelAppointment
from gql.permissions.session import SignedIn
from gql.planning.sources import watched
from gql.resolvers.mutations import mutation, owned_key, shared_id
from gql.schema.appointments import (
    AppointmentChanged,
    BookAppointmentInput,
    BookAppointmentPayload,
    CancelAppointmentInput,
    CancelAppointmentPayload,
    SlotChanged,
)


@strawberry.type
class AppointmentMutations:
    """A patient's verbs."""

    @mutation("Take a free time for a patient.", CanBook)
    async def book_appointment(
        self, info: Info[Context, None], input: BookAppointmentInput
    ) -> BookAppointmentPayload | None:
        """Book."""
        booked = await appointments.book(
            info.context.call.with_key(input.key),
            slot_id=shared_id(input.slot_id, "Slot", "slotId"),
            patient_id=owned_key(input.patient_id, "Patient", "patientId")[0],
            service_type=input.service_type,
            reason=input.reason,
        )
        return BookAppointmentPayload(as_of=booked.as_of).refer(appointment=booked[:2])

    @mutation("Cancel a visit; its time is free again at once.", CanCancelAppointment)
    async def cancel_appointment(
        self, info: Info[Context, None], input: CancelAppointmentInput
    ) -> CancelAppointmentPayload | None:
        """Cancel."""
        patient_id, appointment_id = owned_key(input.appointment_id, "Appointment", "appointmentId")
        cancelled = await appointments.cancel(
            info.context.call.with_key(input.key),
            patient_id=patient_id,
            appointment_id=appointment_id,
            reason=input.reason,
        )
        return CancelAppointmentPayload(as_of=cancelled.as_of).refer(appointment=cancelled[:2])


@strawberry.type
class AppointmentSubscriptions:
    """Visits and times on screens."""

    appointment_changed: AppointmentChanged = watched(
        "A visit of the viewer, or of a doctor's patient, was booked, moved or cancelled.",
        SignedIn,
        events={EventKind.APPOINTMENT_CHANGED: AppointmentChanged},
        only="Patient",
    )
    slot_changed: SlotChanged = watched(
        "A time of a doctor was taken or became free. Everybody may watch.",
        events={EventKind.SLOT_CHANGED: SlotChanged},
        only="Practitioner",
        needed=True,
    )
