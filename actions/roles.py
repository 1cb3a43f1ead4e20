"""Giving and ending roles, by an administrator of the organization at which they are held (G11)."""

from datetime import datetime

from actions import access, factors
from actions.call import Acting, Ref, action
from domain.access import GRANTED_BY_PEOPLE, StaffPermission
from domain.accounts import Role
from domain.audit import AuditAction, AuditEntry
from domain.errors import Forbidden, IllegalTransition, InvalidInput, LastAdministrator, NotFound
from domain.events import Event, EventKind
from persistence import accounts, roles
from persistence.accounts import RoleGrantRow


@action(AuditAction.GRANT_ROLE)
async def grant(
    acting: Acting,
    *,
    account_id: int,
    role: Role,
    organization_id: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Ref:
    """Give an account a role; it counts from the next field on.

    Raises:
        Forbidden: the viewer administers nothing, or it is the viewer's own account.
        NotFound: the viewer administers no such organization, or there is no such account.
        InvalidInput: the role is a machine's, the account has no practitioner who could be a doctor, or the dates are
            in the past or the wrong way round.
        IllegalTransition: the account holds the role in that time.
        StepUpNeeded: a second factor must be shown first.
    """
    tx = acting.tx
    _require(acting, account_id, organization_id)
    factors.require_fresh(acting)
    begins = _dated(acting, since, until)
    if role not in GRANTED_BY_PEOPLE:
        raise InvalidInput("role")
    found = await accounts.opened(tx, account_id)
    if found is None:
        raise NotFound("accountId")
    if role is Role.DOCTOR and found[0].practitioner_id is None:
        raise InvalidInput("role")
    row = RoleGrantRow(
        id=tx.new_id(),
        account_id=account_id,
        role=role.value,
        organization_id=organization_id,
        since=begins,
        until=until,
        granted_by=acting.viewer.account_id,
    )
    if await roles.overlaps(tx, row):
        raise IllegalTransition("role")
    await tx.insert(row)
    _tell(acting, AuditAction.GRANT_ROLE, row.id, account_id, organization_id)
    return Ref(0, row.id)


@action(AuditAction.END_ROLE)
async def end(acting: Acting, *, grant_id: int) -> Ref:
    """End a role now: the next field that it opened is closed, and its streams end.

    Raises:
        Forbidden: the viewer administers nothing.
        NotFound: there is no such role at an organization that the viewer administers.
        IllegalTransition: it has ended.
        LastAdministrator: nobody would be left to administer the organization.
        StepUpNeeded: a second factor must be shown first.
    """
    tx = acting.tx
    places = access.places(acting, StaffPermission.MANAGE_ROLES)
    found = await roles.grant(tx, grant_id)
    if found is None or found.organization_id not in places:
        raise NotFound("grantId")
    factors.require_fresh(acting)
    if found.role == Role.ADMINISTRATOR:
        left = await roles.holders(tx, Role.ADMINISTRATOR, found.organization_id)
        if grant_id in left and not any(holder != found.account_id for holder in left.values()):
            raise LastAdministrator("grantId")
    if not await roles.end(tx, found, acting.viewer.account_id):
        raise IllegalTransition("grantId")
    _tell(acting, AuditAction.END_ROLE, grant_id, found.account_id, found.organization_id)
    return Ref(0, grant_id)


def _require(acting: Acting, account_id: int, organization_id: int) -> None:
    places = access.places(acting, StaffPermission.MANAGE_ROLES)
    if organization_id not in places:
        raise NotFound("organizationId")
    if account_id == acting.viewer.account_id:
        raise Forbidden


def _dated(acting: Acting, since: datetime | None, until: datetime | None) -> datetime:
    """Return from when a role is held."""
    now = acting.tx.now
    if since is not None and (since.tzinfo is None or since < now):
        raise InvalidInput("since")
    begins = since or now
    if until is not None and (until.tzinfo is None or until <= begins):
        raise InvalidInput("until")
    return begins


def _tell(acting: Acting, what: AuditAction, grant_id: int, account_id: int, organization_id: int) -> None:
    acting.tx.audit(AuditEntry(what, subject_id=grant_id))
    event = Event(EventKind.ROLE_CHANGED, grant_id, account_id=account_id, organization_id=organization_id)
    acting.tx.emit(event)
