"""What an insurer says of a policy."""

from actions.call import Acting, Ref, action
from domain.access import Category
from domain.accounts import Role
from domain.audit import AuditAction, AuditEntry
from domain.errors import Forbidden, NotFound
from domain.events import Event, EventKind
from domain.policies import PolicyStatus
from persistence import policies


@action(AuditAction.POLICY_STATUS)
async def change_status(acting: Acting, *, patient_id: int, policy_id: int, status: PolicyStatus) -> Ref:
    """Write the status that the insurer gives, if it is another one.

    Raises:
        Forbidden: the caller isn't the insurer's system.
        NotFound: there is no such policy with this insurer.
    """
    tx = acting.tx
    if not acting.viewer.organizations(Role.INSURER):
        raise Forbidden
    found = await policies.by_id(tx, patient_id, policy_id)
    if found is None or not acting.viewer.holds(Role.INSURER, found[0].insurer_id or 0):
        raise NotFound("policyId")
    row, body = found
    if row.status != status.value:
        row.status = status.value
        await tx.reseal(row, body)
        tx.emit(Event(EventKind.POLICY_STATUS_CHANGED, row.id, patient_id=patient_id))
    entry = AuditEntry(
        AuditAction.POLICY_STATUS, patient_id=patient_id, categories=(Category.POLICIES,), subject_id=row.id
    )
    tx.audit(entry)
    return Ref(patient_id, row.id)
