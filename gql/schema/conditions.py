"""Conditions: diagnoses and problems."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.record import ClinicalStatus, VerificationStatus
from gql.permissions.record import CanReadProfile, CanReadRecord
from gql.planning.sources import Node, Where, column, identity, node, sealed, to_one
from gql.schema.encounters import Encounter
from gql.schema.organizations import Organization
from gql.schema.practitioners import Practitioner
from gql.schema.record import CodedConcept
from persistence.conditions import ConditionBody, ConditionRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.patients import Patient


@node(ConditionRow, ConditionBody, guard=CanReadRecord, description="A diagnosis or a problem.")
class Condition(Node):
    """A condition."""

    id: strawberry.ID = identity()
    clinical_status: ClinicalStatus = column(ConditionRow.clinical_status, "Whether it is active.")
    verification_status: VerificationStatus = column(ConditionRow.verification_status, "How sure it is.")
    recorded_at: datetime = column(
        ConditionRow.recorded_at, "When it began or was noted; when it came in, if the sender does not say."
    )
    code: CodedConcept | None = sealed("code", "What it is.", CanReadRecord)
    onset: str | None = sealed(
        "onset", "When it began, as sent: a moment, a day, a year, an age or words.", CanReadRecord
    )
    abatement: str | None = sealed("abatement", "When it ended, as sent.", CanReadRecord)
    severity: CodedConcept | None = sealed("severity", "How severe.", CanReadRecord)
    note: str | None = sealed("note", "A remark.", CanReadRecord)
    encounter: Encounter | None = to_one(ConditionRow.encounter_id, "During which visit.", CanReadRecord)
    practitioner: Practitioner | None = to_one(
        ConditionRow.practitioner_id, "Who noted it, where they are in the directory."
    )
    practitioner_name: str | None = sealed("practitioner", "Who noted it, in the sender's words.", CanReadRecord)
    sender: Organization | None = to_one(ConditionRow.partner_id, "Whose record system it came from.")
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        ConditionRow.patient_id, "Whose record it is in.", CanReadProfile
    )


CONDITION_FILTERS = {
    "clinicalStatus": Where(ConditionRow.clinical_status, Op.EQ, ClinicalStatus, "Whether it is active."),
    "verificationStatus": Where(ConditionRow.verification_status, Op.EQ, VerificationStatus, "How sure it is."),
    "from": Where(ConditionRow.recorded_at, Op.GE, datetime, "Not before."),
    "to": Where(ConditionRow.recorded_at, Op.LT, datetime, "Before."),
}
