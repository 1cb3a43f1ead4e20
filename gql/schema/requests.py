"""Patients' requests and their steps."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.changes import ChangeCategory
from domain.requests import RequestKind, RequestStatus
from gql.permissions.record import CanReadProfile, CanReadRequests
from gql.planning.sources import Node, Where, column, computed, identity, node, reference, sealed, to_many, to_one
from gql.schema.changes import DataValue, told
from gql.schema.errors import UserError
from gql.schema.happenings import Happening
from gql.schema.organizations import Organization
from gql.schema.payloads import Payload
from gql.schema.scalars import AS_OF, key_field
from persistence.requests import PatientRequestBody, PatientRequestRow, RequestStepBody, RequestStepRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.patients import Patient


@node(RequestStepRow, RequestStepBody, guard=CanReadRequests, description="One move of a request's life.")
class RequestStep:
    """A step."""

    number: int = column(RequestStepRow.number, "From 1, without a gap.")
    status: RequestStatus = column(RequestStepRow.status, "Where the request stood from then on.")
    at: datetime = column(RequestStepRow.at, "When.")
    comment: str | None = sealed("comment", "What was said with it.", CanReadRequests)


@node(
    PatientRequestRow,
    PatientRequestBody,
    guard=CanReadRequests,
    organization=PatientRequestRow.organization_id,
    description="What a person asked a clinic for.",
)
class PatientRequest(Node):
    """A request."""

    id: strawberry.ID = identity()
    number: str = column(PatientRequestRow.number, "The number that people quote.")
    kind: RequestKind = column(PatientRequestRow.kind, "What is asked for.")
    status: RequestStatus = column(PatientRequestRow.status, "Where it stands.")
    submitted_at: datetime = column(PatientRequestRow.submitted_at, "When it was submitted.")
    changed_at: datetime = column(PatientRequestRow.changed_at, "When it last moved.")
    due_at: datetime = column(PatientRequestRow.due_at, "When the answer is due.")
    text: str | None = sealed("text", "In the person's words.", CanReadRequests)
    answer: str | None = sealed("answer", "The reviewer's last word.", CanReadRequests)
    category: ChangeCategory | None = sealed("category", "Of a change of data: what changes.", CanReadRequests)
    values: list[DataValue] | None = computed(
        told, "Of a change of data: the new values.", CanReadRequests, attributes=["values"]
    )
    former_values: list[DataValue] | None = computed(
        told, "What stood there before the change was applied.", CanReadRequests, attributes=["former"]
    )
    organization: Organization | None = to_one(PatientRequestRow.organization_id, "Who works on it.")
    steps: list[RequestStep] | None = to_many(
        RequestStepRow.request_id, "Its life, oldest first.", CanReadRequests, order=[RequestStepRow.id]
    )
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        PatientRequestRow.patient_id, "Who asks.", CanReadProfile
    )


REQUEST_FILTERS = {
    "status": Where(PatientRequestRow.status, Op.EQ, RequestStatus, "Where it stands."),
    "kind": Where(PatientRequestRow.kind, Op.EQ, RequestKind, "What is asked for."),
    "from": Where(PatientRequestRow.submitted_at, Op.GE, datetime, "Submitted not before."),
    "to": Where(PatientRequestRow.submitted_at, Op.LT, datetime, "Submitted before."),
}


@strawberry.input(description="What is asked of whom.")
class SubmitRequestInput:
    """A new request."""

    patient_id: strawberry.ID = strawberry.field(description="For whom.")
    organization_id: strawberry.ID = strawberry.field(description="Of which clinic.")
    kind: RequestKind = strawberry.field(description="What is asked for.")
    text: str = strawberry.field(description="In the person's words, 1 to 4,000 characters.")
    key: str | None = key_field()


@strawberry.input(description="Which request, and what is said with it.")
class RequestInput:
    """A reviewer's or the person's next step."""

    request_id: strawberry.ID = strawberry.field(description="The request.")
    comment: str | None = strawberry.field(
        default=None, description="Up to 2,000 characters; needed to ask for more, to answer and to reject."
    )
    key: str | None = key_field()


@strawberry.type(description="What came of it.")
class RequestPayload(Payload):
    """The request, or why not."""

    request: PatientRequest | None = reference("The request.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(description="A request moved.")
class RequestStatusChanged(Happening):
    """An event."""

    request: PatientRequest | None = reference("The request as it is now.")
