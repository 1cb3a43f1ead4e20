"""Registration to a confirmed identity, step by step, and the operator's decision."""

from dataclasses import replace

import strawberry
from strawberry.types import Info

from actions import confirming, registration
from actions.call import Call, Ref
from domain.errors import InvalidInput
from domain.events import EventKind
from domain.registration import PersonalData, RegistrationState
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.permissions.staff import CanCheckIdentity
from gql.planning.sources import Connection, root_connection, watched
from gql.resolvers.mutations import mutation, shared_id
from gql.schema.credentials import DonePayload, SentCodePayload
from gql.schema.errors import UserError
from gql.schema.registration import (
    AddScanInput,
    BeginRegistrationInput,
    ConfirmContactsInput,
    ConfirmContactsPayload,
    ConfirmIdentityInput,
    DecideIdentityInput,
    IdentityCheck,
    RegistrationChanged,
    RegistrationPayload,
    RegistrationStepInput,
    ScanPayload,
    SendConfirmationCodeInput,
    SubmitPersonalDataInput,
)
from persistence.registration import RegistrationRow
from persistence.tree import Op


def _unkept(info: Info[Context, None]) -> Call:
    """Return the call without its key: what can't be told twice has no outcome to repeat."""
    return replace(info.context.call, key=None)


def _told(done: Ref) -> RegistrationPayload:
    return RegistrationPayload(as_of=done.as_of).refer(registration=(done.id,))


@strawberry.type
class RegistrationQueries:
    """The operators' queue."""

    identity_checks: Connection[IdentityCheck] | None = root_connection(
        "People whose face and document are to be compared, the longest waiting first; reading it is recorded.",
        CanCheckIdentity,
        order=[RegistrationRow.changed_at, RegistrationRow.id],
        fixed=[(RegistrationRow.state, Op.EQ, RegistrationState.VIDEO.value)],
    )


@strawberry.type
class RegistrationMutations:
    """The steps."""

    @mutation("Begin: a code goes to the phone and one to the address. The answer never tells who has an account.")
    async def begin_registration(
        self, info: Info[Context, None], input: BeginRegistrationInput
    ) -> SentCodePayload | None:
        """Begin."""
        return SentCodePayload(ticket=await registration.begin(_unkept(info), phone=input.phone, email=input.email))

    @mutation("Open the account with both codes; its first session comes with it.")
    async def confirm_contacts(
        self, info: Info[Context, None], input: ConfirmContactsInput
    ) -> ConfirmContactsPayload | None:
        """Open."""
        opened = await registration.confirm_contacts(
            _unkept(info),
            ticket=input.ticket,
            phone_code=input.phone_code,
            email_code=input.email_code,
            password=input.password,
        )
        return ConfirmContactsPayload(token=opened.token, expires_at=opened.expires_at)

    @mutation("Give the personal data, or correct them; every field at fault is named.", SignedIn)
    async def submit_personal_data(
        self, info: Info[Context, None], input: SubmitPersonalDataInput
    ) -> RegistrationPayload | None:
        """Give."""
        data = PersonalData(
            *(input.family_name, input.given_name, input.patronymic, input.birth_date, input.sex),
            *(input.passport, input.snils, input.policy),
        )
        return _told(await registration.submit_data(info.context.call.with_key(input.key), data=data))

    @mutation("Send a file; what is wrong with it is said at once, file by file.", SignedIn)
    async def add_scan(self, info: Info[Context, None], input: AddScanInput) -> ScanPayload | None:
        """Send."""
        data = await input.file.read()
        name = input.file.filename or ""
        done, faults = await registration.add_scan(_unkept(info), kind=input.kind, name=name, data=data)
        wrong = [UserError.of(InvalidInput("file", fault), info.context.call.language) for fault in faults]
        return ScanPayload(errors=wrong, as_of=done.as_of).refer(scan=(done.id,))

    @mutation("Have the data matched with the population registry; `registrationChanged` tells the outcome.", SignedIn)
    async def submit_documents(
        self, info: Info[Context, None], input: RegistrationStepInput
    ) -> RegistrationPayload | None:
        """Match."""
        return _told(await registration.submit_documents(info.context.call.with_key(input.key)))

    @mutation("Send the code that finishes the registration.", SignedIn)
    async def send_confirmation_code(
        self, info: Info[Context, None], input: SendConfirmationCodeInput
    ) -> SentCodePayload | None:
        """Send."""
        return SentCodePayload(ticket=await registration.send_code(_unkept(info), channel=input.channel))

    @mutation("Finish by a code: medical services are open from then on.", SignedIn)
    async def confirm_identity(
        self, info: Info[Context, None], input: ConfirmIdentityInput
    ) -> RegistrationPayload | None:
        """Finish."""
        done = await registration.confirm(_unkept(info), ticket=input.ticket, channel=input.channel, code=input.code)
        return _told(done)

    @mutation("Ask a person to compare the camera's picture with the passport.", SignedIn)
    async def request_video_check(
        self, info: Info[Context, None], input: RegistrationStepInput
    ) -> RegistrationPayload | None:
        """Ask."""
        return _told(await registration.request_video(info.context.call.with_key(input.key)))

    @mutation("Say whether the face is the document's.", CanCheckIdentity)
    async def decide_identity(self, info: Info[Context, None], input: DecideIdentityInput) -> DonePayload | None:
        """Decide."""
        account_id = shared_id(input.registration_id, "Registration", "registrationId")
        call = info.context.call.with_key(input.key)
        await confirming.decide(call, account_id=account_id, granted=input.granted, comment=input.comment)
        return DonePayload(done=True)


@strawberry.type
class RegistrationSubscriptions:
    """The way, live."""

    registration_changed: RegistrationChanged = watched(
        "The viewer's own registration got on: data matched, a complaint, a decision.",
        SignedIn,
        events={EventKind.REGISTRATION_CHANGED: RegistrationChanged},
    )
