"""A browser's session at `/session`: `POST` opens it, `PUT` proves it anew, `GET` tells its CSRF token."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from actions import factors, passkeys, sessions
from actions.factors import Shown
from domain.codes import Channel
from domain.errors import Forbidden, InvalidInput, NotSignedIn, Refusal
from security.tokens import csrf_ok, csrf_token
from web.door import Door, answer, body_of, refused

PATH = "/session"


def routes(door: Door) -> list[BaseRoute]:
    """Return the routes of the session."""
    session = Session(door)
    return [Route(PATH, session.handle, methods=["GET", "POST", "PUT", "DELETE"])]


class Session:
    """The verbs on the cookie's session."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def handle(self, request: Request) -> Response:
        """Answer one request; a refusal is JSON with a stable code."""
        verbs = {"POST": self._open, "PUT": self._step_up, "DELETE": self._end}
        try:
            self._door.require_own_page(request)
            return await verbs.get(request.method, self._show)(request)
        except Refusal as refusal:
            return refused(refusal, request, self._door.settings)

    async def _open(self, request: Request) -> Response:
        """Open a session under a new token, never under one that was presented, and end the browser's old one."""
        sent = await body_of(request)
        call = self._door.call(request, "openSession")
        if "credential" in sent:
            opened = await passkeys.sign_in(call, credential=_text(sent, "credential"))
        else:
            login, password = _text(sent, "login"), _text(sent, "password")
            opened = await sessions.sign_in(call, login=login, password=password, shown=_shown(sent))
        former = self._door.token(request)
        if former is not None:
            await sessions.sign_out(self._door.call(request, "openSession", former))
        return self._answered(opened.token, opened.expires_at)

    async def _step_up(self, request: Request) -> Response:
        """Show a second factor once more; the browser gets the session's new token."""
        sent = await body_of(request)
        token = self._door.token(request)
        if token is None or not csrf_ok(token, request.headers.get("x-csrf-token", "")):
            raise NotSignedIn if token is None else Forbidden
        new = await factors.step_up(self._door.call(request, "stepUp", token), shown=_shown(sent))
        return self._answered(new)

    def _answered(self, token: str, expires_at: datetime | None = None) -> Response:
        """Give the browser its token, and the page the CSRF token that goes with it."""
        told = {"csrfToken": csrf_token(token)} | ({"expiresAt": expires_at.isoformat()} if expires_at else {})
        response = answer(told, self._door.settings)
        secure = self._door.settings.behind_tls
        cookie = self._door.settings.cookie
        response.set_cookie(cookie, token, expires=expires_at, secure=secure, httponly=True, samesite="lax")
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


def _shown(sent: dict[str, Any]) -> Shown:
    """Return the second factor: a code, and where one was sent its ticket and its way."""
    channel = Channel.EMAIL if sent.get("channel") == "EMAIL" else Channel.SMS
    ticket = _text(sent, "ticket") if sent.get("ticket") is not None else None
    return Shown(_text(sent, "code"), ticket, channel)


def _text(sent: dict[str, Any], field: str) -> str:
    value = sent.get(field)
    if not isinstance(value, str) or not value:
        raise InvalidInput(field)
    return value
