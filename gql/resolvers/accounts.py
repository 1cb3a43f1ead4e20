"""Who is signed in; signing in and out."""

import strawberry
from strawberry.types import Info

from actions import sessions
from actions.factors import Shown
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.planning.sources import Node, node_by_id, root_one
from gql.resolvers.mutations import mutation, shared_id
from gql.schema.accounts import EndSessionInput, SessionPayload, SignInInput, SignInPayload, SignOutPayload, Viewer
from gql.schema.scalars import AS_OF


def _as_of(info: Info[Context, None]) -> str:
    return info.context.as_of


@strawberry.type
class AccountQueries:
    """Roots that everything starts from."""

    viewer: Viewer | None = root_one("account_id", "Whoever is signed in; null if nobody is.")
    node: Node | None = node_by_id("Anything by its global id; null where there is nothing that you may see.", SignedIn)

    as_of: str = strawberry.field(resolver=_as_of, description=AS_OF)


@strawberry.type
class AccountMutations:
    """Sessions."""

    @mutation("Open a session with both factors.")
    async def sign_in(self, info: Info[Context, None], input: SignInInput) -> SignInPayload | None:
        """Open a session."""
        shown = Shown(input.code, input.ticket, input.channel)
        opened = await sessions.sign_in(info.context.call, login=input.login, password=input.password, shown=shown)
        return SignInPayload(token=opened.token, expires_at=opened.expires_at)

    @mutation("End this session.", SignedIn)
    async def sign_out(self, info: Info[Context, None]) -> SignOutPayload | None:
        """End the session."""
        return SignOutPayload(done=await sessions.sign_out(info.context.call))

    @mutation("End a session of one's own, such as on a lost phone: its streams end within a second.", SignedIn)
    async def end_session(self, info: Info[Context, None], input: EndSessionInput) -> SessionPayload | None:
        """End one."""
        session_id = shared_id(input.session_id, "Session", "sessionId")
        done = await sessions.end(info.context.call.with_key(input.key), session_id=session_id)
        return SessionPayload(as_of=done.as_of).refer(session=(done.id,))

    @mutation("End every session of one's own but this one.", SignedIn)
    async def end_other_sessions(self, info: Info[Context, None]) -> SessionPayload | None:
        """End the others."""
        done = await sessions.end_others(info.context.call)
        return SessionPayload(as_of=done.as_of).refer(session=(done.id,))
