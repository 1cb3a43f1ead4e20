"""What proves who somebody is: codes, authenticator, password, contacts."""

import strawberry

import gql.schema.enums  # noqa: F401 - the enums are made before the types that use them
from domain.codes import Channel
from gql.schema.errors import UserError
from gql.schema.scalars import unkept_key

CODE = "The code that came; six digits, works once."
WAY = "By which way the code went."
TICKET = "What the sending of the code answered."


@strawberry.input(description="To whom a code is sent.")
class SendSignInCodeInput:
    """The first factor."""

    login: str = strawberry.field(description="Phone or e-mail.")
    password: str = strawberry.field(description="The password: a code goes only to whoever knows it.")
    channel: Channel = strawberry.field(default=Channel.SMS, description="By which way.")
    key: str | None = unkept_key()


@strawberry.input(description="By which way.")
class SendStepUpCodeInput:
    """The way."""

    channel: Channel = strawberry.field(default=Channel.SMS, description="By which way.")
    key: str | None = unkept_key()


@strawberry.input(description="A second factor.")
class StepUpInput:
    """A code."""

    code: str = strawberry.field(
        description="The authenticator's six digits, a code that was sent, or a recovery code; each works once."
    )
    ticket: str | None = strawberry.field(default=None, description="Of a code that was sent: what that answered.")
    channel: Channel = strawberry.field(default=Channel.SMS, description="Of a code that was sent: by which way.")
    key: str | None = unkept_key()


@strawberry.input(description="The new authenticator's first code.")
class ConfirmAuthenticatorInput:
    """A code."""

    code: str = strawberry.field(description="Six digits.")
    key: str | None = unkept_key()


@strawberry.input(description="The present password and the new one.")
class ChangePasswordInput:
    """A change."""

    current_password: str = strawberry.field(description="The present one.")
    new_password: str = strawberry.field(
        description="The new one: 8 to 256 characters, 15 advised; any language, no rules but that it is hard to guess."
    )
    key: str | None = unkept_key()


@strawberry.input(description="A new phone or address.")
class ChangeContactInput:
    """A contact."""

    channel: Channel = strawberry.field(description="Phone (SMS) or e-mail.")
    to: str = strawberry.field(description="The new one; it counts once its code came back.")
    key: str | None = unkept_key()


@strawberry.input(description="The code that went to a new contact.")
class ConfirmContactInput:
    """A code."""

    ticket: str = strawberry.field(description=TICKET)
    channel: Channel = strawberry.field(description=WAY)
    code: str = strawberry.field(description=CODE)
    key: str | None = unkept_key()


@strawberry.type(description="A code is on its way.")
class SentCodePayload:
    """What goes with the code."""

    ticket: str | None = strawberry.field(
        default=None, description="Send it with the code; it is a secret. Five guesses, ten minutes."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="The session goes on under a new token.")
class StepUpPayload:
    """The token."""

    token: str | None = strawberry.field(
        default=None, description="The session's new token; the old one, and streams under it, are over."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="A new authenticator, which counts once it has shown a code.")
class AuthenticatorPayload:
    """Its secret."""

    secret: str | None = strawberry.field(default=None, description="To be typed in by hand; told this once.")
    uri: str | None = strawberry.field(default=None, description="The same as `otpauth://`, for a QR code.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="Codes for the day when the phone is lost.")
class RecoveryCodesPayload:
    """The codes."""

    recovery_codes: list[str] | None = strawberry.field(
        default=None, description="Ten codes, each works once in place of the authenticator's; told this once."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of it.")
class DonePayload:
    """Done, or why not."""

    done: bool = strawberry.field(default=False, description="Whether it is done.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
