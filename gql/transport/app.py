"""The transports' routes, for the server's application."""

from starlette.routing import Route, WebSocketRoute

from gql.exchange import Engine
from gql.transport.http import HTTP
from gql.transport.lines import Lines
from gql.transport.settings import TransportSettings
from gql.transport.websocket import WebSocket


def routes(engine: Engine, settings: TransportSettings, lines: Lines | None = None) -> list[Route | WebSocketRoute]:
    """Return the routes of the API; `lines.close_all()` ends what is open for long when the server stops.

    Routes, no Mount: that answers 307 to a POST without the final slash.
    """
    lines = Lines() if lines is None else lines
    return [
        Route(settings.path, HTTP(engine, settings, lines)),
        WebSocketRoute(settings.path, WebSocket(engine, settings, lines)),
    ]
