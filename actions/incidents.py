"""Breaches: reported, those affected listed by the audit log, the regulator told within the law's clocks (H4)."""

from datetime import datetime
from typing import Final

from actions import access
from actions.call import Acting, Ref, action
from actions.text import text
from domain.access import StaffPermission
from domain.appeals import INVESTIGATION, NOTICE
from domain.audit import AuditAction, AuditEntry
from domain.errors import IllegalTransition, InvalidInput, NotFound
from persistence import accounts, incidents
from persistence.incidents import IncidentBody, IncidentRow

LONGEST: Final = 4000


@action(AuditAction.REPORT_INCIDENT)
async def report(
    acting: Acting,
    *,
    title: str,
    details: str,
    since: datetime,
    until: datetime,
    account_id: int | None = None,
    discovered_at: datetime | None = None,
) -> Ref:
    """Report a breach; both clocks run from its discovery, and whose records an account has reached is listed.

    Raises:
        Forbidden: the viewer handles no incidents.
        InvalidInput: a text is empty, a moment has no zone or lies ahead.
        NotFound: there is no such account.
    """
    tx = acting.tx
    access.places(acting, StaffPermission.HANDLE_INCIDENTS)
    body = IncidentBody(text(title, "title", 200), text(details, "details", LONGEST))
    found = discovered_at or tx.now
    for field, moment in (("since", since), ("until", until), ("discoveredAt", found)):
        if moment.tzinfo is None or (field != "until" and moment > tx.now):
            raise InvalidInput(field)
    if since >= until:
        raise InvalidInput("until")
    if account_id is not None and await accounts.by_id(tx, account_id) is None:
        raise NotFound("accountId")
    patients = [] if account_id is None else await incidents.reached(tx, account_id, since, until)
    row = IncidentRow(
        id=tx.new_id(),
        discovered_at=found,
        notice_due_at=found + NOTICE,
        inquiry_due_at=found + INVESTIGATION,
        account_id=account_id,
        since=since,
        until=until,
        reported_by=acting.viewer.account_id,
        affected=len(patients),
    )
    await tx.insert(row, body)
    await incidents.keep_people(tx, row.id, patients)
    tx.audit(AuditEntry(AuditAction.REPORT_INCIDENT, subject_id=row.id))
    return Ref(0, row.id)


@action(AuditAction.NOTIFY_INCIDENT)
async def told(acting: Acting, *, incident_id: int, findings: str | None = None) -> Ref:
    """Note that the regulator was told: first of the breach, then, with the findings, of what the inquiry found.

    Raises:
        Forbidden: the viewer handles no incidents.
        NotFound: there is none such.
        InvalidInput: the second notice needs the findings.
        IllegalTransition: both notices were given.
    """
    tx = acting.tx
    access.places(acting, StaffPermission.HANDLE_INCIDENTS)
    found = await incidents.by_id(tx, incident_id)
    if found is None:
        raise NotFound("incidentId")
    row, body = found
    if row.inquiry_at is not None:
        raise IllegalTransition("incidentId")
    if row.notice_at is None:
        row.notice_at = tx.now
    else:
        body = IncidentBody(body.title, body.details, text(findings or "", "findings", LONGEST))
        row.inquiry_at = tx.now
    if not await tx.reseal(row, body):
        raise IllegalTransition("incidentId")
    tx.audit(AuditEntry(AuditAction.NOTIFY_INCIDENT, subject_id=incident_id))
    return Ref(0, incident_id)
