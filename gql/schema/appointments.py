"""Visits and the times they take."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.appointments import AppointmentStatus, ServiceType, SlotState
from gql.permissions.record import CanReadAppointments, CanReadProfile
from gql.planning.sources import Node, column, computed, identity, node, reference, sealed, to_one
from gql.schema.errors import UserError
from gql.schema.happenings import Happening
from gql.schema.organizations import Organization
from gql.schema.payloads import Payload
from gql.schema.practitioners import Practitioner
from gql.schema.scalars import AS_OF, key_field
from persistence.appointments import AppointmentBody, AppointmentRow, SlotRow

if TYPE_CHECKING:
    from gql.schema.patients import Patient


@node(SlotRow, description="A time of a practitioner.")
class Slot(Node):
    """A slot."""

    id: strawberry.ID = identity()
    starts_at: datetime = column(SlotRow.starts_at, "When it begins.")
    ends_at: datetime = column(SlotRow.ends_at, "When it ends.")
    state: SlotState = column(SlotRow.state, "Whether it can be booked.")
    practitioner: Practitioner | None = to_one(SlotRow.practitioner_id, "Whose time it is.")


@node(AppointmentRow, AppointmentBody, guard=CanReadAppointments, description="A visit of a patient.")
class Appointment(Node):
    """An appointment."""

    id: strawberry.ID = identity()
    status: AppointmentStatus = column(AppointmentRow.status, "Where it stands.")
    service_type: ServiceType = column(AppointmentRow.service_type, "What it is for.")
    starts_at: datetime = column(AppointmentRow.starts_at, "When it begins.")
    ends_at: datetime = column(AppointmentRow.ends_at, "When it ends.")
    created_at: datetime = column(AppointmentRow.created_at, "When it was booked.")
    reason: str | None = sealed("reason", "What the patient said it is about.", CanReadAppointments)
    cancel_reason: str | None = sealed("cancel_reason", "Why it was cancelled.", CanReadAppointments)
    calendar_file: str = computed(
        "/calendars/visits/{}/{}.ics".format,
        "Path to the visit as an iCalendar file, with a session; of a cancelled one, the word that takes it out.",
        columns=[AppointmentRow.patient_id, AppointmentRow.id],
    )
    practitioner: Practitioner | None = to_one(AppointmentRow.practitioner_id, "Who is seen.")
    clinic: Organization | None = to_one(AppointmentRow.organization_id, "Where.")
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        AppointmentRow.patient_id, "Whose visit it is.", CanReadProfile
    )


@strawberry.input(description="A free time and who will come.")
class BookAppointmentInput:
    """Booking."""

    slot_id: strawberry.ID = strawberry.field(description="The free time.")
    patient_id: strawberry.ID = strawberry.field(description="Who will come.")
    service_type: ServiceType = strawberry.field(default=ServiceType.CONSULTATION, description="What it is for.")
    reason: str | None = strawberry.field(default=None, description="What it is about, up to 1,000 characters.")
    key: str | None = key_field()


@strawberry.input(description="Which visit to cancel, and why.")
class CancelAppointmentInput:
    """Cancelling."""

    appointment_id: strawberry.ID = strawberry.field(description="The visit.")
    reason: str | None = strawberry.field(default=None, description="Why, up to 1,000 characters.")
    key: str | None = key_field()


@strawberry.type(description="What came of booking.")
class BookAppointmentPayload(Payload):
    """The visit, or why not."""

    appointment: Appointment | None = reference("The visit.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(description="What came of cancelling.")
class CancelAppointmentPayload(Payload):
    """The visit, or why not."""

    appointment: Appointment | None = reference("The visit.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(description="A visit was booked, moved or cancelled.")
class AppointmentChanged(Happening):
    """An event."""

    appointment: Appointment | None = reference("The visit as it is now.")


@strawberry.type(description="A time was taken or became free.")
class SlotChanged(Happening):
    """An event."""

    slot: Slot | None = reference("The time as it is now.")
