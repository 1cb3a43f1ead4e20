"""Passkeys: both factors in one."""

from dataclasses import replace

import strawberry
from strawberry.types import Info

from actions import passkeys
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.resolvers.mutations import mutation, shared_id
from gql.schema.accounts import SignInPayload
from gql.schema.credentials import DonePayload
from gql.schema.passkeys import (
    AddPasskeyInput,
    BeginPasskeyInput,
    PasskeyOptionsPayload,
    RemovePasskeyInput,
    SignInWithPasskeyInput,
)


@strawberry.type
class PasskeyMutations:
    """The verbs."""

    @mutation("Begin to add a passkey: options for `navigator.credentials.create`.", SignedIn)
    async def begin_passkey(self, info: Info[Context, None], input: BeginPasskeyInput) -> PasskeyOptionsPayload | None:
        """Begin."""
        return PasskeyOptionsPayload(options=await passkeys.begin(replace(info.context.call, key=None)))

    @mutation("Keep the passkey that the browser has made.", SignedIn)
    async def add_passkey(self, info: Info[Context, None], input: AddPasskeyInput) -> DonePayload | None:
        """Add."""
        call = info.context.call.with_key(input.key)
        await passkeys.add(call, credential=input.credential, name=input.name)
        return DonePayload(done=True)

    @mutation("Remove a passkey of one's own.", SignedIn)
    async def remove_passkey(self, info: Info[Context, None], input: RemovePasskeyInput) -> DonePayload | None:
        """Remove."""
        passkey_id = shared_id(input.passkey_id, "Passkey", "passkeyId")
        await passkeys.remove(info.context.call.with_key(input.key), passkey_id=passkey_id)
        return DonePayload(done=True)

    @mutation("Begin to sign in by a passkey: options for `navigator.credentials.get`.")
    async def begin_passkey_sign_in(
        self, info: Info[Context, None], input: BeginPasskeyInput
    ) -> PasskeyOptionsPayload | None:
        """Begin."""
        return PasskeyOptionsPayload(options=await passkeys.begin_sign_in(info.context.call))

    @mutation("Open a session by a passkey, which has verified its user.")
    async def sign_in_with_passkey(
        self, info: Info[Context, None], input: SignInWithPasskeyInput
    ) -> SignInPayload | None:
        """Sign in."""
        opened = await passkeys.sign_in(info.context.call, credential=input.credential)
        return SignInPayload(token=opened.token, expires_at=opened.expires_at)
