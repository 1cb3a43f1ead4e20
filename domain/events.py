"""What has happened: facts in the past, ids only."""

from enum import StrEnum

import msgspec


class EventKind(StrEnum):
    """Kinds of events, named as the schema's subscriptions are."""

    APPOINTMENT_CHANGED = "APPOINTMENT_CHANGED"
    SLOT_CHANGED = "SLOT_CHANGED"
    RESULT_ARRIVED = "RESULT_ARRIVED"
    ABNORMAL_RESULT_ARRIVED = "ABNORMAL_RESULT_ARRIVED"
    REQUEST_STATUS_CHANGED = "REQUEST_STATUS_CHANGED"
    POLICY_STATUS_CHANGED = "POLICY_STATUS_CHANGED"
    CONSENT_CHANGED = "CONSENT_CHANGED"
    RECORD_OPENED = "RECORD_OPENED"
    SESSION_ENDED = "SESSION_ENDED"


class Event(msgspec.Struct, frozen=True):
    """One fact; the reader loads what it points at with the reader's own rights."""

    kind: EventKind
    subject_id: int
    """The row that changed."""
    patient_id: int | None = None
    practitioner_id: int | None = None
    organization_id: int | None = None
    account_id: int | None = None
