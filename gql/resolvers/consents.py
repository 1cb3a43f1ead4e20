"""Consents: given and withdrawn."""

import strawberry
from strawberry.types import Info

from actions import consents
from gql.context import Context
from gql.permissions.record import CanGiveConsent
from gql.resolvers.mutations import mutation, owned_key, shared_id
from gql.schema.consents import ConsentPayload, GiveConsentInput, WithdrawConsentInput


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
