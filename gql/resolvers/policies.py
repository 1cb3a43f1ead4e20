"""Policies: what insurers say, and how people see it change."""

import strawberry
from strawberry.types import Info

from actions import policies
from domain.events import EventKind
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.permissions.staff import CanTellPolicyStatus
from gql.planning.sources import watched
from gql.resolvers.mutations import mutation, owned_key
from gql.schema.policies import ChangePolicyStatusInput, ChangePolicyStatusPayload, PolicyStatusChanged


@strawberry.type
class PolicyMutations:
    """An insurer's verb."""

    @mutation("Tell whether a policy counts.", CanTellPolicyStatus)
    async def change_policy_status(
        self, info: Info[Context, None], input: ChangePolicyStatusInput
    ) -> ChangePolicyStatusPayload | None:
        """Change the status."""
        patient_id, policy_id = owned_key(input.policy_id, "InsurancePolicy", "policyId")
        changed = await policies.change_status(
            info.context.call.with_key(input.key), patient_id=patient_id, policy_id=policy_id, status=input.status
        )
        return ChangePolicyStatusPayload(changed=True, as_of=changed.as_of)


@strawberry.type
class PolicySubscriptions:
    """Policies on screens."""

    policy_status_changed: PolicyStatusChanged = watched(
        "A policy of the viewer began or ceased to count.",
        SignedIn,
        events={EventKind.POLICY_STATUS_CHANGED: PolicyStatusChanged},
        only="Patient",
    )
