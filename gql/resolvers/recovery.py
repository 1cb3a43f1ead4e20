"""Recovery of access: asked for by nobody in particular, stopped by whoever is signed in."""

from dataclasses import replace

import strawberry
from strawberry.types import Info

from actions import recovery
from domain.events import EventKind
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.planning.sources import watched
from gql.resolvers.mutations import mutation
from gql.schema.credentials import DonePayload, SentCodePayload
from gql.schema.recovery import (
    BeginRecoveryInput,
    RecoverAccessInput,
    RecoverAccessPayload,
    RecoveryChanged,
    StopRecoveryInput,
)


@strawberry.type
class RecoveryMutations:
    """The verbs."""

    @mutation("Send a code to the phone and one to the address of an account. The answer never tells if there is one.")
    async def begin_recovery(self, info: Info[Context, None], input: BeginRecoveryInput) -> SentCodePayload | None:
        """Begin."""
        call = replace(info.context.call, key=None)
        return SentCodePayload(ticket=await recovery.begin(call, login=input.login))

    @mutation("Have a new password come into force after 24 hours, for two proofs of three.")
    async def recover_access(self, info: Info[Context, None], input: RecoverAccessInput) -> RecoverAccessPayload | None:
        """Recover."""
        effective_at = await recovery.recover(
            replace(info.context.call, key=None),
            ticket=input.ticket,
            phone_code=input.phone_code,
            email_code=input.email_code,
            kept=input.recovery_code,
            password=input.new_password,
        )
        return RecoverAccessPayload(effective_at=effective_at)

    @mutation("Stop the recovery that waits.", SignedIn)
    async def stop_recovery(self, info: Info[Context, None], input: StopRecoveryInput) -> DonePayload | None:
        """Stop."""
        await recovery.stop(info.context.call.with_key(input.key))
        return DonePayload(done=True)


@strawberry.type
class RecoverySubscriptions:
    """What everybody who is signed in should hear at once."""

    recovery_changed: RecoveryChanged = watched(
        "A recovery of the viewer's access was asked for, stopped or done.",
        SignedIn,
        events={EventKind.RECOVERY_CHANGED: RecoveryChanged},
    )
