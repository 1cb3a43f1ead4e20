"""The first page, GraphiQL, and the files of both."""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import web.calendars
import web.copies
import web.demo
import web.identity
import web.requests
import web.scans
import web.session
from actions.app import App
from web.demo import Demo
from web.door import Door, WebSettings, language_of
from web.rendering import first_page, graphiql_page
from web.security_headers import DATA, GRAPHIQL, PAGE, Policy, headers_for

STATIC: Final = Path(__file__).parent / "static"


def routes(app: App, settings: WebSettings, demo: Demo | None = None) -> list[BaseRoute]:
    """Return the routes of pages, files and the browser's session; with `demo`, of the demonstration's help too."""
    door = Door(app, settings)
    pages = Pages(door, demo)
    found: list[BaseRoute] = [
        Route("/", pages.first),
        Mount("/static", Files(settings)),
        *web.session.routes(door),
        *web.calendars.routes(door),
        *web.copies.routes(door),
        *web.scans.routes(door),
        *web.requests.routes(door),
        *web.identity.routes(door),
    ]
    if settings.graphiql:
        found.append(Route("/graphiql", pages.graphiql))
    if demo is not None:
        found += web.demo.routes(door, demo)
    return found


class Pages:
    """The two pages."""

    def __init__(self, door: Door, demo: Demo | None) -> None:
        self._door = door
        self._settings = door.settings
        self._demo = demo

    async def first(self, request: Request) -> Response:
        """Answer `/`."""
        page = first_page(
            language_of(request), self._settings, self._demo, cookie=self._door.token(request) is not None
        )
        return self._page(request, page, PAGE)

    async def graphiql(self, request: Request) -> Response:
        """Answer `/graphiql`."""
        page = graphiql_page(
            language_of(request), self._settings, self._demo, cookie=self._door.token(request) is not None
        )
        return self._page(request, page, GRAPHIQL)

    def _page(self, request: Request, page: str, policy: Policy) -> Response:
        response = HTMLResponse(page, headers=headers_for(policy, behind_tls=self._settings.behind_tls))
        response.headers["content-language"] = language_of(request)
        response.headers["vary"] = "Accept-Language"
        response.headers["cache-control"] = "no-store"
        return response


class Files(StaticFiles):
    """Our own files, asked for anew by their ETag so that an upgrade shows at once."""

    def __init__(self, settings: WebSettings) -> None:
        super().__init__(directory=STATIC)
        self._headers = headers_for(DATA, behind_tls=settings.behind_tls)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one file."""
        response = await super().get_response(path, scope)
        response.headers.update(self._headers)
        response.headers["cache-control"] = "no-cache"
        return response
