"""POST /fhir: a partner's record system sends a transaction bundle; it reads nothing back but what came of it."""

from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from actions import importing
from actions.app import App
from actions.call import Call
from domain.access import Facts, Permission, Rights
from domain.audit import AuditAction, AuditEntry, Outcome
from domain.errors import Forbidden, NotSignedIn, Refusal
from integrations.fhir.bundles import bundle
from integrations.fhir.elements import Broken
from integrations.fhir.outcomes import Json, outcome, refused, response
from persistence import sessions
from security import callers
from security.tokens import digest

LARGEST: Final = 20 * 1024 * 1024
TYPES: Final = frozenset({"application/fhir+json", "application/json"})


class _Answer(Exception):
    """A request that ends here."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def routes(app: App, *, trusted_proxy: bool = False) -> list[Route]:
    """Return the door's routes; `trusted_proxy`: believe the last hop of `X-Forwarded-For`."""

    async def post(request: Request) -> Response:
        """Take a bundle; what is refused before the action began is recorded here."""
        call = _call(app, request, trusted_proxy=trusted_proxy)
        try:
            return _json(200, await _taken(call, request))
        except _Answer as answer:
            await _record(call, "NOT_ACCEPTED")
            return _json(answer.status, answer.body)
        except Refusal as refusal:
            if not refusal.recorded:
                await _record(call, refusal.code)
            return _json(*refused(refusal))
        except Broken as broken:
            await _record(call, "CONTENT_INVALID")
            malformed = broken.place.startswith("line ")
            return _json(400 if malformed else 422, outcome("structure" if malformed else "invalid", *_told(broken)))

    return [Route("/fhir", post, methods=["POST"])]


async def _taken(call: Call, request: Request) -> Json:
    """Return the answer to a bundle that was filed; who sends it is asked before the first byte is read."""
    _check_headers(request)
    await _require(call)
    raw = await _body(request)
    sent = await run_in_threadpool(bundle, raw)
    if sent.kind != "transaction":
        raise Broken("Bundle.type", "must be transaction: this door takes all of a bundle or nothing")
    return response(sent, await importing.take(call, sent))


def _check_headers(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES:
        raise _Answer(415, outcome("not-supported", "send application/fhir+json"))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise _Answer(415, outcome("not-supported", "send it unpacked"))
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LARGEST:
        raise _too_large()


async def _record(call: Call, reason: str) -> None:
    async with call.app.store.snapshot() as snapshot:
        viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
    entry = AuditEntry(AuditAction.IMPORT, Outcome.REFUSED, reason=reason)
    await call.app.audit.recorded([entry], call.origin(viewer))


def _call(app: App, request: Request, *, trusted_proxy: bool) -> Call:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return Call(
        app,
        digest(token.strip()) if scheme.lower() == "bearer" and token.strip() else None,
        address=callers.address(
            request.client.host if request.client else "",
            request.headers.get("x-forwarded-for", ""),
            trusted_proxy=trusted_proxy,
        ),
        user_agent=callers.user_agent(request.headers.get("user-agent", "")),
        operation="POST /fhir",
        language="en",
    )


async def _require(call: Call) -> None:
    """Check early that the caller may import at all; the action asks again.

    Raises:
        NotSignedIn: the token opens no session.
        Forbidden: it isn't a record system's.
    """
    if call.token_hash is None:
        raise NotSignedIn
    async with call.app.store.snapshot() as snapshot:
        viewer = await sessions.viewer(snapshot, call.token_hash)
        if viewer is None:
            raise NotSignedIn
        may = Rights(viewer, Facts(), snapshot.now).could(Permission.IMPORT_RECORD)
    if not may:
        raise Forbidden


async def _body(request: Request) -> bytes:
    read = bytearray()
    try:
        async for part in request.stream():
            read += part
            if len(read) > LARGEST:
                raise _too_large()
    except ClientDisconnect:
        raise _Answer(400, outcome("incomplete", "the body ended too early")) from None
    return bytes(read)


def _too_large() -> _Answer:
    return _Answer(413, outcome("too-long", f"a bundle may have {LARGEST} bytes"))


def _told(broken: Broken) -> tuple[str, str | None]:
    """Return the words and the FHIRPath of what is broken; a line and column are no path."""
    return (str(broken), None) if broken.place.startswith("line ") else (broken.problem, broken.place)


def _json(status: int, body: Json) -> Response:
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(body), status, headers, "application/fhir+json")
