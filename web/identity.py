"""Signing in by the national identity service: `GET /identity` goes there, `GET /identity/return` comes back."""

import base64
import hashlib
import hmac
import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from actions import identity, sessions
from domain.errors import Refusal
from web.door import Door, refused
from web.security_headers import DATA, headers_for

PATH: Final = "/identity"
BACK: Final = "/identity/return"
SECONDS: Final = 600


def routes(door: Door) -> list[BaseRoute]:
    """Return the routes, where a service is configured."""
    if door.app.identity is None:
        return []
    way = Way(door)
    return [Route(PATH, way.go), Route(BACK, way.back)]


class Way:
    """There and back: what ties both together lies in the browser's own cookie, so nobody else's answer fits."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._cookie = "__Host-identity" if door.settings.behind_tls else "identity"

    async def go(self, request: Request) -> Response:
        """Send the browser to the service."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        try:
            self._door.require_own_page(request)
            service = identity.provider(self._door.call(request, "identity"))
            there = await service.address(state, nonce, challenge)
        except Refusal as refusal:
            return refused(refusal, request, self._door.settings)
        response = self._redirected(there)
        secure = self._door.settings.behind_tls
        value = f"{state}.{nonce}.{verifier}"
        response.set_cookie(self._cookie, value, max_age=SECONDS, secure=secure, httponly=True, samesite="lax")
        return response

    async def back(self, request: Request) -> Response:
        """Open a session for whoever comes back from where this browser was sent."""
        try:
            state, nonce, verifier = self._kept(request)
            given, code = (request.query_params.get(name, "") for name in ("state", "code"))
            same = bool(state) and hmac.compare_digest(given.encode(), state.encode()) and 1 <= len(code) <= 4096
            call = self._door.call(request, "identity")
            opened = await identity.sign_in(call, same=same, code=code, verifier=verifier, nonce=nonce)
            former = self._door.token(request)
            if former is not None:
                await sessions.sign_out(self._door.call(request, "identity", former))
        except Refusal as refusal:
            answer: Response = refused(refusal, request, self._door.settings)
        else:
            answer = self._redirected("/")
            secure = self._door.settings.behind_tls
            cookie = self._door.settings.cookie
            answer.set_cookie(
                cookie, opened.token, expires=opened.expires_at, secure=secure, httponly=True, samesite="lax"
            )
        answer.delete_cookie(self._cookie, secure=self._door.settings.behind_tls, httponly=True, samesite="lax")
        return answer

    def _kept(self, request: Request) -> tuple[str, str, str]:
        parts = request.cookies.get(self._cookie, "").split(".")
        state, nonce, verifier = parts if len(parts) == 3 and all(parts) else ("", "", "")
        return state, nonce, verifier

    def _redirected(self, where: str) -> Response:
        response = RedirectResponse(where, 303, headers_for(DATA, behind_tls=self._door.settings.behind_tls))
        response.headers["cache-control"] = "no-store"
        return response
