"""Consents: given and withdrawn."""

import strawberry
from strawberry.types import Info

from actions import consents, withdrawing
from domain.consents import ConsentPurpose, shown
from domain.errors import InvalidInput
from domain.events import EventKind
from gql.context import Context
from gql.permissions.record import CanGiveConsent
from gql.permissions.session import SignedIn
from gql.planning.ids import NodeId
from gql.planning.sources import watched
from gql.resolvers.mutations import mutation, owned_key, shared_id
from gql.resolvers.queries import question
from gql.schema.consents import (
    ConsentChanged,
    ConsentPayload,
    ConsentStop,
    GiveConsentInput,
    ShownText,
    WithdrawConsentInput,
)


@strawberry.type
class ConsentQueries:
    """What is agreed to, and what a withdrawal would stop."""

    @question("The texts that are asked to be agreed to now, in the language of the request.", SignedIn)
    async def consent_texts(self, info: Info[Context, None]) -> list[ShownText] | None:
        """Return them."""
        texts = [shown(purpose, info.context.call.language) for purpose in ConsentPurpose]
        return [ShownText(purpose=t.purpose, version=t.version, text=t.text, hash=t.hash.hex()) for t in texts]

    @question(
        "A dry run: what withdrawing a consent would stop, doctor by doctor. It changes nothing.",
        SignedIn,
        consent_id="The consent.",
    )
    async def consent_withdrawal(
        self, info: Info[Context, None], consent_id: strawberry.ID
    ) -> list[ConsentStop] | None:
        """Foresee."""
        patient_id, number = owned_key(consent_id, "Consent", "consentId")
        stops = await withdrawing.foreseen(info.context.call, patient_id=patient_id, consent_id=number)
        return [
            ConsentStop(
                practitioner_id=strawberry.ID(NodeId("Practitioner", (stop.practitioner_id,)).text()),
                name=stop.name,
                closes=list(stop.closes),
                keeps=list(stop.keeps),
                ground=stop.ground,
                sessions=stop.sessions,
            )
            for stop in stops
        ]


def _hash(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise InvalidInput("textHash") from None


@strawberry.type
class ConsentMutations:
    """A patient's verbs."""

    @mutation("Open parts of a record to a doctor or an organization.", CanGiveConsent)
    async def give_consent(self, info: Info[Context, None], input: GiveConsentInput) -> ConsentPayload | None:
        """Give."""
        practitioner, organization = input.practitioner_id, input.organization_id
        given = await consents.give(
            info.context.call.with_key(input.key),
            patient_id=owned_key(input.patient_id, "Patient", "patientId")[0],
            practitioner_id=shared_id(practitioner, "Practitioner", "practitionerId") if practitioner else None,
            organization_id=shared_id(organization, "Organization", "organizationId") if organization else None,
            categories=input.categories,
            until=input.until,
            purpose=input.purpose,
            text_hash=_hash(input.text_hash),
        )
        return ConsentPayload(as_of=given.as_of).refer(consent=given[:2])

    @mutation("Take a consent back; its receiver is shut out at once.", CanGiveConsent)
    async def withdraw_consent(self, info: Info[Context, None], input: WithdrawConsentInput) -> ConsentPayload | None:
        """Withdraw."""
        patient_id, consent_id = owned_key(input.consent_id, "Consent", "consentId")
        withdrawn = await consents.withdraw(
            info.context.call.with_key(input.key), patient_id=patient_id, consent_id=consent_id
        )
        return ConsentPayload(as_of=withdrawn.as_of).refer(consent=withdrawn[:2])


@strawberry.type
class ConsentSubscriptions:
    """Consents on screens."""

    consent_changed: ConsentChanged = watched(
        "A consent of the viewer was given or withdrawn.",
        SignedIn,
        events={EventKind.CONSENT_CHANGED: ConsentChanged},
        only="Patient",
    )
