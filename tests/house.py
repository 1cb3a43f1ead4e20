"""What tests say to the product, in words of the domain."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from gql.exchange import Caller, Reply, Request
from persistence import sessions
from security.tokens import digest, new_token
from server.settings import Settings
from server.wiring import House
from tests.people import World


class Account:
    """The product with people in it; `run` speaks as one of them."""

    def __init__(self, house: House, world: World, settings: Settings) -> None:
        self.house = house
        self.app = house.app
        self.store = house.app.store
        self.api = house.api
        self.world = world
        self.settings = settings
        self._tokens: dict[str, str] = {}

    async def token(self, who: str) -> str:
        """Return a session's token, opened without the ceremony that `tests/actions/test_sessions.py` tests."""
        if who not in self._tokens:
            token = new_token()
            async with self.store.begin() as tx:
                await sessions.start(tx, self.world.accounts[who], digest(token))
            self._tokens[who] = token
        return self._tokens[who]

    async def caller(self, who: str | None, **given: Any) -> Caller:
        """Return a caller."""
        return Caller(token=await self.token(who) if who else None, language="en", **given)

    async def ask(
        self, document: str, who: str | None = "anna", key: str | None = None, **variables: Any
    ) -> dict[str, Any]:
        """Run a document as someone and return the whole response."""
        reply = await self.api.execute(Request(document, variables=variables), await self.caller(who, key=key))
        return json.loads(reply.body)

    async def run(self, document: str, who: str | None = "anna", **variables: Any) -> dict[str, Any]:
        """Run a document that must not fail and return its data."""
        response = await self.ask(document, who, **variables)
        assert "errors" not in response, response["errors"]
        return response["data"]

    @asynccontextmanager
    async def watching(self, document: str, who: str | None = "anna", **variables: Any) -> AsyncGenerator["Watched"]:
        """Watch a subscription while the body runs."""
        stream = await self.api.subscribe(Request(document, variables=variables), await self.caller(who))
        assert not isinstance(stream, Reply), stream.body
        watched = Watched(stream)
        await asyncio.sleep(0)
        try:
            yield watched
        finally:
            await watched.close()


class Watched:
    """A stream being watched."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._task = asyncio.create_task(self._pump())

    async def next(self, seconds: float = 5.0) -> dict[str, Any]:
        """Return the next event's data."""
        async with asyncio.timeout(seconds):
            item = await self._queue.get()
        if isinstance(item, BaseException):
            raise item
        assert "errors" not in item, item["errors"]
        return item["data"]

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._stream.aclose()

    async def _pump(self) -> None:
        try:
            async for body in self._stream:
                self._queue.put_nowait(json.loads(body))
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._queue.put_nowait(error)
