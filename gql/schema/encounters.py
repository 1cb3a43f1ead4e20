"""Encounters: visits and stays."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.record import EncounterStatus
from gql.permissions.record import CanReadProfile, CanReadRecord
from gql.planning.sources import Node, Where, column, identity, node, sealed, to_one
from gql.schema.organizations import Organization
from gql.schema.practitioners import Practitioner
from gql.schema.record import CodedConcept
from persistence.encounters import EncounterBody, EncounterRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.patients import Patient


@node(EncounterRow, EncounterBody, guard=CanReadRecord, description="A visit or a stay that another system tells of.")
class Encounter(Node):
    """An encounter."""

    id: strawberry.ID = identity()
    status: EncounterStatus = column(EncounterRow.status, "Where it stands.")
    started_at: datetime = column(
        EncounterRow.recorded_at, "When it began; when it came in, if the sender does not say."
    )
    ended_at: datetime | None = column(EncounterRow.ended_at, "When it ended.")
    kind: CodedConcept | None = sealed("kind", "What kind of visit.", CanReadRecord)
    setting: str | None = sealed("setting", "HL7 ActCode: AMB, EMER, IMP, HH, VR, …", CanReadRecord)
    reason: CodedConcept | None = sealed("reason", "Why the patient came.", CanReadRecord)
    practitioner: Practitioner | None = to_one(
        EncounterRow.practitioner_id, "Who saw the patient, where they are in the directory."
    )
    practitioner_name: str | None = sealed("practitioner", "Who saw the patient, in the sender's words.", CanReadRecord)
    organization: Organization | None = to_one(EncounterRow.organization_id, "Where, if it is in the directory.")
    organization_name: str | None = sealed("organization", "Where, in the sender's words.", CanReadRecord)
    sender: Organization | None = to_one(EncounterRow.partner_id, "Whose record system it came from.")
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        EncounterRow.patient_id, "Whose record it is in.", CanReadProfile
    )


ENCOUNTER_FILTERS = {
    "status": Where(EncounterRow.status, Op.EQ, EncounterStatus, "Where it stands."),
    "from": Where(EncounterRow.recorded_at, Op.GE, datetime, "Not before."),
    "to": Where(EncounterRow.recorded_at, Op.LT, datetime, "Before."),
}
