"""The security log."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from actions import audit
from domain.access import StaffPermission
from domain.errors import InvalidInput
from domain.events import EventKind
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.permissions.staff import CanReadSecurityLog
from gql.planning.sources import Connection, Where, desc, root_connection, watched
from gql.resolvers.mutations import owned_key
from gql.resolvers.queries import question
from gql.schema.audit import (
    AccessLogProof,
    AuditCheckpoint,
    AuditEntry,
    ProvedEntry,
    RecordOpened,
    SecurityAlertRaised,
)
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

    @question(
        "Entries about a patient with the proof that none was changed, and none is missing between.",
        SignedIn,
        patient_id="Whose record.",
        after="Behind this place of the patient's chain; 0 by default.",
        first="How many at most, up to 100.",
    )
    async def access_log_proof(
        self, info: Info[Context, None], patient_id: strawberry.ID, after: int = 0, first: int = audit.MOST
    ) -> AccessLogProof | None:
        """Prove."""
        if after < 0 or first < 0:
            raise InvalidInput("first")
        found = await audit.bundle(
            info.context.call,
            patient_id=owned_key(patient_id, "Patient", "patientId")[0],
            after=after,
            first=first,
        )
        entries = [ProvedEntry(**{**proved._asdict(), "proof": list(proved.proof)}) for proved in found.entries]
        return AccessLogProof(verifier=found.verifier, checkpoint=found.checkpoint, chain=found.chain, entries=entries)

    @question(
        "A fresh signed checkpoint of the audit log; with `older`, the proof that nothing of it was rewritten since.",
        SignedIn,
        older="The size of a checkpoint that you kept.",
    )
    async def audit_checkpoint(self, info: Info[Context, None], older: int = 0) -> AuditCheckpoint | None:
        """Sign."""
        verifier, note, consistency = await audit.grown(info.context.call, older=older)
        return AuditCheckpoint(verifier=verifier, checkpoint=note, consistency=consistency)


@strawberry.type
class AuditSubscriptions:
    """The log on screens."""

    record_opened: RecordOpened = watched(
        "Someone else opened or changed the viewer's record.",
        SignedIn,
        events={EventKind.RECORD_OPENED: RecordOpened},
        only="Patient",
    )
    security_alert_raised: SecurityAlertRaised = watched(
        "Something happened at the viewer's organizations that security should look at. Seeing it is recorded too.",
        CanReadSecurityLog,
        events={EventKind.SECURITY_ALERT: SecurityAlertRaised},
        at=StaffPermission.READ_SECURITY_LOG,
    )
