"""Who is signed in; signing in and out."""

import strawberry
from strawberry.types import Info

from actions import sessions
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.planning.sources import Node, node_by_id, root_one
from gql.resolvers.mutations import mutation
from gql.schema.accounts import SignInInput, SignInPayload, SignOutPayload, Viewer
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
        opened = await sessions.sign_in(info.context.call, login=input.login, password=input.password, code=input.code)
        return SignInPayload(token=opened.token, expires_at=opened.expires_at)

    @mutation("End this session.", SignedIn)
    async def sign_out(self, info: Info[Context, None]) -> SignOutPayload | None:
        """End the session."""
        return SignOutPayload(done=await sessions.sign_out(info.context.call))
