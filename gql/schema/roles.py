"""Roles as administrators and security officers see them."""

from datetime import datetime

import strawberry

from domain.accounts import Role
from gql.planning.sources import column, computed, node, reference, to_one
from gql.schema.audit import Actor
from gql.schema.errors import UserError
from gql.schema.happenings import Happening
from gql.schema.organizations import Organization
from gql.schema.payloads import Payload
from gql.schema.refs import account_ref, grant_ref
from gql.schema.scalars import AS_OF, key_field
from persistence.accounts import RoleGrantRow


@node(RoleGrantRow, description="A role of somebody's at an organization, with who gave and who ended it.")
class HeldRole:
    """A role as its administrators see it."""

    id: strawberry.ID = computed(grant_ref, "For ending it.", columns=[RoleGrantRow.id])
    account_id: strawberry.ID | None = computed(account_ref, "Whose account.", columns=[RoleGrantRow.account_id])
    actor: Actor | None = to_one(RoleGrantRow.account_id, "What that account is called.")
    role: Role = column(RoleGrantRow.role, "The role.")
    organization: Organization | None = to_one(RoleGrantRow.organization_id, "Where it is held.")
    since: datetime = column(RoleGrantRow.since, "From when.")
    until: datetime | None = column(RoleGrantRow.until, "Until when; open if null.")
    granted_by: Actor | None = to_one(RoleGrantRow.granted_by, "Who gave it; null: it was set up by command.")
    ended_by: Actor | None = to_one(RoleGrantRow.ended_by, "Who ended it; null while nobody did.")


@strawberry.input(description="Which role for whom.")
class GrantRoleInput:
    """A new role."""

    account_id: strawberry.ID = strawberry.field(description="The account, as its owner reads it (`viewer.accountId`).")
    role: Role = strawberry.field(description="The role; a machine's is set up by command only.")
    organization_id: strawberry.ID = strawberry.field(description="Where, among those that the viewer administers.")
    since: datetime | None = strawberry.field(default=None, description="From when; from now if null.")
    until: datetime | None = strawberry.field(default=None, description="Until when; open if null.")
    key: str | None = key_field()


@strawberry.input(description="Which role ends.")
class EndRoleInput:
    """An end."""

    grant_id: strawberry.ID = strawberry.field(description="The role, as `roles` names it.")
    key: str | None = key_field()


@strawberry.type(description="What came of it.")
class RolePayload(Payload):
    """The role, or why not."""

    role: HeldRole | None = reference("The role.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(name="RoleChanged", description="A role was given or ended.")
class RoleChanged(Happening):
    """An event."""

    role: HeldRole | None = reference("The role as it is now.")
