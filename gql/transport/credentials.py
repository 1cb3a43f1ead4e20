"""Who knocks: the caller's token and circumstances, from headers, cookie or a websocket's first message."""

import re
from typing import Any

from starlette.types import Scope

from gql.exchange import Caller
from gql.transport import origin
from gql.transport.headers import language
from gql.transport.refusals import BAD_BEARER, BAD_KEY, CSRF, ORIGIN, Refused
from gql.transport.settings import TransportSettings
from security import callers

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,4096}=*", re.ASCII)  # b64token of RFC 6750
_KEY = re.compile(r"[ -~]{1,255}", re.ASCII)


def of_request(scope: Scope, headers: dict[str, str], settings: TransportSettings) -> Caller:
    """Return the caller of an HTTP request.

    Raises:
        Refused: a malformed bearer or key, or a cookie whose CSRF defence fails.
    """
    key = headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise Refused(BAD_KEY)
    token = _bearer(headers.get("authorization"))
    if token is None:
        token = _from_cookie(scope, headers, settings, headers.get("x-csrf-token"))
    return _caller(scope, headers, settings, token, key)


def of_socket(scope: Scope, headers: dict[str, str], settings: TransportSettings, payload: dict[str, Any]) -> Caller:
    """Return the caller of a websocket, from `connection_init`'s payload or else its handshake.

    A key in the handshake would be every mutation's key, so that none is taken.

    Raises:
        Refused: a malformed token, or a cookie without the CSRF token in `csrfToken`.
    """
    given = payload.get("token")
    token = _well_formed(given) if given is not None else _bearer(payload.get("authorization"))
    token = token or _bearer(headers.get("authorization"))
    if token is None:
        token = _from_cookie(scope, headers, settings, payload.get("csrfToken"))
    return _caller(scope, headers, settings, token, None)


def _caller(
    scope: Scope, headers: dict[str, str], settings: TransportSettings, token: str | None, key: str | None
) -> Caller:
    return Caller(
        token=token,
        address=callers.address(
            scope["client"][0] if scope.get("client") else "",
            headers.get("x-forwarded-for", ""),
            trusted_proxy=settings.trusted_proxy,
        ),
        language=language(headers.get("accept-language", "")),
        user_agent=callers.user_agent(headers.get("user-agent", "")),
        key=key,
    )


def _bearer(authorization: Any) -> str | None:
    """Return the bearer token; None for no header or another scheme (a staging proxy's Basic, say)."""
    if authorization is None:
        return None
    if not isinstance(authorization, str):
        raise Refused(BAD_BEARER)
    scheme, _, token = authorization.strip().partition(" ")
    return _well_formed(token.strip()) if scheme.lower() == "bearer" else None


def _well_formed(token: Any) -> str:
    if isinstance(token, str) and _TOKEN.fullmatch(token):
        return token
    raise Refused(BAD_BEARER)


def _from_cookie(scope: Scope, headers: dict[str, str], settings: TransportSettings, csrf: Any) -> str | None:
    """Return the cookie's token, for a page of ours that knows the CSRF token; None without a cookie."""
    token = _cookie(headers.get("cookie", ""), settings.cookie)
    if not token:
        return None
    if not origin.welcome(scope, headers, settings):
        raise Refused(ORIGIN)
    # Only ASCII goes further: hmac.compare_digest raises on other text.
    if not (isinstance(csrf, str) and token.isascii() and _KEY.fullmatch(csrf) and settings.csrf_ok(token, csrf)):
        raise Refused(CSRF)
    return token


def _cookie(header: str, name: str) -> str | None:
    """Return the first cookie of that name: browsers send the one with the longest path first."""
    for pair in header.split(";"):
        found, _, value = pair.strip().partition("=")
        if found == name:
            return value.strip('"')
    return None
