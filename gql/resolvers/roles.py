"""Roles at organizations: seen, given, ended."""

import strawberry
from strawberry.types import Info

from actions import roles
from domain.access import StaffPermission
from domain.accounts import Role
from domain.events import EventKind
from gql.context import Context
from gql.permissions.staff import CanManageRoles, CanSeeRoles
from gql.planning.sources import Connection, Where, desc, root_connection, watched
from gql.resolvers.mutations import mutation, shared_id
from gql.schema.roles import EndRoleInput, GrantRoleInput, HeldRole, RoleChanged, RolePayload
from persistence.accounts import RoleGrantRow
from persistence.tree import Op


@strawberry.type
class RoleQueries:
    """Who may do what where."""

    roles: Connection[HeldRole] | None = root_connection(
        "Roles at the viewer's organizations, those that have ended too; the latest first.",
        CanSeeRoles,
        order=[desc(RoleGrantRow.id)],
        where={"role": Where(RoleGrantRow.role, Op.EQ, Role, "Only this role.")},
        at=(RoleGrantRow.organization_id, StaffPermission.SEE_ROLES),
    )


@strawberry.type
class RoleMutations:
    """Administrators' verbs."""

    @mutation("Give an account a role at an organization; it counts from the next field on.", CanManageRoles)
    async def grant_role(self, info: Info[Context, None], input: GrantRoleInput) -> RolePayload | None:
        """Give."""
        done = await roles.grant(
            info.context.call.with_key(input.key),
            account_id=shared_id(input.account_id, "Account", "accountId"),
            role=input.role,
            organization_id=shared_id(input.organization_id, "Organization", "organizationId"),
            since=input.since,
            until=input.until,
        )
        return RolePayload(as_of=done.as_of).refer(role=(done.id,))

    @mutation("End a role: what it opened is closed at once, open streams too.", CanManageRoles)
    async def end_role(self, info: Info[Context, None], input: EndRoleInput) -> RolePayload | None:
        """End."""
        grant_id = shared_id(input.grant_id, "RoleGrant", "grantId")
        done = await roles.end(info.context.call.with_key(input.key), grant_id=grant_id)
        return RolePayload(as_of=done.as_of).refer(role=(done.id,))


@strawberry.type
class RoleSubscriptions:
    """Roles on screens."""

    role_changed: RoleChanged = watched(
        "A role at the viewer's organizations was given or ended.",
        CanSeeRoles,
        events={EventKind.ROLE_CHANGED: RoleChanged},
        at=StaffPermission.SEE_ROLES,
    )
