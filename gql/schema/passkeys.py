"""Passkeys: made and shown by browsers."""

import strawberry

from gql.schema.errors import UserError
from gql.schema.scalars import key_field, unkept_key


@strawberry.input(description="Nothing but a key.")
class BeginPasskeyInput:
    """A beginning."""

    key: str | None = unkept_key()


@strawberry.input(description="What the browser has made.")
class AddPasskeyInput:
    """A new passkey."""

    credential: str = strawberry.field(description="`PublicKeyCredential.toJSON()` as text.")
    name: str = strawberry.field(description="What its owner calls it, 1 to 100 characters.")
    key: str | None = key_field()


@strawberry.input(description="Which passkey.")
class RemovePasskeyInput:
    """A passkey of the viewer's own."""

    passkey_id: strawberry.ID = strawberry.field(description="The passkey, as `viewer.passkeys` names it.")
    key: str | None = key_field()


@strawberry.input(description="What the browser has answered.")
class SignInWithPasskeyInput:
    """An answer."""

    credential: str = strawberry.field(description="`PublicKeyCredential.toJSON()` as text.")
    key: str | None = unkept_key()


@strawberry.type(description="What a browser is asked for.")
class PasskeyOptionsPayload:
    """Options."""

    options: str | None = strawberry.field(
        default=None,
        description="JSON for `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`; five minutes.",
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
