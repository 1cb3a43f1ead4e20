"""Codes, step-up, authenticator, password, contacts."""

from dataclasses import replace

import strawberry
from strawberry.types import Info

from actions import contacts, factors, passwords, sessions
from actions.call import Call
from actions.factors import Shown
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.resolvers.mutations import mutation
from gql.schema.credentials import (
    AuthenticatorPayload,
    ChangeContactInput,
    ChangePasswordInput,
    ConfirmAuthenticatorInput,
    ConfirmContactInput,
    DonePayload,
    RecoveryCodesPayload,
    SendSignInCodeInput,
    SendStepUpCodeInput,
    SentCodePayload,
    StepUpInput,
    StepUpPayload,
)
from security.totp import provisioning_uri


def _call(info: Info[Context, None]) -> Call:
    """Return the call without its key: a secret is told once, so a repeat has no outcome to give."""
    return replace(info.context.call, key=None)


@strawberry.type
class CredentialMutations:
    """What proves who somebody is."""

    @mutation("Send a one-time code to whoever knows the password; `signIn` takes it with the ticket.")
    async def send_sign_in_code(self, info: Info[Context, None], input: SendSignInCodeInput) -> SentCodePayload | None:
        """Send."""
        ticket = await sessions.send_code(
            _call(info), login=input.login, password=input.password, channel=input.channel
        )
        return SentCodePayload(ticket=ticket)

    @mutation("Send the viewer a one-time code for `stepUp`.", SignedIn)
    async def send_step_up_code(self, info: Info[Context, None], input: SendStepUpCodeInput) -> SentCodePayload | None:
        """Send."""
        return SentCodePayload(ticket=await factors.send_step_up(_call(info), channel=input.channel))

    @mutation("Show a second factor once more: it opens sensitive acts for 15 minutes.", SignedIn)
    async def step_up(self, info: Info[Context, None], input: StepUpInput) -> StepUpPayload | None:
        """Prove."""
        shown = Shown(input.code, input.ticket, input.channel)
        return StepUpPayload(token=await factors.step_up(_call(info), shown=shown))

    @mutation("Begin to set up an authenticator application, or to replace it.", SignedIn)
    async def begin_authenticator(self, info: Info[Context, None]) -> AuthenticatorPayload | None:
        """Begin."""
        secret = await factors.begin_app(_call(info))
        return AuthenticatorPayload(secret=secret, uri=provisioning_uri(secret, "Медкабинет", "Medkabinet"))

    @mutation("Make the new authenticator the one that counts; other sessions end.", SignedIn)
    async def confirm_authenticator(
        self, info: Info[Context, None], input: ConfirmAuthenticatorInput
    ) -> RecoveryCodesPayload | None:
        """Confirm."""
        return RecoveryCodesPayload(recovery_codes=await factors.confirm_app(_call(info), code=input.code))

    @mutation("Change the password; every session ends, this one too.", SignedIn)
    async def change_password(self, info: Info[Context, None], input: ChangePasswordInput) -> DonePayload | None:
        """Change."""
        await passwords.change(_call(info), current=input.current_password, new=input.new_password)
        return DonePayload(done=True)

    @mutation("Send a code to a new phone or address; it counts once the code came back.", SignedIn)
    async def change_contact(self, info: Info[Context, None], input: ChangeContactInput) -> SentCodePayload | None:
        """Send."""
        return SentCodePayload(ticket=await contacts.change(_call(info), channel=input.channel, to=input.to))

    @mutation("Make a new contact the account's; the old one is told.", SignedIn)
    async def confirm_contact(self, info: Info[Context, None], input: ConfirmContactInput) -> DonePayload | None:
        """Confirm."""
        await contacts.confirm(_call(info), ticket=input.ticket, channel=input.channel, code=input.code)
        return DonePayload(done=True)
