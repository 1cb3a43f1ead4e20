"""HL7 v2 over HTTP: one message a POST, its acknowledgement the answer."""

from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actions import messages
from actions.app import App
from actions.call import Call
from actions.messages import Sender
from domain.errors import Forbidden, NotSignedIn, Refusal
from integrations.hl7.intake import MOST_BYTES, Intake
from security import callers
from security.tokens import digest

PATH: Final = "/hl7"
MEDIA_TYPES: Final = frozenset({"application/hl7-v2", "application/hl7-v2+er7", "x-application/hl7-v2+er7"})
"""The registered type, and HAPI's; not text/plain: a browser's form can send that across sites."""


class _TooLarge(Exception):
    """The body is longer than a message may be."""


def routes(app: App, intake: Intake | None = None, *, trusted_proxy: bool = False) -> list[Route]:
    """Return the door: `POST /hl7` with the bearer token of a partner's session.

    `trusted_proxy`: believe the last hop of `X-Forwarded-For`.
    """
    door = _Door(app, intake or Intake(app), trusted_proxy)
    return [Route(PATH, door.post, methods=["POST"])]


class _Door:
    def __init__(self, app: App, intake: Intake, trusted_proxy: bool) -> None:
        self._app = app
        self._intake = intake
        self._trusted_proxy = trusted_proxy

    async def post(self, request: Request) -> Response:
        """Take a message; 200 with the acknowledgement whatever it says, another status if it wasn't taken at all."""
        token = _bearer(request)
        sender = Sender(self._call(request, token))
        try:
            await self._known(sender)
            media = request.headers.get("content-type", "").split(";")[0].strip().lower()
            if media not in MEDIA_TYPES:
                await messages.refused(sender, "NOT_ACCEPTED")
                return _refused(415, "UNSUPPORTED_MEDIA_TYPE", f"Send one of: {', '.join(sorted(MEDIA_TYPES))}.")
            answer = await self._intake.take(sender, await _body(request))
        except NotSignedIn as refusal:
            await messages.refused(sender, refusal.code)
            return _said(401, refusal, {"WWW-Authenticate": "Bearer"})
        except Forbidden as refusal:
            await messages.refused(sender, refusal.code)
            return _said(403, refusal)
        except _TooLarge:
            await messages.refused(sender, "TOO_LARGE")
            return _refused(413, "TOO_LARGE", f"A message has at most {MOST_BYTES} bytes.", {"Connection": "close"})
        except ClientDisconnect:
            return Response(status_code=499)
        return Response(answer, headers={"Cache-Control": "no-store"}, media_type=media)

    async def _known(self, sender: Sender) -> None:
        """Ask who it is before the body is read: strangers don't fill the memory."""
        async with self._app.store.snapshot() as snapshot:
            await sender.viewer(snapshot)

    def _call(self, request: Request, token: str | None) -> Call:
        return Call(
            self._app,
            token_hash=digest(token) if token else None,
            address=callers.address(
                request.client.host if request.client else "",
                request.headers.get("x-forwarded-for", ""),
                trusted_proxy=self._trusted_proxy,
            ),
            user_agent=callers.user_agent(request.headers.get("user-agent", "")),
            operation="hl7",
            language="en",
        )


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def _body(request: Request) -> bytes:
    """Return the body; one that is somewhat too long is read to its end, so that the sender hears why."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > 2 * MOST_BYTES:
        raise _TooLarge
    body, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= MOST_BYTES:
            body += chunk
        elif length > 2 * MOST_BYTES:
            break
    if length > MOST_BYTES:
        raise _TooLarge
    return bytes(body)


def _said(status: int, refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
    return _refused(status, refusal.code, refusal.message("en"), headers)


def _refused(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    content = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return JSONResponse(content, status, {"Cache-Control": "no-store", **(headers or {})})
