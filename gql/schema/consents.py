"""Consents."""

from datetime import datetime

import strawberry

from domain.access import Category, Ground
from domain.consents import ConsentPurpose, agreed
from gql.permissions.record import CanReadConsents
from gql.planning.sources import Node, column, computed, identity, node, reference, to_one
from gql.schema.enums import described
from gql.schema.errors import UserError
from gql.schema.happenings import Happening
from gql.schema.organizations import Organization
from gql.schema.payloads import Payload
from gql.schema.practitioners import Practitioner
from gql.schema.scalars import AS_OF, key_field
from persistence.access import ConsentRow

described(
    ConsentPurpose,
    "What a record is opened for.",
    {
        ConsentPurpose.TREATMENT: "Treatment.",
        ConsentPurpose.SECOND_OPINION: "A second opinion.",
        ConsentPurpose.RESEARCH: "A scientific study.",
    },
)


def categories_of(text: str) -> list[str]:
    """Return a stored list of categories."""
    return [word for word in text.split(",") if word]


def text_of(text_hash: bytes) -> str | None:
    """Return the text of a stored hash."""
    found = agreed(text_hash)
    return found.text if found else None


@node(ConsentRow, guard=CanReadConsents, description="A consent of a patient.")
class Consent(Node):
    """A consent."""

    id: strawberry.ID = identity()
    practitioner: Practitioner | None = to_one(ConsentRow.practitioner_id, "The doctor in whose favour it is.")
    organization: Organization | None = to_one(ConsentRow.organization_id, "The organization in whose favour it is.")
    categories: list[Category] = computed(categories_of, "What it opens.", columns=[ConsentRow.categories])
    purpose: ConsentPurpose = column(ConsentRow.purpose, "What for.")
    text_version: str = column(ConsentRow.text_version, "Version of the text that was shown.")
    text: str | None = computed(text_of, "The very text that was agreed to.", columns=[ConsentRow.text_hash])
    text_hash: str = computed(bytes.hex, "SHA-256 of that text, in hex.", columns=[ConsentRow.text_hash])
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
    purpose: ConsentPurpose = strawberry.field(default=ConsentPurpose.TREATMENT, description="What for.")
    text_hash: str | None = strawberry.field(
        default=None,
        description="The hash of the text that the person has read (`consentTexts`); by default the present text's.",
    )
    key: str | None = key_field()


@strawberry.input(description="Which consent to withdraw.")
class WithdrawConsentInput:
    """A withdrawal."""

    consent_id: strawberry.ID = strawberry.field(description="The consent.")
    key: str | None = key_field()


@strawberry.type(name="ConsentText", description="A text that a person is asked to agree to.")
class ShownText:
    """A text, in the language of the request."""

    purpose: ConsentPurpose = strawberry.field(description="What it is for.")
    version: str = strawberry.field(description="Its version.")
    text: str = strawberry.field(description="The very text.")
    hash: str = strawberry.field(description="Its SHA-256 in hex; pass it as `textHash`.")


@strawberry.type(description="What one doctor would no longer read if a consent were withdrawn.")
class ConsentStop:
    """A dry run's line."""

    practitioner_id: strawberry.ID = strawberry.field(description="The doctor.")
    name: str = strawberry.field(description="The doctor's name.")
    closes: list[Category] = strawberry.field(description="What closes at once, in open streams too.")
    keeps: list[Category] = strawberry.field(description="What stays open.")
    ground: Ground | None = strawberry.field(description="By what it stays open; null if nothing does.")
    sessions: int = strawberry.field(description="The doctor's open sessions.")


@strawberry.type(description="What came of it.")
class ConsentPayload(Payload):
    """The consent, or why not."""

    consent: Consent | None = reference("The consent.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(description="A consent was given or withdrawn.")
class ConsentChanged(Happening):
    """An event."""

    consent: Consent | None = reference("The consent as it is now.")
