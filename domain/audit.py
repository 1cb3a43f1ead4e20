"""The closed vocabulary of the audit log: `subject:action`."""

from enum import StrEnum

import msgspec

from domain.access import Category


class Outcome(StrEnum):
    """How an action ended."""

    DONE = "DONE"
    REFUSED = "REFUSED"


class AuditAction(StrEnum):
    """Everything that an entry can say."""

    SIGN_IN = "session:sign-in"
    SIGN_OUT = "session:sign-out"
    READ = "record:read"
    ASK_FIELD = "field:ask"
    """A root field that a guard refused."""
    BOOK = "appointment:book"
    CANCEL = "appointment:cancel"
    SUBMIT = "request:submit"
    TAKE = "request:take"
    ASK = "request:ask-for-more"
    ANSWER = "request:answer"
    APPROVE = "request:approve"
    REJECT = "request:reject"
    WITHDRAW = "request:withdraw"
    RECEIVE = "result:receive"
    TAKE_MESSAGE = "message:receive"
    REPLAY_MESSAGE = "message:replay"
    IMPORT = "record:import"
    POLICY_STATUS = "policy:change-status"
    GIVE_CONSENT = "consent:give"
    WITHDRAW_CONSENT = "consent:withdraw"
    SECURITY_LOG = "audit:read"


class AuditEntry(msgspec.Struct, frozen=True):
    """One line: who did what to whose data, and how it ended; when and where is added by the writer."""

    action: AuditAction
    outcome: Outcome = Outcome.DONE
    patient_id: int | None = None
    categories: tuple[Category, ...] = ()
    subject_id: int | None = None
    reason: str | None = None
    """A refusal's stable code."""
