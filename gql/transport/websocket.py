"""The websocket's handshake: who may connect, with which protocol."""

import asyncio
from contextlib import suppress

from starlette.types import Receive, Scope, Send

from gql.exchange import Engine
from gql.transport import headers, origin
from gql.transport.connection import Connection
from gql.transport.exchanges import EVERYWHERE
from gql.transport.frames import BAD_PROTOCOL
from gql.transport.lines import Lines
from gql.transport.refusals import BIG_HEADERS, ORIGIN, Refusal
from gql.transport.settings import TransportSettings

PROTOCOL = "graphql-transport-ws"


class WebSocket:
    """The ASGI application behind the websocket."""

    def __init__(self, engine: Engine, settings: TransportSettings, lines: Lines) -> None:
        self._engine = engine
        self._settings = settings
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection to its end."""
        await receive()  # websocket.connect
        refusal = self._refusal(scope)  # apart, so that no idle socket keeps its headers a second time
        try:
            if refusal:
                await deny(scope, receive, send, refusal)
            elif PROTOCOL not in scope["subprotocols"]:
                await send({"type": "websocket.accept"})
                await send({"type": "websocket.close", "code": BAD_PROTOCOL, "reason": "Subprotocol not acceptable"})
            else:
                await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
                await Connection(scope, receive, send, self._engine, self._settings).run(self._lines)
        except OSError:
            return  # gone during the handshake

    def _refusal(self, scope: Scope) -> Refusal | None:
        if headers.too_large(scope, self._settings.limits.headers):
            return BIG_HEADERS
        return None if origin.welcome(scope, headers.read(scope), self._settings) else ORIGIN


async def deny(scope: Scope, receive: Receive, send: Send, refusal: Refusal) -> None:
    """Refuse before the websocket is accepted, by an HTTP answer like any other."""
    content = refusal.body(headers.language(headers.read(scope).get("accept-language", "")))
    described = [(b"content-type", b"application/json; charset=utf-8"), *EVERYWHERE]
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": described})
    await send({"type": "websocket.http.response.body", "body": content})
    # uvicorn takes a return before the connection is really closed for a forgotten handshake, and logs an error:
    # its first event is the refusal's own, its second the closed connection.
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            await receive()
            await receive()
