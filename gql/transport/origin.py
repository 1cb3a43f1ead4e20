"""Whether the web page behind a request is one of ours (cross-site websocket hijacking, CSRF)."""

from starlette.types import Scope

from gql.transport.settings import TransportSettings


def welcome(scope: Scope, headers: dict[str, str], settings: TransportSettings) -> bool:
    """Return whether a page of this origin may speak to us; a client without one is no browser, and may.

    Compared as a whole, never by prefix or suffix: `https://ours.example.evil.test` looks alike.
    """
    origin = headers.get("origin")
    if origin is None:
        return True
    if origin.lower() in settings.allowed_origins:
        return True
    host = headers.get("host", "")
    return bool(host) and origin.lower() == f"{_scheme(scope, headers, settings)}://{host}".lower()


def _scheme(scope: Scope, headers: dict[str, str], settings: TransportSettings) -> str:
    """Return http or https, as the browser saw it."""
    scheme: str = scope["scheme"]
    if settings.trusted_proxy:
        scheme = headers.get("x-forwarded-proto", scheme).rpartition(",")[2].strip().lower()
    return {"ws": "http", "wss": "https"}.get(scheme, scheme)
