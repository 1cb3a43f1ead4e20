"""The ASGI application of the limit."""

import os
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

import asyncpg
import msgspec

from bench.peers.raw.statements import STATEMENTS

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Asked(msgspec.Struct):
    """Which of the statements, with what; no query language."""

    operation: str
    variables: dict[str, Any] = {}


_decode = msgspec.json.Decoder(Asked).decode


class Application:
    """Runs one statement a request."""

    def __init__(self) -> None:
        self._pool: asyncpg.Pool[Any] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        url = os.environ["DATABASE_URL"]
        settings = {"timezone": "UTC", "jit": "off"}
        self._pool = await asyncpg.create_pool(
            url, min_size=1, max_size=16, reset=_nothing, server_settings=settings, max_inactive_connection_lifetime=5.0
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        assert self._pool is not None
        asked = _decode((await receive())["body"])
        token = dict(scope["headers"])[b"authorization"].removeprefix(b"Bearer ")
        arguments = _arguments(asked)
        async with self._pool.acquire() as connection:
            found = await connection.fetchval(STATEMENTS[asked.operation], sha256(token).digest(), *arguments)
        body = found.encode() if found else b'{"errors":[{"message":"not signed in, or not free"}]}'
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200 if found else 400, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _arguments(asked: Asked) -> list[Any]:
    if asked.operation == "trend":
        return [asked.variables["code"]]
    if asked.operation == "book":
        given = asked.variables["input"]
        return [int(given["slotId"]), given["serviceType"], given["reason"]]
    return []


async def _nothing(connection: Any) -> None:
    """Stand in for asyncpg's RESET, a round trip that nothing here needs."""


application = Application()
