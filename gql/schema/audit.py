"""The log of openings, and the security log."""

from datetime import datetime

from domain.access import Category
from domain.accounts import Role
from gql.planning.sources import column, computed, node, sealed, to_one
from persistence.accounts import AccountBody, AccountRow
from persistence.audit import AuditBody, AuditRow


def listed(values: tuple[str, ...]) -> list[str]:
    """Return a stored tuple as a list."""
    return list(values)


@node(AccountRow, AccountBody, description="Whoever acted.")
class Actor:
    """An account as others see it."""

    name: str = sealed("name", "What the account is called.")


@node(AuditRow, AuditBody, description="One entry of the log.")
class AuditEntry:
    """An entry."""

    at: datetime = column(AuditRow.at, "When.")
    action: str = column(AuditRow.action, "What was done: `subject:action`.")
    outcome: str = column(AuditRow.outcome, "DONE or REFUSED.")
    actor: Actor | None = to_one(AuditRow.account_id, "Who.")
    categories: list[Category] = computed(listed, "Which data.", attributes=["categories"])
    roles: list[Role] = computed(listed, "The roles held at that moment.", attributes=["roles"])
    reason: str | None = sealed("reason", "Why it was refused: a stable code.")
    address: str = sealed("address", "From which network address.")
    operation: str = sealed("operation", "The client's name of the operation.")
