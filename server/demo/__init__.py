"""The demonstration: invented people in a database of its own, and the help that the first page gives with them."""

from starlette.routing import BaseRoute

from server.demo.guards import is_empty, require_loopback, require_only_demo_people
from server.demo.helping import demo_of
from server.demo.identity import Service
from server.demo.seeding import refresh, seed
from server.settings import Settings
from server.wiring import House, registration_of
from web.door import WebSettings
from web.pages import routes


async def demo_routes(house: House, settings: Settings) -> list[BaseRoute]:
    """Return the pages with the demonstration's help; an empty database is filled first.

    Raises:
        DemoRefused: off loopback, or on a database that holds other people; nothing was changed.
    """
    require_loopback(settings.host)
    if await is_empty(house.app):
        await seed(house.app)
    await require_only_demo_people(house.app)
    await refresh(house.app)
    found = routes(house.app, web_settings(settings), await demo_of(house.app))
    if settings.identity is not None:
        found += Service(registration_of(settings.identity), house.app.store.clock).routes()
    return found


def web_settings(settings: Settings) -> WebSettings:
    """Return what the pages need of the settings."""
    return WebSettings(
        behind_tls=settings.behind_tls,
        trusted_proxy=settings.trusted_proxy,
        allowed_origins=frozenset(origin.lower() for origin in settings.allowed_origins),
        graphiql=settings.mode != "production",
    )
