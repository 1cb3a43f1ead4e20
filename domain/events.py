"""What has happened: facts in the past, ids only."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from domain.access import Permission, Rights, StaffPermission


class EventKind(StrEnum):
    """Kinds of events, named as the schema's subscriptions are."""

    APPOINTMENT_CHANGED = "APPOINTMENT_CHANGED"
    SLOT_CHANGED = "SLOT_CHANGED"
    RESULT_ARRIVED = "RESULT_ARRIVED"
    ABNORMAL_RESULT_ARRIVED = "ABNORMAL_RESULT_ARRIVED"
    CRITICAL_RESULT_ARRIVED = "CRITICAL_RESULT_ARRIVED"
    REQUEST_STATUS_CHANGED = "REQUEST_STATUS_CHANGED"
    POLICY_STATUS_CHANGED = "POLICY_STATUS_CHANGED"
    CONSENT_CHANGED = "CONSENT_CHANGED"
    RECORD_OPENED = "RECORD_OPENED"
    SECURITY_ALERT = "SECURITY_ALERT"
    APPEAL_CHANGED = "APPEAL_CHANGED"
    TASK_CHANGED = "TASK_CHANGED"
    SESSION_ENDED = "SESSION_ENDED"
    REGISTRATION_CHANGED = "REGISTRATION_CHANGED"
    NOTIFICATION_ARRIVED = "NOTIFICATION_ARRIVED"
    SIGNED_IN = "SIGNED_IN"
    CREDENTIALS_CHANGED = "CREDENTIALS_CHANGED"
    RECOVERY_CHANGED = "RECOVERY_CHANGED"
    ROLE_CHANGED = "ROLE_CHANGED"


GATE: Final[Mapping[EventKind, Permission]] = {
    EventKind.APPOINTMENT_CHANGED: Permission.READ_APPOINTMENTS,
    EventKind.RESULT_ARRIVED: Permission.READ_RESULTS,
    EventKind.ABNORMAL_RESULT_ARRIVED: Permission.READ_RESULTS,
    EventKind.CRITICAL_RESULT_ARRIVED: Permission.READ_RESULTS,
    EventKind.REQUEST_STATUS_CHANGED: Permission.READ_REQUESTS,
    EventKind.POLICY_STATUS_CHANGED: Permission.READ_POLICIES,
    EventKind.CONSENT_CHANGED: Permission.READ_CONSENTS,
    EventKind.RECORD_OPENED: Permission.READ_ACCESS_LOG,
}
"""What a reader of an event about a patient must be allowed, at the moment of its delivery."""


OWN_ACCOUNT: Final = frozenset(
    {EventKind.REGISTRATION_CHANGED, EventKind.RECOVERY_CHANGED, EventKind.NOTIFICATION_ARRIVED}
)
"""About an account, told to nobody else."""


class Event(msgspec.Struct, frozen=True):
    """One fact; the reader loads what it points at with the reader's own rights."""

    kind: EventKind
    subject_id: int
    """The row that changed."""
    patient_id: int | None = None
    practitioner_id: int | None = None
    organization_id: int | None = None
    account_id: int | None = None


def may_hear(rights: Rights, event: Event) -> bool:
    """Return whether a reader may learn of an event now; what may be seen of its object is decided apart."""
    gate = GATE.get(event.kind)
    if gate is not None:
        patient_id = event.patient_id
        return patient_id is not None and rights.decide(gate, patient_id, event.organization_id).allowed
    if event.kind in OWN_ACCOUNT:
        return rights.viewer is not None and rights.viewer.account_id == event.account_id
    if event.kind is EventKind.SECURITY_ALERT:
        places = rights.places(StaffPermission.READ_SECURITY_LOG)
        return bool(places) and event.organization_id in (0, *places)
    if event.kind is EventKind.ROLE_CHANGED:
        own = rights.viewer is not None and rights.viewer.account_id == event.account_id
        return own or event.organization_id in rights.places(StaffPermission.SEE_ROLES)
    return event.kind is EventKind.SLOT_CHANGED
