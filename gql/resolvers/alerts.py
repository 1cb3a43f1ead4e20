"""Security officers' watch: alerts, locks."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from actions import alerts
from domain.access import StaffPermission
from domain.watch import AlertKind
from gql.context import Context
from gql.permissions.staff import CanLockAccounts, CanReadSecurityLog
from gql.planning.sources import Connection, Where, desc, root_connection
from gql.resolvers.mutations import mutation, shared_id
from gql.schema.alerts import (
    AccountLock,
    AccountLockInput,
    AccountLockPayload,
    AlertPayload,
    CloseAlertInput,
    SecurityAlert,
)
from persistence.alerts import AlertRow, LockRow
from persistence.tree import Op


@strawberry.type
class AlertQueries:
    """What was found, and whom it shut out."""

    security_alerts: Connection[SecurityAlert] | None = root_connection(
        "Unusual activity at the viewer's organizations and of people without a role; the latest first.",
        CanReadSecurityLog,
        order=[desc(AlertRow.id)],
        where={
            "state": Where(AlertRow.state, Op.EQ, str, "OPEN or CLOSED."),
            "kind": Where(AlertRow.kind, Op.EQ, AlertKind, "Which rule."),
            "from": Where(AlertRow.at, Op.GE, datetime, "Not before."),
        },
        at=(AlertRow.organization_id, StaffPermission.READ_SECURITY_LOG),
    )
    account_locks: Connection[AccountLock] | None = root_connection(
        "Locks of accounts at the viewer's organizations and of people without a role; the latest first.",
        CanReadSecurityLog,
        order=[desc(LockRow.id)],
        at=(LockRow.organization_id, StaffPermission.READ_SECURITY_LOG),
    )


@strawberry.type
class AlertMutations:
    """Their verbs."""

    @mutation("Close an alert with what was found.", CanLockAccounts)
    async def close_alert(self, info: Info[Context, None], input: CloseAlertInput) -> AlertPayload | None:
        """Close."""
        alert_id = shared_id(input.alert_id, "SecurityAlert", "alertId")
        done = await alerts.close(info.context.call.with_key(input.key), alert_id=alert_id, comment=input.comment)
        return AlertPayload(as_of=done.as_of).refer(alert=(done.id,))

    @mutation("Lock an account: its sessions and streams end at once.", CanLockAccounts)
    async def lock_account(self, info: Info[Context, None], input: AccountLockInput) -> AccountLockPayload | None:
        """Lock."""
        account_id = shared_id(input.account_id, "Account", "accountId")
        done = await alerts.lock(info.context.call.with_key(input.key), account_id=account_id, reason=input.reason)
        return AccountLockPayload(as_of=done.as_of).refer(lock=(done.id,))

    @mutation("Lift an account's lock.", CanLockAccounts)
    async def unlock_account(self, info: Info[Context, None], input: AccountLockInput) -> AccountLockPayload | None:
        """Unlock."""
        account_id = shared_id(input.account_id, "Account", "accountId")
        done = await alerts.unlock(info.context.call.with_key(input.key), account_id=account_id, reason=input.reason)
        return AccountLockPayload(as_of=done.as_of).refer(lock=(done.id,))
