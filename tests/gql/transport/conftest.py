"""A real server on a real socket, and clients that speak to it."""

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from gql.transport.http import HTTP
from gql.transport.lines import Lines
from gql.transport.settings import Limits, TransportSettings
from gql.transport.websocket import WebSocket
from server import protocols
from tests.gql.transport.engine import SmallEngine

GRAPHQL = "application/graphql-response+json"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_traceback_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client does, nothing may end in a traceback."""
    yield
    told = [record for record in caplog.get_records("call") if record.exc_info or record.levelno >= logging.ERROR]
    expected = [record for record in told if record.getMessage().startswith("the engine raised")]
    assert [record.getMessage() for record in told if record not in expected] == []


class Server:
    """The transports with a small engine, on an ephemeral port."""

    def __init__(self, engine: SmallEngine, lines: Lines, port: int) -> None:
        self.engine = engine
        self.lines = lines
        self.port = port
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.http = httpx2.AsyncClient(timeout=20)

    async def post(self, body: Any = None, *, content: bytes | None = None, **headers: str) -> httpx2.Response:
        """POST a JSON body, or other content; `content_type="…"` is the header Content-Type."""
        given = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        raw = json.dumps(body).encode() if content is None else content
        return await self.http.post(self.url, content=raw, headers=given)

    async def get(self, headers: dict[str, str] | None = None, **parameters: str) -> httpx2.Response:
        return await self.http.get(self.url, params=parameters, headers=headers or {})

    @asynccontextmanager
    async def socket(
        self, *, token: str | None = "good", protocol: str | None = "graphql-transport-ws", **options: Any
    ) -> AsyncIterator["Socket"]:
        """A websocket, introduced by a bearer unless `token` is None."""
        protocols = [websockets.Subprotocol(protocol)] if protocol else None
        address = self.url.replace("http", "ws")
        async with websockets.connect(address, subprotocols=protocols, compression=None, **options) as raw:
            told = Socket(raw)
            if token:
                await told.say({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
                assert await told.hear() == {"type": "connection_ack"}
            yield told

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A bare TCP connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@dataclass
class Socket:
    """A client's end of a websocket."""

    raw: Any

    async def say(self, message: Any) -> None:
        await self.raw.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def hear(self) -> Any:
        async with asyncio.timeout(10):
            return json.loads(await self.raw.recv())

    async def subscribe(self, query: str, id: str = "1", **payload: Any) -> None:
        await self.say({"id": id, "type": "subscribe", "payload": {"query": query, **payload}})

    async def closed(self) -> tuple[int, str]:
        """Return the close code and reason, reading on until there."""
        async with asyncio.timeout(10):
            try:
                while True:
                    await self.raw.recv()
            except websockets.ConnectionClosed:
                return self.raw.close_code, self.raw.close_reason


def settings(**changes: Any) -> TransportSettings:
    return TransportSettings(**{"csrf_ok": lambda token, given: given == f"csrf-of-{token}", **changes})


@asynccontextmanager
async def serving(given: TransportSettings) -> AsyncIterator[Server]:
    """A server until the block ends."""
    engine, lines = SmallEngine(), Lines()
    app = Starlette(
        routes=[
            Route(given.path, HTTP(engine, given, lines)),
            WebSocketRoute(given.path, WebSocket(engine, given, lines)),
        ]
    )
    # uvicorn believes X-Forwarded-For from the loopback by default: off, so that ours is what is tested.
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        ws_max_size=1024 * 1024,
        lifespan="off",
        proxy_headers=False,
        http=protocols.Http,
        ws=protocols.Socket,
    )
    config.ws_per_message_deflate = False
    config.load()
    # Its parts without its main loop, which only ticks (0.1 s a test).
    running = uvicorn.Server(config)
    running.lifespan = config.lifespan_class(config)
    # With its protocol named: asyncio sets TCP_NODELAY on no other, and each answer would wait 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    await running.startup([listening])
    served = Server(engine, lines, listening.getsockname()[1])
    try:
        yield served
    finally:
        await served.http.aclose()
        engine.gate.set()
        await lines.close_all(1)
        await running.shutdown([listening])


@pytest.fixture
async def server() -> AsyncGenerator[Server, None]:
    async with serving(settings()) as served:
        yield served


@pytest.fixture
def small() -> Callable[..., Any]:
    """A server with limits of the test's own: `async with small(body=10) as server`."""
    return lambda **limits: serving(settings(limits=Limits(**limits)))
