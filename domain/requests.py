"""Patients' requests: kinds, states, legal moves, and when an answer is due."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.appeals import due


class RequestKind(StrEnum):
    """What a person asks a clinic for."""

    DATA_CHANGE = "DATA_CHANGE"
    POLICY_EXTENSION = "POLICY_EXTENSION"
    POLICY_QUESTION = "POLICY_QUESTION"
    REFERRAL = "REFERRAL"
    FEEDBACK = "FEEDBACK"
    TICKET = "TICKET"


class RequestStatus(StrEnum):
    """Where a request stands."""

    SUBMITTED = "SUBMITTED"
    IN_WORK = "IN_WORK"
    NEEDS_INFO = "NEEDS_INFO"
    APPROVED = "APPROVED"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


S = RequestStatus

BEGUN: Final = "NEW"
"""Where a request comes from when it is submitted: no state, since nothing is kept before."""

NEXT: Final[Mapping[RequestStatus, frozenset[RequestStatus]]] = {
    S.SUBMITTED: frozenset({S.IN_WORK, S.WITHDRAWN}),
    S.IN_WORK: frozenset({S.APPROVED, S.REJECTED, S.NEEDS_INFO, S.WITHDRAWN}),
    S.NEEDS_INFO: frozenset({S.IN_WORK, S.WITHDRAWN}),
}
"""What every kind may do."""

_APPLYING: Final = {**NEXT, S.APPROVED: frozenset({S.APPLIED, S.REJECTED})}


def moves(kind: RequestKind) -> Mapping[RequestStatus, frozenset[RequestStatus]]:
    """Return the legal moves of a kind; the database holds the same table and refuses any other move."""
    return _APPLYING if kind is RequestKind.DATA_CHANGE else NEXT


def every_move() -> set[tuple[str, str, str]]:
    """Return (kind, from, to) of every legal move, submission included."""
    found = {(kind.value, BEGUN, S.SUBMITTED.value) for kind in RequestKind}
    for kind in RequestKind:
        found |= {(kind.value, was.value, then.value) for was, nexts in moves(kind).items() for then in nexts}
    return found


OPEN = frozenset({S.SUBMITTED, S.IN_WORK, S.NEEDS_INFO})
"""States in which someone still has to act."""

ANSWER_WITHIN: Final[Mapping[RequestKind, int]] = {
    RequestKind.DATA_CHANGE: 7,
    RequestKind.POLICY_EXTENSION: 5,
    RequestKind.POLICY_QUESTION: 2,
    RequestKind.REFERRAL: 3,
    RequestKind.FEEDBACK: 20,
    RequestKind.TICKET: 2,
}
"""Working days. House rules, but for a change of data (152-FZ, article 21): a clinic network changes them here."""


def due_at(kind: RequestKind, submitted_at: datetime) -> datetime:
    """Return when the answer is due: the end of the last working day, Moscow time."""
    return due(submitted_at, ANSWER_WITHIN[kind])
