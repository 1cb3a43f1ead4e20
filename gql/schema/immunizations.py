"""Immunizations: vaccinations given, or not."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.record import ImmunizationStatus
from gql.permissions.record import CanReadProfile, CanReadRecord
from gql.planning.sources import Node, Where, column, identity, node, sealed, to_one
from gql.schema.encounters import Encounter
from gql.schema.organizations import Organization
from gql.schema.practitioners import Practitioner
from gql.schema.record import CodedConcept
from persistence.immunizations import ImmunizationBody, ImmunizationRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.patients import Patient


@node(ImmunizationRow, ImmunizationBody, guard=CanReadRecord, description="A vaccination, given or not.")
class Immunization(Node):
    """An immunization."""

    id: strawberry.ID = identity()
    status: ImmunizationStatus = column(ImmunizationRow.status, "Whether it was given.")
    occurred_at: datetime = column(
        ImmunizationRow.recorded_at, "When it was given; when it came in, if the sender does not say."
    )
    vaccine: CodedConcept | None = sealed("vaccine", "With what.", CanReadRecord)
    occurrence: str | None = sealed(
        "given", "When it was given, as sent: a moment, a day, a year or words.", CanReadRecord
    )
    lot_number: str | None = sealed("lot", "The batch.", CanReadRecord)
    dose: str | None = sealed("dose", "How much, with its unit.", CanReadRecord)
    not_done_reason: CodedConcept | None = sealed("reason", "Why it was not given.", CanReadRecord)
    note: str | None = sealed("note", "A remark.", CanReadRecord)
    encounter: Encounter | None = to_one(ImmunizationRow.encounter_id, "During which visit.", CanReadRecord)
    practitioner: Practitioner | None = to_one(
        ImmunizationRow.practitioner_id, "Who gave it, where they are in the directory."
    )
    practitioner_name: str | None = sealed("practitioner", "Who gave it, in the sender's words.", CanReadRecord)
    sender: Organization | None = to_one(ImmunizationRow.partner_id, "Whose record system it came from.")
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        ImmunizationRow.patient_id, "Whose record it is in.", CanReadProfile
    )


IMMUNIZATION_FILTERS = {
    "status": Where(ImmunizationRow.status, Op.EQ, ImmunizationStatus, "Whether it was given."),
    "from": Where(ImmunizationRow.recorded_at, Op.GE, datetime, "Not before."),
    "to": Where(ImmunizationRow.recorded_at, Op.LT, datetime, "Before."),
}
