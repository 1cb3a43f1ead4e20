"""What every page and file has in common at the door: who knocks, from which page, and how he is refused."""

import json
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse

from actions.app import App
from actions.call import Call
from domain.errors import Forbidden, InvalidInput, Refusal
from security import callers
from security.tokens import digest
from web.security_headers import DATA, headers_for

Language = Literal["ru", "en"]

LONGEST_BODY: Final = 16 * 1024
STATUS: Final = {
    "NOT_SIGNED_IN": 401,
    "WRONG_CREDENTIALS": 401,
    "FORBIDDEN": 403,
    "STEP_UP": 403,
    "NOT_FOUND": 404,
    "TOO_MANY_ATTEMPTS": 429,
    "AUDIT_UNAVAILABLE": 503,
}


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What the pages are told at the start."""

    behind_tls: bool = False
    """A proxy before this server ends TLS."""
    trusted_proxy: bool = False
    """Believe the last hop of `X-Forwarded-For`."""
    allowed_origins: frozenset[str] = frozenset()
    """Besides the server's own: `https://host[:port]`, in lower case."""
    graphql: str = "/graphql"
    graphiql: bool = False
    """Serve GraphiQL; it asks for introspection, which production doesn't answer."""

    @property
    def cookie(self) -> str:
        """Return the session cookie's name; `__Host-` keeps other subdomains from planting one (RFC 6265bis)."""
        return "__Host-session" if self.behind_tls else "session"


class Door(NamedTuple):
    """The product and the settings, as every endpoint here holds them."""

    app: App
    settings: WebSettings

    def token(self, request: Request) -> str | None:
        """Return the session's token of the cookie; text beyond ASCII is none."""
        token = request.cookies.get(self.settings.cookie)
        return token if token and token.isascii() else None

    def call(self, request: Request, operation: str, token: str | None = None) -> Call:
        """Return the caller as actions want it."""
        return Call(
            self.app,
            digest(token) if token else None,
            callers.address(
                request.client.host if request.client else "",
                request.headers.get("x-forwarded-for", ""),
                trusted_proxy=self.settings.trusted_proxy,
            ),
            callers.user_agent(request.headers.get("user-agent", "")),
            operation,
            language_of(request),
        )

    def require_own_page(self, request: Request) -> None:
        """Check that the page behind a request is one of ours; a client without an origin is no browser.

        Raises:
            Forbidden: it is another's (CSRF, also of signing in).
        """
        origin = request.headers.get("origin")
        if origin is not None and origin.lower() in self.settings.allowed_origins:
            return
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Forbidden
        if origin is not None and origin.lower().partition("://")[2] != request.headers.get("host", "").lower():
            raise Forbidden


def language_of(request: Request) -> Language:
    """Return the page's language: `?lang=`, else what the browser prefers of ours, else Russian."""
    asked = request.query_params.get("lang")
    if asked in ("ru", "en"):
        return "en" if asked == "en" else "ru"
    best: tuple[float, Language] = (0.0, "ru")
    for member in request.headers.get("accept-language", "")[:200].split(","):
        name, _, weight = member.strip().partition(";q=")
        tag = name.lower().partition("-")[0]
        if tag in ("ru", "en") and _weight(weight) > best[0]:
            best = (_weight(weight), "en" if tag == "en" else "ru")
    return best[1]


async def body_of(request: Request) -> dict[str, Any]:
    """Return a small JSON object that was posted.

    A form's content types are refused: a foreign page can send those, but JSON only after asking by CORS.

    Raises:
        InvalidInput: it isn't JSON, no object, or too long.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise InvalidInput("Content-Type")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LONGEST_BODY:
            raise InvalidInput("body")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidInput("body") from None
    if not isinstance(found, dict):
        raise InvalidInput("body")
    return found


def answer(content: Any, settings: WebSettings, status: int = 200) -> JSONResponse:
    """Return JSON that nobody keeps."""
    response = JSONResponse(content, status, headers_for(DATA, behind_tls=settings.behind_tls))
    response.headers["cache-control"] = "no-store"
    return response


def refused(refusal: Refusal, request: Request, settings: WebSettings) -> JSONResponse:
    """Return a refusal: its stable code, a message in the reader's language, the field at fault."""
    error = {"code": refusal.code, "message": refusal.message(language_of(request)), "field": refusal.field}
    status = 415 if refusal.field == "Content-Type" else STATUS.get(refusal.code, 400)
    response = answer({"error": error}, settings, status)
    response.headers["vary"] = "Accept-Language"
    if status == 429:
        response.headers["retry-after"] = "60"
    return response


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
