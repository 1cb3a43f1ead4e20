"""Consents."""

from datetime import datetime

import strawberry

from domain.access import Category
from gql.permissions.record import CanReadConsents
from gql.planning.sources import Node, column, computed, identity, node, reference, to_one
from gql.schema.errors import UserError
from gql.schema.organizations import Organization
from gql.schema.payloads import Payload
from gql.schema.practitioners import Practitioner
from gql.schema.scalars import AS_OF, key_field
from persistence.access import ConsentRow


def categories_of(text: str) -> list[str]:
    """Return a stored list of categories."""
    return [word for word in text.split(",") if word]


@node(ConsentRow, guard=CanReadConsents, description="A consent of a patient.")
class Consent(Node):
    """A consent."""

    id: strawberry.ID = identity()
    practitioner: Practitioner | None = to_one(ConsentRow.practitioner_id, "The doctor in whose favour it is.")
    organization: Organization | None = to_one(ConsentRow.organization_id, "The organization in whose favour it is.")
    categories: list[Category] = computed(categories_of, "What it opens.", columns=[ConsentRow.categories])
    purpose: str = column(ConsentRow.purpose, "What for.")
    text_version: str = column(ConsentRow.text_version, "Version of the text that was shown.")
    since: datetime = column(ConsentRow.since, "From when.")
    until: datetime | None = column(ConsentRow.until, "Until when; open if null.")
    withdrawn_at: datetime | None = column(ConsentRow.withdrawn_at, "When it was withdrawn.")


@strawberry.input(description="To whom what is opened.")
class GiveConsentInput:
    """A new consent; name a practitioner or an organization."""

    patient_id: strawberry.ID = strawberry.field(description="Whose data.")
    practitioner_id: strawberry.ID | None = strawberry.field(default=None, description="The doctor.")
    organization_id: strawberry.ID | None = strawberry.field(default=None, description="The organization.")
    categories: list[Category] = strawberry.field(description="What is opened; at least one.")
    until: datetime | None = strawberry.field(default=None, description="Until when; open if null.")
    key: str | None = key_field()


@strawberry.input(description="Which consent to withdraw.")
class WithdrawConsentInput:
    """A withdrawal."""

    consent_id: strawberry.ID = strawberry.field(description="The consent.")
    key: str | None = key_field()


@strawberry.type(description="What came of it.")
class ConsentPayload(Payload):
    """The consent, or why not."""

    consent: Consent | None = reference("The consent.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)
