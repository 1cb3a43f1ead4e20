"""Allergies and intolerances."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.record import AllergyCategory, AllergyKind, ClinicalStatus, Criticality, VerificationStatus
from gql.permissions.record import CanReadProfile, CanReadRecord
from gql.planning.sources import Node, Where, column, identity, node, sealed, to_one
from gql.schema.organizations import Organization
from gql.schema.practitioners import Practitioner
from gql.schema.record import CodedConcept
from persistence.allergies import AllergyBody, AllergyRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.patients import Patient


@node(AllergyRow, AllergyBody, guard=CanReadRecord, description="An allergy or an intolerance.")
class AllergyIntolerance(Node):
    """An allergy."""

    id: strawberry.ID = identity()
    clinical_status: ClinicalStatus = column(AllergyRow.clinical_status, "Whether it is active.")
    verification_status: VerificationStatus = column(AllergyRow.verification_status, "How sure it is.")
    recorded_at: datetime = column(
        AllergyRow.recorded_at, "When it was noted; when it came in, if the sender does not say."
    )
    code: CodedConcept | None = sealed("code", "To what.", CanReadRecord)
    kind: AllergyKind | None = sealed("kind", "The mechanism.", CanReadRecord)
    categories: list[AllergyCategory] | None = sealed("categories", "What kind of substance.", CanReadRecord)
    criticality: Criticality | None = sealed("criticality", "How dangerous a further contact is.", CanReadRecord)
    reactions: list[str] | None = sealed("reactions", "How it showed.", CanReadRecord)
    onset: str | None = sealed("onset", "When it began, as sent.", CanReadRecord)
    note: str | None = sealed("note", "A remark.", CanReadRecord)
    practitioner: Practitioner | None = to_one(
        AllergyRow.practitioner_id, "Who noted it, where they are in the directory."
    )
    practitioner_name: str | None = sealed("practitioner", "Who noted it, in the sender's words.", CanReadRecord)
    sender: Organization | None = to_one(AllergyRow.partner_id, "Whose record system it came from.")
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        AllergyRow.patient_id, "Whose record it is in.", CanReadProfile
    )


ALLERGY_FILTERS = {
    "clinicalStatus": Where(AllergyRow.clinical_status, Op.EQ, ClinicalStatus, "Whether it is active."),
    "from": Where(AllergyRow.recorded_at, Op.GE, datetime, "Not before."),
    "to": Where(AllergyRow.recorded_at, Op.LT, datetime, "Before."),
}
