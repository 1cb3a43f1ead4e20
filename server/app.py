"""The ASGI application: the doors of the house on one port."""

import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from gql.transport.http import HTTP
from gql.transport.lines import Lines
from gql.transport.settings import LINE, Limits, TransportSettings
from gql.transport.websocket import WebSocket
from security.tokens import csrf_ok
from server import health
from server.admission import Admitted
from server.lines import line_of
from server.machines import machines
from server.metrics import Measured
from server.settings import Settings
from server.strays import HANDLERS
from server.wiring import House

PATH: Final = "/graphql"
Doors = Callable[[House], Awaitable[Sequence[BaseRoute]]]
"""The pages, made once the house stands."""


class Application:
    """Starlette whose routes are made when the house stands."""

    def __init__(self, settings: Settings, opened: Callable[[], Any], doors: Doors) -> None:
        self._settings = settings
        self._opened = opened
        self._doors = doors
        self.lines = Lines()
        self.trouble: Exception | None = None
        """Why it could not start, for the command line to say."""
        self._api: dict[str, ASGIApp] = {}
        """GraphQL by the kind of connection, once the house stands."""
        self.starlette = Starlette(lifespan=self._lifespan, exception_handlers=HANDLERS)
        self.asgi = self._api_first(self.starlette)

    @asynccontextmanager
    async def _lifespan(self, asgi: Starlette) -> AsyncGenerator[None]:
        try:
            async with self._open(asgi):
                yield
        except Exception as error:
            self.trouble = error
            raise

    @asynccontextmanager
    async def _open(self, asgi: Starlette) -> AsyncGenerator[None]:
        async with self._opened() as house:
            measured = Measured(Admitted(house.api, self._settings.operations_at_once), house.hub)
            settings = self._transport()
            self._api["http"] = HTTP(measured, settings, self.lines)
            self._api["websocket"] = WebSocket(measured, settings, self.lines)
            asgi.router.routes.extend(health.routes(house.app.store, measured))
            asgi.router.routes.extend(await self._doors(house))
            async with machines(house, self._settings) as routes:
                asgi.router.routes.extend(routes)
                calm_the_collector()
                yield

    def _api_first(self, app: ASGIApp) -> ASGIApp:
        """Return the application; GraphQL goes straight to its door, past what every page's request goes through."""

        async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
            door = self._api.get(scope["type"]) if scope.get("path") == PATH else None
            if door is None:
                await app(scope, receive, send)
                return
            if scope["type"] == "websocket":
                scope[LINE] = line_of(send)
            await door(scope, receive, send)

        return asgi

    def _transport(self) -> TransportSettings:
        return TransportSettings(
            csrf_ok=csrf_ok,
            path=PATH,
            cookie="__Host-session" if self._settings.behind_tls else "session",
            allowed_origins=frozenset(self._settings.allowed_origins),
            trusted_proxy=self._settings.trusted_proxy,
            limits=Limits(slow_seconds=self._settings.slow_reader_seconds),
        )


def calm_the_collector() -> None:
    """Keep the cycle collector off what lives for ever: it doubles the cost of fan-out at thousands of sockets."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(
        5_000, 50, 1000
    )  # young garbage often: a late round over much of it is a pause that everyone feels
