"""A browser's session: `POST /session` opens it, `GET` gives a page its CSRF token, `DELETE` ends it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from actions import sessions
from domain.errors import Forbidden, InvalidInput, NotSignedIn, Refusal
from security.tokens import csrf_ok, csrf_token
from web.door import Door, answer, body_of, refused

PATH = "/session"


def routes(door: Door) -> list[BaseRoute]:
    """Return the routes of the session."""
    session = Session(door)
    return [Route(PATH, session.handle, methods=["GET", "POST", "DELETE"])]


class Session:
    """The three verbs on the cookie's session."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def handle(self, request: Request) -> Response:
        """Answer one request; a refusal is JSON with a stable code."""
        verbs = {"POST": self._open, "DELETE": self._end}
        try:
            self._door.require_own_page(request)
            return await verbs.get(request.method, self._show)(request)
        except Refusal as refusal:
            return refused(refusal, request, self._door.settings)

    async def _open(self, request: Request) -> Response:
        """Open a session under a new token, never under one that was presented, and end the browser's old one."""
        sent = await body_of(request)
        call = self._door.call(request, "openSession")
        opened = await sessions.sign_in(
            call, login=_text(sent, "login"), password=_text(sent, "password"), code=_text(sent, "code")
        )
        former = self._door.token(request)
        if former is not None:
            await sessions.sign_out(self._door.call(request, "openSession", former))
        told = {"csrfToken": csrf_token(opened.token), "expiresAt": opened.expires_at.isoformat()}
        response = answer(told, self._door.settings)
        response.set_cookie(
            self._door.settings.cookie,
            opened.token,
            expires=opened.expires_at,
            secure=self._door.settings.behind_tls,
            httponly=True,
            samesite="lax",
        )
        return response

    async def _show(self, request: Request) -> Response:
        """Tell a page of ours the CSRF token; reading it doesn't prolong the session."""
        token = self._door.token(request)
        if token is None or not await sessions.is_live(self._door.call(request, "showSession", token)):
            raise NotSignedIn
        return answer({"csrfToken": csrf_token(token)}, self._door.settings)

    async def _end(self, request: Request) -> Response:
        token = self._door.token(request)
        if token is not None:
            if not csrf_ok(token, request.headers.get("x-csrf-token", "")):
                raise Forbidden
            await sessions.sign_out(self._door.call(request, "endSession", token))
        response = answer({"ended": token is not None}, self._door.settings)
        settings = self._door.settings
        response.delete_cookie(settings.cookie, secure=settings.behind_tls, httponly=True, samesite="lax")
        return response


def _text(sent: dict[str, Any], field: str) -> str:
    value = sent.get(field)
    if not isinstance(value, str) or not value:
        raise InvalidInput(field)
    return value
