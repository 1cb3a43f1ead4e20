"""Practitioners and specialties."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.appointments import SlotState
from gql.permissions.session import SignedIn
from gql.planning.sources import Connection, Node, Where, column, computed, connection, identity, node, to_one
from gql.schema.organizations import Organization
from persistence.appointments import SlotRow
from persistence.practitioners import PractitionerRow, SpecialtyRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.appointments import Slot


@node(SpecialtyRow, description="A medical specialty.")
class Specialty(Node):
    """A specialty."""

    id: strawberry.ID = identity()
    code: str = column(SpecialtyRow.code, "Code in the state's list.")
    title: str = column(SpecialtyRow.title, "In Russian.")
    title_en: str = column(SpecialtyRow.title_en, "In English.")


@node(PractitionerRow, description="A doctor or nurse who sees patients.")
class Practitioner(Node):
    """A practitioner."""

    id: strawberry.ID = identity()
    name: str = column(PractitionerRow.name, "Full name.")
    specialty: Specialty | None = to_one(PractitionerRow.specialty_id, "What they do.")
    clinic: Organization | None = to_one(PractitionerRow.organization_id, "Where they see patients.")
    busy_times: str = computed(
        "/calendars/busy/{}.ics".format,
        "Path to when the practitioner is busy in the next 30 days, as iCalendar free/busy, with a session.",
        columns=[PractitionerRow.id],
    )
    slots: Connection[Annotated["Slot", strawberry.lazy("gql.schema.appointments")]] | None = connection(
        SlotRow.practitioner_id,
        "Times that can be booked, in time order.",
        SignedIn,
        order=[SlotRow.starts_at, SlotRow.id],
        where={
            "from": Where(SlotRow.starts_at, Op.GE, datetime, "Not before."),
            "to": Where(SlotRow.starts_at, Op.LT, datetime, "Before."),
            "state": Where(SlotRow.state, Op.EQ, SlotState, "Free or taken."),
        },
    )
