"""Alerts about unusual activity, and locks of accounts."""

from datetime import datetime

import strawberry

from domain.watch import AlertKind
from gql.planning.sources import column, computed, node, reference, sealed, to_one
from gql.schema.audit import Actor, AuditEntry
from gql.schema.errors import UserError
from gql.schema.payloads import Payload
from gql.schema.refs import account_ref, alert_ref
from gql.schema.scalars import AS_OF, key_field
from persistence.alerts import AlertBody, AlertRow, LockBody, LockRow


@node(AlertRow, AlertBody, description="Something unusual that a rule found in the audit log.")
class SecurityAlert:
    """An alert."""

    id: strawberry.ID = computed(alert_ref, "For closing it.", columns=[AlertRow.id])
    at: datetime = column(AlertRow.at, "When it was found.")
    kind: AlertKind = column(AlertRow.kind, "Which rule.")
    state: str = column(AlertRow.state, "OPEN or CLOSED.")
    count: int = column(AlertRow.count, "How many were too many; of IMPOSSIBLE_TRAVEL, km/h.")
    account_id: strawberry.ID | None = computed(account_ref, "For locking it.", columns=[AlertRow.account_id])
    actor: Actor | None = to_one(AlertRow.account_id, "By whose account; null where many were tried.")
    entry: AuditEntry | None = to_one(AlertRow.entry_id, "The entry that was too much.")
    address: str = sealed("address", "From which network address.")
    comment: str = sealed("comment", "What was found; empty while it is open.")
    closed_at: datetime | None = column(AlertRow.closed_at, "When it was closed.")
    closed_by: Actor | None = to_one(AlertRow.closed_by, "Who closed it.")


@node(LockRow, LockBody, description="A lock of an account.")
class AccountLock:
    """A lock."""

    account_id: strawberry.ID | None = computed(account_ref, "The account.", columns=[LockRow.account_id])
    actor: Actor | None = to_one(LockRow.account_id, "Whose account.")
    since: datetime = column(LockRow.since, "From when.")
    until: datetime | None = column(LockRow.until, "When it was lifted; null while it holds.")
    locked_by: Actor | None = to_one(LockRow.locked_by, "Who locked it.")
    reason: str = sealed("reason", "Why.")
    lifted_because: str = sealed("lifted_because", "Why it was lifted; empty while it holds.")


@strawberry.input(description="Which alert, and what was found.")
class CloseAlertInput:
    """A closing."""

    alert_id: strawberry.ID = strawberry.field(description="The alert.")
    comment: str = strawberry.field(description="What was found, 1 to 1,000 characters.")
    key: str | None = key_field()


@strawberry.input(description="Which account, and why.")
class AccountLockInput:
    """A lock or its lifting."""

    account_id: strawberry.ID = strawberry.field(description="The account, as an entry or an alert names it.")
    reason: str = strawberry.field(description="Why, 1 to 1,000 characters.")
    key: str | None = key_field()


@strawberry.type(description="What came of it.")
class AlertPayload(Payload):
    """The alert, or why not."""

    alert: SecurityAlert | None = reference("The alert.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(description="What came of it.")
class AccountLockPayload(Payload):
    """The lock, or why not."""

    lock: AccountLock | None = reference("The lock.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)
