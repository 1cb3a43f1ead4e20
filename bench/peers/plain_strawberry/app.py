"""The ASGI application of plain strawberry."""

import os
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from strawberry.asgi import GraphQL

from bench.peers.plain_strawberry.context import Context, viewer_of
from bench.peers.plain_strawberry.schema import schema

_url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
_sessions = async_sessionmaker(create_async_engine(_url, pool_size=16, max_overflow=0), expire_on_commit=False)


class Api(GraphQL[Context, None]):
    """GraphQL with a database session a request."""

    async def get_context(self, request: Any, response: Any) -> Context:
        """Return the request's context."""
        session: AsyncSession = request.scope["session"]
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return Context(session, await viewer_of(session, token))


_api = Api(schema)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve."""
    if scope["type"] != "http":
        return
    async with _sessions() as session:
        request = Request({**scope, "session": session}, receive)
        await _api(request.scope, receive, send)
