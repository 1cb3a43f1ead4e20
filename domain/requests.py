"""Patients' requests: kinds, states and legal moves."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum


class RequestKind(StrEnum):
    """What a person asks a clinic for."""

    DATA_CHANGE = "DATA_CHANGE"
    POLICY_EXTENSION = "POLICY_EXTENSION"
    POLICY_QUESTION = "POLICY_QUESTION"
    REFERRAL = "REFERRAL"
    FEEDBACK = "FEEDBACK"


class RequestStatus(StrEnum):
    """Where a request stands."""

    SUBMITTED = "SUBMITTED"
    IN_WORK = "IN_WORK"
    NEEDS_INFO = "NEEDS_INFO"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


S = RequestStatus

NEXT: Mapping[RequestStatus, frozenset[RequestStatus]] = {
    S.SUBMITTED: frozenset({S.IN_WORK, S.WITHDRAWN}),
    S.IN_WORK: frozenset({S.APPROVED, S.REJECTED, S.NEEDS_INFO, S.WITHDRAWN}),
    S.NEEDS_INFO: frozenset({S.IN_WORK, S.WITHDRAWN}),
}

OPEN = frozenset({S.SUBMITTED, S.IN_WORK, S.NEEDS_INFO})
"""States in which someone still has to act."""

ANSWER_WITHIN: Mapping[RequestKind, timedelta] = {
    RequestKind.DATA_CHANGE: timedelta(days=7),
    RequestKind.POLICY_EXTENSION: timedelta(days=5),
    RequestKind.POLICY_QUESTION: timedelta(days=2),
    RequestKind.REFERRAL: timedelta(days=3),
    RequestKind.FEEDBACK: timedelta(days=30),
}
"""House rules, not law: a clinic network changes them here."""


def due_at(kind: RequestKind, submitted_at: datetime) -> datetime:
    """Return when the answer is due."""
    return submitted_at + ANSWER_WITHIN[kind]
