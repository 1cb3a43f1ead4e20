"""Insurance policies."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.policies import PolicyKind, PolicyStatus
from gql.permissions.record import CanReadPolicies, CanReadProfile
from gql.planning.sources import Node, Where, column, identity, node, reference, sealed, to_one
from gql.schema.errors import UserError
from gql.schema.happenings import Happening
from gql.schema.organizations import Organization
from gql.schema.payloads import Payload
from gql.schema.scalars import AS_OF, key_field
from persistence.policies import InsurancePolicyBody, InsurancePolicyRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.patients import Patient


@node(InsurancePolicyRow, InsurancePolicyBody, guard=CanReadPolicies, description="An insurance policy.")
class InsurancePolicy(Node):
    """A policy."""

    id: strawberry.ID = identity()
    kind: PolicyKind = column(InsurancePolicyRow.kind, "Who pays.")
    status: PolicyStatus = column(InsurancePolicyRow.status, "Whether it counts.")
    number: str | None = sealed("number", "The policy's number.", CanReadPolicies)
    starts_on: date | None = sealed("starts_on", "First day.", CanReadPolicies)
    ends_on: date | None = sealed("ends_on", "Last day; itself still covered.", CanReadPolicies)
    services: list[str] | None = sealed("services", "What it covers.", CanReadPolicies)
    insurer: Organization | None = to_one(InsurancePolicyRow.insurer_id, "Who insures.")
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        InsurancePolicyRow.patient_id, "Who is insured.", CanReadProfile
    )


POLICY_FILTERS = {
    "status": Where(InsurancePolicyRow.status, Op.EQ, PolicyStatus, "Whether it counts."),
    "kind": Where(InsurancePolicyRow.kind, Op.EQ, PolicyKind, "Who pays."),
}


@strawberry.input(description="What the insurer says of a policy.")
class ChangePolicyStatusInput:
    """A status."""

    policy_id: strawberry.ID = strawberry.field(description="The policy.")
    status: PolicyStatus = strawberry.field(description="Whether it counts.")
    key: str | None = key_field()


@strawberry.type(description="What came of it; an insurer's system reads nothing back but this.")
class ChangePolicyStatusPayload(Payload):
    """Whether it was written."""

    changed: bool = strawberry.field(default=False, description="Whether the policy has this status now.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(description="A policy began or ceased to count.")
class PolicyStatusChanged(Happening):
    """An event."""

    policy: InsurancePolicy | None = reference("The policy as it is now.")
