"""The ASGI application: the doors of the house on one port."""

import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from gql.transport.app import routes as graphql
from gql.transport.lines import Lines
from gql.transport.settings import TransportSettings
from security.tokens import csrf_ok
from server import health
from server.machines import machines
from server.metrics import Measured
from server.settings import Settings
from server.wiring import House

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
        self.asgi = Starlette(lifespan=self._lifespan)

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
            measured = Measured(house.api, house.hub)
            asgi.router.routes.extend(graphql(measured, self._transport(), self.lines))
            asgi.router.routes.extend(health.routes(house.app.store, measured))
            asgi.router.routes.extend(await self._doors(house))
            async with machines(house, self._settings) as routes:
                asgi.router.routes.extend(routes)
                calm_the_collector()
                yield

    def _transport(self) -> TransportSettings:
        return TransportSettings(
            csrf_ok=csrf_ok,
            cookie="__Host-session" if self._settings.behind_tls else "session",
            allowed_origins=frozenset(self._settings.allowed_origins),
            trusted_proxy=self._settings.trusted_proxy,
        )


def calm_the_collector() -> None:
    """Keep the cycle collector off what lives for ever: it doubles the cost of fan-out at thousands of sockets."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
