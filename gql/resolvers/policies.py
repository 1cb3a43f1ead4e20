"""Policies: what insurers say, and how people see it change."""

from collections.abc import AsyncGenerator

import strawberry
from strawberry.types import Info

from actions import policies
from domain.events import EventKind
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.permissions.staff import CanTellPolicyStatus
from gql.resolvers.mutations import mutation, owned_key
from gql.resolvers.subscriptions import events_of, subscription
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

    @subscription("A policy of the viewer began or ceased to count.", SignedIn)
    async def policy_status_changed(
        self, info: Info[Context, None], after: str | None = None
    ) -> AsyncGenerator[PolicyStatusChanged, None]:
        """Yield each change."""
        async for placed in events_of(info, EventKind.POLICY_STATUS_CHANGED, after):
            yield PolicyStatusChanged(cursor=placed.cursor, at=placed.at).refer(policy=placed.key)
