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

from security.totp import code_at
from server.demo import web_settings
from server.settings import Settings
from server.wiring import House
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
            yield Screen(socket)


class Screen:
    """An open socket."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    async def next(self) -> dict[str, Any]:
        """Return the next event's data."""
        async with asyncio.timeout(10):
            frame = json.loads(await self._socket.recv())
        assert frame["type"] == "next", frame
        assert "errors" not in frame["payload"], frame
        return frame["payload"]["data"]


@pytest.fixture
async def place(settings: Settings) -> AsyncGenerator[Place]:
    """The product, served."""
    worlds: list[World] = []

    async def doors(stands: House) -> list[BaseRoute]:
        worlds.append(await populate(stands.app.store, stands.app.passwords))
        return routes(stands.app, web_settings(settings))

    clock = Clock()
    async with served(settings, clock, doors) as url, httpx2.AsyncClient(base_url=url, timeout=20) as http:
        yield Place(url, worlds[0], clock, http)
