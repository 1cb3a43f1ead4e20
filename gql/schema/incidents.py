"""Breaches and their clocks; the register of processing operations."""

from datetime import datetime

import strawberry

from domain import notices
from gql.planning.sources import column, computed, node, reference, sealed, to_one
from gql.schema.audit import Actor
from gql.schema.errors import UserError
from gql.schema.payloads import Payload
from gql.schema.refs import account_ref, incident_ref
from gql.schema.scalars import AS_OF, key_field
from persistence.incidents import IncidentBody, IncidentRow


def regulators_notice(
    found: datetime, since: datetime, until: datetime, affected: int, title: str, details: str
) -> str:
    """Return the first notice."""
    return notices.regulator(title, details, found, since, until, affected)


def inquirys_notice(found: datetime, affected: int, title: str, findings: str) -> str:
    """Return the second notice."""
    return notices.inquiry(title, findings, found, affected)


def persons_notice(found: datetime, since: datetime, until: datetime) -> str:
    """Return what people are told."""
    return notices.person(found, since, until)


FOUND, SINCE, UNTIL = IncidentRow.discovered_at, IncidentRow.since, IncidentRow.until


@node(IncidentRow, IncidentBody, description="A breach, with the law's clocks: 24 and 72 hours from its discovery.")
class Incident:
    """An incident."""

    id: strawberry.ID = computed(incident_ref, "For telling what became of it.", columns=[IncidentRow.id])
    title: str = sealed("title", "What it is called.")
    details: str = sealed("details", "What happened.")
    findings: str = sealed("findings", "What the inquiry found; empty until then.")
    discovered_at: datetime = column(FOUND, "When it was discovered.")
    since: datetime = column(SINCE, "From when data were reached.")
    until: datetime = column(UNTIL, "Until when.")
    notice_due_at: datetime = column(IncidentRow.notice_due_at, "When the regulator must have been told.")
    notice_at: datetime | None = column(IncidentRow.notice_at, "When it was.")
    inquiry_due_at: datetime = column(IncidentRow.inquiry_due_at, "When the findings must have been sent.")
    inquiry_at: datetime | None = column(IncidentRow.inquiry_at, "When they were.")
    affected: int = column(IncidentRow.affected, "How many people's records were reached.")
    account_id: strawberry.ID | None = computed(account_ref, "By whose account.", columns=[IncidentRow.account_id])
    actor: Actor | None = to_one(IncidentRow.account_id, "Whose account that is.")
    regulators_notice: str = computed(
        regulators_notice,
        "Text of the first notice to the regulator.",
        columns=[FOUND, SINCE, UNTIL, IncidentRow.affected],
        attributes=["title", "details"],
    )
    inquirys_notice: str = computed(
        inquirys_notice,
        "Text of the second notice to the regulator.",
        columns=[FOUND, IncidentRow.affected],
        attributes=["title", "findings"],
    )
    persons_notice: str = computed(
        persons_notice, "Text for the people who are affected.", columns=[FOUND, SINCE, UNTIL]
    )


@strawberry.input(description="A breach.")
class ReportIncidentInput:
    """A report."""

    title: str = strawberry.field(description="What it is called, up to 200 characters.")
    details: str = strawberry.field(description="What happened, up to 4,000 characters.")
    since: datetime = strawberry.field(description="From when data were reached.")
    until: datetime = strawberry.field(description="Until when.")
    account_id: strawberry.ID | None = strawberry.field(
        default=None, description="By whose account: whom it reached is listed by the audit log."
    )
    discovered_at: datetime | None = strawberry.field(default=None, description="When it was discovered; now.")
    key: str | None = key_field()


@strawberry.input(description="Which incident the regulator was told of.")
class IncidentToldInput:
    """A notice given."""

    incident_id: strawberry.ID = strawberry.field(description="The incident.")
    findings: str | None = strawberry.field(default=None, description="What the inquiry found; with the second notice.")
    key: str | None = key_field()


@strawberry.type(description="What came of it.")
class IncidentPayload(Payload):
    """The incident, or why not."""

    incident: Incident | None = reference("The incident.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(description="One processing operation (152-FZ).")
class ProcessingOperation:
    """A line of the register."""

    name: str = strawberry.field(description="What it is called.")
    purpose: str = strawberry.field(description="What for.")
    ground: str = strawberry.field(description="On what legal ground.")
    subjects: str = strawberry.field(description="Whose data.")
    data: str = strawberry.field(description="Which data.")
    receivers: str = strawberry.field(description="Who gets them.")
    kept: str = strawberry.field(description="For how long they are kept.")
