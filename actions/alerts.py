"""What security officers do: close alerts, lock and unlock accounts."""

from typing import Any

from actions import access
from actions.call import Acting, Ref, action
from actions.text import text
from domain.access import StaffPermission
from domain.audit import AuditAction, AuditEntry
from domain.errors import Forbidden, IllegalTransition, NotFound
from domain.events import Event, EventKind
from persistence import accounts, alerts
from persistence.alerts import AlertBody, AlertRow, LockBody, LockRow
from persistence.statements import Record

LONGEST = 1000


@action(AuditAction.CLOSE_ALERT)
async def close(acting: Acting, *, alert_id: int, comment: str) -> Ref:
    """Close an alert with what was found.

    Raises:
        Forbidden: the viewer is no security officer of the place.
        NotFound: there is no such alert.
        IllegalTransition: it is closed.
    """
    comment = text(comment, "comment", LONGEST)
    places = access.places(acting, StaffPermission.LOCK_ACCOUNTS)
    tx, found = acting.tx, await alerts.alert(acting.tx, alert_id)
    if found is None or found.organization_id not in (0, *places):
        raise NotFound("alertId")
    if found.state != "OPEN":
        raise IllegalTransition("alertId")
    body = await tx.opened(AlertRow, AlertBody, found)
    row = AlertRow(**_columns(AlertRow, found), state="CLOSED", closed_at=tx.now, closed_by=acting.viewer.account_id)
    if not await tx.reseal(row, AlertBody(body.address, comment)):
        raise IllegalTransition("alertId")
    tx.audit(AuditEntry(AuditAction.CLOSE_ALERT, subject_id=alert_id))
    return Ref(0, alert_id)


@action(AuditAction.LOCK)
async def lock(acting: Acting, *, account_id: int, reason: str) -> Ref:
    """Lock an account: nobody gets in by it, its sessions and streams end at once.

    Raises:
        Forbidden: the viewer is no security officer where the account holds a role, or it is the viewer's own.
        NotFound: there is no such account.
        IllegalTransition: it is locked.
    """
    reason = text(reason, "reason", LONGEST)
    tx = acting.tx
    places = await _require_over(acting, account_id)
    if await alerts.open_lock(tx, account_id) is not None:
        raise IllegalTransition("accountId")
    row = LockRow(
        id=tx.new_id(),
        account_id=account_id,
        organization_id=min(places, default=0),
        since=tx.now,
        locked_by=acting.viewer.account_id,
    )
    await tx.insert(row, LockBody(reason))
    for session_id in await alerts.shut(tx, account_id):
        tx.emit(Event(EventKind.SESSION_ENDED, session_id, account_id=account_id))
    tx.audit(AuditEntry(AuditAction.LOCK, subject_id=account_id))
    return Ref(0, row.id)


@action(AuditAction.UNLOCK)
async def unlock(acting: Acting, *, account_id: int, reason: str) -> Ref:
    """Lift an account's lock; the person signs in anew.

    Raises:
        Forbidden: as for `lock`.
        NotFound: there is no such account.
        IllegalTransition: it isn't locked.
    """
    reason = text(reason, "reason", LONGEST)
    tx = acting.tx
    await _require_over(acting, account_id)
    found = await alerts.open_lock(tx, account_id)
    if found is None:
        raise IllegalTransition("accountId")
    body = await tx.opened(LockRow, LockBody, found)
    row = LockRow(**_columns(LockRow, found), until=tx.now, lifted_by=acting.viewer.account_id)
    if not await tx.reseal(row, LockBody(body.reason, reason)):
        raise IllegalTransition("accountId")
    await alerts.let_in(tx, account_id)
    tx.audit(AuditEntry(AuditAction.UNLOCK, subject_id=account_id))
    return Ref(0, row.id)


async def _require_over(acting: Acting, account_id: int) -> set[int]:
    """Return where an account holds a role that the viewer may lock: never the own, staff at the own place only."""
    places = access.places(acting, StaffPermission.LOCK_ACCOUNTS)
    if account_id == acting.viewer.account_id:
        raise Forbidden
    if await accounts.by_id(acting.tx, account_id) is None:
        raise NotFound("accountId")
    held = {grant.organization_id for grant in await accounts.roles(acting.tx, account_id)}
    if held and not held & places:
        raise NotFound("accountId")
    return held & places


def _columns(table: Any, record: Record) -> dict[str, Any]:
    """Return a record's columns, but for those that a change writes anew."""
    anew = {"state", "closed_at", "closed_by", "until", "lifted_by", "body", "key_id"}
    return {name: getattr(record, name) for name in table.model_fields if name not in anew}
