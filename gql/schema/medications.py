"""Medications: what was prescribed."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.record import MedicationIntent, MedicationStatus
from gql.permissions.record import CanReadProfile, CanReadRecord
from gql.planning.sources import Node, Where, column, identity, node, sealed, to_one
from gql.schema.encounters import Encounter
from gql.schema.organizations import Organization
from gql.schema.practitioners import Practitioner
from gql.schema.record import CodedConcept
from persistence.medications import MedicationRequestBody, MedicationRequestRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.patients import Patient


@node(
    MedicationRequestRow,
    MedicationRequestBody,
    guard=CanReadRecord,
    description="A prescription that another system tells of.",
)
class MedicationRequest(Node):
    """A prescription."""

    id: strawberry.ID = identity()
    status: MedicationStatus = column(MedicationRequestRow.status, "Where it stands.")
    intent: MedicationIntent = column(MedicationRequestRow.intent, "How binding it is.")
    authored_at: datetime = column(
        MedicationRequestRow.recorded_at, "When it was written; when it came in, if the sender does not say."
    )
    medication: CodedConcept | None = sealed("medication", "What to take.", CanReadRecord)
    dosage: list[str] | None = sealed("dosage", "How to take it.", CanReadRecord)
    reasons: list[str] | None = sealed("reasons", "What for.", CanReadRecord)
    note: str | None = sealed("note", "A remark.", CanReadRecord)
    encounter: Encounter | None = to_one(MedicationRequestRow.encounter_id, "During which visit.", CanReadRecord)
    practitioner: Practitioner | None = to_one(
        MedicationRequestRow.practitioner_id, "Who prescribed it, where they are in the directory."
    )
    practitioner_name: str | None = sealed("practitioner", "Who prescribed it, in the sender's words.", CanReadRecord)
    sender: Organization | None = to_one(MedicationRequestRow.partner_id, "Whose record system it came from.")
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        MedicationRequestRow.patient_id, "Whose record it is in.", CanReadProfile
    )


MEDICATION_FILTERS = {
    "status": Where(MedicationRequestRow.status, Op.EQ, MedicationStatus, "Where it stands."),
    "from": Where(MedicationRequestRow.recorded_at, Op.GE, datetime, "Not before."),
    "to": Where(MedicationRequestRow.recorded_at, Op.LT, datetime, "Before."),
}
