"""Breaches, for security officers; the register of processing operations, for everybody."""

import strawberry
from strawberry.types import Info

from actions import incidents
from domain.processing import REGISTER
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.permissions.staff import CanHandleIncidents
from gql.planning.sources import Connection, desc, root_connection
from gql.resolvers.mutations import mutation, shared_id
from gql.resolvers.queries import question
from gql.schema.incidents import (
    Incident,
    IncidentPayload,
    IncidentToldInput,
    ProcessingOperation,
    ReportIncidentInput,
)
from persistence.incidents import IncidentRow


@strawberry.type
class IncidentQueries:
    """What happened, and what is done with data at all."""

    incidents: Connection[Incident] | None = root_connection(
        "Breaches, the latest first; reading the list is recorded.",
        CanHandleIncidents,
        order=[desc(IncidentRow.id)],
    )

    @question("The register of processing operations.", SignedIn)
    async def processing_register(self) -> list[ProcessingOperation] | None:
        """Return it."""
        return [ProcessingOperation(**line._asdict()) for line in REGISTER]


@strawberry.type
class IncidentMutations:
    """Their verbs."""

    @mutation("Report a breach: the clocks start, those affected are listed.", CanHandleIncidents)
    async def report_incident(self, info: Info[Context, None], input: ReportIncidentInput) -> IncidentPayload | None:
        """Report."""
        account = input.account_id
        done = await incidents.report(
            info.context.call.with_key(input.key),
            title=input.title,
            details=input.details,
            since=input.since,
            until=input.until,
            account_id=shared_id(account, "Account", "accountId") if account else None,
            discovered_at=input.discovered_at,
        )
        return IncidentPayload(as_of=done.as_of).refer(incident=(done.id,))

    @mutation("Note that the regulator was told: of the breach, then of the findings.", CanHandleIncidents)
    async def incident_told(self, info: Info[Context, None], input: IncidentToldInput) -> IncidentPayload | None:
        """Note."""
        incident_id = shared_id(input.incident_id, "Incident", "incidentId")
        call = info.context.call.with_key(input.key)
        done = await incidents.told(call, incident_id=incident_id, findings=input.findings)
        return IncidentPayload(as_of=done.as_of).refer(incident=(done.id,))
