"""The two stories over real sockets: a served product with the people of `tests/people.py`, and real clients."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import websockets
from starlette.routing import BaseRoute

from persistence.store import Store
from security.totp import code_at
from server.demo import web_settings
from server.settings import Settings
from server.wiring import House
from subscriptions.hub import Hub
from tests.people import PASSWORD, World, populate
from tests.serving import Clock, served
from web.pages import routes

SIGN_IN = """mutation($l: String!, $p: String!, $c: String!) {
  signIn(input: {login: $l, password: $p, code: $c}) { token errors { code } }
}"""


@dataclass
class Place:
    """Where the product is served, and who is in it."""

    url: str
    world: World
    clock: Clock
    http: httpx2.AsyncClient
    house: House

    @property
    def store(self) -> Store:
        """What the product stands on."""
        return self.house.app.store

    async def token(self, who: str) -> str:
        """Sign in with both factors, as a phone would."""
        self.clock.next_code()
        code = code_at(self.world.secrets[who], self.clock())
        signed = await self.ask(SIGN_IN, l=f"{who}@example.org", p=PASSWORD, c=code)
        assert signed["signIn"]["errors"] == []
        return str(signed["signIn"]["token"])

    async def ask(self, document: str, token: str | None = None, **variables: Any) -> dict[str, Any]:
        """Send a document; return its data."""
        headers = {"Accept": "application/graphql-response+json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        sent = {"query": document, "variables": variables}
        response = await self.http.post("/graphql", json=sent, headers=headers)
        answer = response.json()
        assert "errors" not in answer, answer
        return answer["data"]

    @asynccontextmanager
    async def screen(self, document: str, token: str, **variables: Any) -> AsyncGenerator["Screen"]:
        """Watch a subscription over graphql-transport-ws."""
        address = self.url.replace("http", "ws") + "/graphql"
        async with websockets.connect(address, subprotocols=["graphql-transport-ws"]) as socket:
            await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
            assert json.loads(await socket.recv())["type"] == "connection_ack"
            payload = {"query": document, "variables": variables}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            yield Screen(socket, self.house.hub)


class Screen:
    """An open socket."""

    def __init__(self, socket: Any, hub: Hub) -> None:
        self._socket = socket
        self._hub = hub

    async def next(self) -> dict[str, Any]:
        """Return the next event's data."""
        async with asyncio.timeout(10):
            frame = json.loads(await self._socket.recv())
        assert frame["type"] == "next", frame
        assert "errors" not in frame["payload"], frame
        return frame["payload"]["data"]

    async def settled(self) -> None:
        """Return when the server watches for this screen, the only one."""
        async with asyncio.timeout(5):
            while not self._hub.open_streams:  # noqa: ASYNC110 - the product has no event for tests
                await asyncio.sleep(0.01)

    async def rest(self, within: float) -> list[tuple[str, Any]]:
        """Return what else comes within some seconds: codes of errors, data, the close code."""
        found: list[tuple[str, Any]] = []
        try:
            async with asyncio.timeout(within):
                while True:
                    frame = json.loads(await self._socket.recv())
                    error = frame["type"] == "error"
                    found.append((frame["type"], frame["payload"][0]["extensions"]["code"] if error else frame))
        except websockets.ConnectionClosed as closed:
            found.append(("closed", closed.rcvd.code if closed.rcvd else None))
        except TimeoutError:
            pass
        return found


@pytest.fixture
async def place(settings: Settings) -> AsyncGenerator[Place]:
    """The product, served."""
    async with serving(settings) as found:
        yield found


@asynccontextmanager
async def serving(settings: Settings, send_buffer: int | None = None) -> AsyncGenerator[Place]:
    """Serve the product with some settings."""
    worlds: list[World] = []
    houses: list[House] = []

    async def doors(stands: House) -> list[BaseRoute]:
        houses.append(stands)
        worlds.append(await populate(stands.app.store, stands.app.passwords))
        return routes(stands.app, web_settings(settings))

    clock = Clock()
    async with served(settings, clock, doors, send_buffer) as url, httpx2.AsyncClient(base_url=url, timeout=20) as http:
        yield Place(url, worlds[0], clock, http, houses[0])
