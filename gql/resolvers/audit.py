"""The security log."""

from datetime import datetime

import strawberry

from domain.access import StaffPermission
from gql.permissions.staff import CanReadSecurityLog
from gql.planning.sources import Connection, Where, desc, root_connection
from gql.schema.audit import AuditEntry
from persistence.audit import AuditRow
from persistence.tree import Op


@strawberry.type
class AuditQueries:
    """For administrators and security officers."""

    security_log: Connection[AuditEntry] | None = root_connection(
        "What the staff of the viewer's organizations, and people without a role, did; the latest first."
        " Reading it is recorded too.",
        CanReadSecurityLog,
        order=[desc(AuditRow.id)],
        where={
            "from": Where(AuditRow.at, Op.GE, datetime, "Not before."),
            "to": Where(AuditRow.at, Op.LT, datetime, "Before."),
            "action": Where(AuditRow.action, Op.EQ, str, "Only this action, such as `record:read`."),
            "outcome": Where(AuditRow.outcome, Op.EQ, str, "DONE or REFUSED."),
        },
        at=(AuditRow.organization_id, StaffPermission.READ_SECURITY_LOG),
    )
