"""The closed vocabulary of the audit log: `subject:action`."""

from enum import StrEnum

import msgspec

from domain.access import Category, Ground
from domain.errors import NotFound, TooManyAttempts


class Outcome(StrEnum):
    """How an action ended."""

    DONE = "DONE"
    REFUSED = "REFUSED"


class AuditAction(StrEnum):
    """Everything that an entry can say."""

    SIGN_IN = "session:sign-in"
    SIGN_OUT = "session:sign-out"
    SEND_CODE = "session:send-code"
    STEP_UP = "session:step-up"
    CHANGE_PASSWORD = "account:change-password"  # noqa: S105 - no password
    CHANGE_FACTOR = "account:change-factor"
    CHANGE_CONTACT = "account:change-contact"
    REGISTER = "account:register"
    RECOVER = "account:recover"
    LINK_IDENTITY = "account:link-identity"
    LIST_IDENTITY_CHECKS = "identity:list"
    DECIDE_IDENTITY = "identity:decide"
    OPEN_SCAN = "scan:open"
    READ_NOTIFICATIONS = "notification:read"
    CHANGE_NOTIFICATIONS = "notification:choose"
    CREATE_CALENDAR = "calendar:create"
    REVOKE_CALENDAR = "calendar:revoke"
    READ_CALENDAR = "calendar:read"
    LIST_DELIVERIES = "delivery:list"
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
    APPLY = "request:apply"
    RECEIVE = "result:receive"
    TAKE_MESSAGE = "message:receive"
    REPLAY_MESSAGE = "message:replay"
    IMPORT = "record:import"
    POLICY_STATUS = "policy:change-status"
    GIVE_CONSENT = "consent:give"
    WITHDRAW_CONSENT = "consent:withdraw"
    SECURITY_LOG = "audit:read"
    PROVE = "audit:prove"
    ASK_ENTRY = "audit:ask"
    ANSWER_ENTRY = "audit:answer"
    CLOSE_ALERT = "alert:close"
    LOCK = "account:lock"
    UNLOCK = "account:unlock"
    LIST_ROLES = "role:list"
    GRANT_ROLE = "role:grant"
    END_ROLE = "role:end"
    LIST_MESSAGES = "message:list"
    LIST_APPEALS = "data-request:list"
    DATA_REQUEST = "data-request:submit"
    DATA_REQUEST_EXTEND = "data-request:extend"
    DATA_REQUEST_ANSWER = "data-request:answer"
    EXPORT = "record:export"
    DOWNLOAD = "record:download"
    ERASE = "record:erase"
    LIST_INCIDENTS = "incident:list"
    REPORT_INCIDENT = "incident:report"
    NOTIFY_INCIDENT = "incident:notify"


REPEATED = "REPEATED"
"""The reason of an entry that tells of an answer given once more: nothing was done again."""


class AuditEntry(msgspec.Struct, frozen=True):
    """One line: who did what to whose data, and how it ended; when and where is added by the writer."""

    action: AuditAction
    outcome: Outcome = Outcome.DONE
    patient_id: int | None = None
    categories: tuple[Category, ...] = ()
    subject_id: int | None = None
    reason: str | None = None
    """A refusal's stable code, or `REPEATED`."""
    ground: Ground | None = None
    """Why it was allowed; the writer fills in what the transaction's checks have found."""


def tells_the_patient(entry: AuditEntry, actors_patient: int | None) -> bool:
    """Return whether the patient is told at once: someone else opened or changed the record.

    Reading the list of openings is told to nobody, or telling of it would be an opening in turn; nor is a refusal,
    or who was refused would see the log's position move, and learn that there is a record.
    """
    if entry.patient_id in (None, actors_patient) or entry.outcome is not Outcome.DONE:
        return False
    return entry.action is not AuditAction.READ or entry.categories != (Category.ACCESS_LOG,)


def alarms(entry: AuditEntry, roles: tuple[str, ...]) -> bool:
    """Return whether security is told at once: an account was locked, or staff reached too far into a record.

    Not of a record that they may not know of: see above.
    """
    if entry.outcome is not Outcome.REFUSED:
        return False
    if entry.action is AuditAction.SIGN_IN:
        return entry.reason == TooManyAttempts.code
    return entry.action is AuditAction.READ and bool(roles) and entry.reason != NotFound.code
