"""The demonstration's own national identity service: real by its protocol, with invented people, and says so."""

import base64
import hashlib
import hmac
import html
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.oidc import Registration
from server.demo.numbers import snils
from server.demo.people import PATIENTS
from web.security_headers import DATA, PAGE, headers_for

PREFIX: Final = "/demo/identity"
LIFETIME: Final = timedelta(minutes=2)
PAGE_TEXT: Final = """<!doctype html><html lang="ru"><meta charset="utf-8">
<title>Демонстрационный сервис идентификации</title>
<h1>Демонстрационный сервис идентификации</h1>
<p>Все эти люди выдуманы. Настоящий сервис здесь спросил бы пароль и код.</p>
<ul>{people}</ul></html>"""


class Citizen(NamedTuple):
    """Somebody whom the service knows."""

    subject: str
    claims: dict[str, Any]

    @property
    def name(self) -> str:
        """Return what the page shows."""
        return f"{self.claims['given_name']} {self.claims['family_name']}"


class Promise(NamedTuple):
    """A code that was given out."""

    citizen: Citizen
    nonce: str
    challenge: str
    until: datetime


def citizens() -> list[Citizen]:
    """Return three people: one with a record and an account, one new, one whose documents the service hasn't seen."""
    anna = PATIENTS["anna"]
    return [
        _citizen("1000000001", anna.family, anna.given, anna.patronymic, anna.born.isoformat(), anna.snils),
        _citizen("1000000002", "Лесная", "Дарья", "Олеговна", "1991-06-07", snils(912345990)),
        _citizen("1000000003", "Непроверенная", "Инна", "Олеговна", "1992-08-09", snils(912345991), trusted=False),
    ]


def _citizen(
    subject: str, family: str, given: str, middle: str, born: str, number: str, *, trusted: bool = True
) -> Citizen:
    claims = {
        "family_name": family,
        "given_name": given,
        "middle_name": middle,
        "birthdate": born,
        "gender": "female",
        "snils": number,
        "trusted": trusted,
        "email": f"citizen{subject[-1]}@example.org",
        "email_verified": True,
    }
    return Citizen(subject, claims)


class Service:
    """The service; its key lives as long as the process."""

    def __init__(self, known: Registration, clock: Callable[[], datetime]) -> None:
        from joserfc.jwk import ECKey

        self._known = known
        self._clock = clock
        self._key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8)})
        self._citizens = {citizen.subject: citizen for citizen in citizens()}
        self._promises: dict[str, Promise] = {}

    def routes(self) -> list[BaseRoute]:
        """Return its routes."""
        return [
            Route(f"{PREFIX}/.well-known/openid-configuration", self.configuration),
            Route(f"{PREFIX}/keys", self.keys),
            Route(f"{PREFIX}/authorize", self.authorize),
            Route(f"{PREFIX}/token", self.token, methods=["POST"]),
        ]

    async def configuration(self, request: Request) -> Response:
        """Tell where everything is."""
        issuer = self._known.issuer
        told = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
        }
        return JSONResponse(told)

    async def keys(self, request: Request) -> Response:
        """Tell the public key."""
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    async def authorize(self, request: Request) -> Response:
        """Show the people to choose from; whoever is chosen is sent back with a code."""
        asked = request.query_params
        right = (
            asked.get("client_id") == self._known.client_id
            and asked.get("redirect_uri") == self._known.redirect_uri
            and asked.get("response_type") == "code"
            and asked.get("code_challenge_method") == "S256"
        )
        if not right:
            return JSONResponse({"error": "invalid_request"}, 400)
        citizen = self._citizens.get(asked.get("person", ""))
        if citizen is None:
            return HTMLResponse(self._page(dict(asked)), headers=headers_for(PAGE))
        code = secrets.token_urlsafe(32)
        until = self._clock() + LIFETIME
        self._promises[code] = Promise(citizen, asked.get("nonce", ""), asked.get("code_challenge", ""), until)
        back = urlencode({"code": code, "state": asked.get("state", "")})
        return RedirectResponse(f"{self._known.redirect_uri}?{back}", 303, headers_for(DATA))

    async def token(self, request: Request) -> Response:
        """Give an ID token for a code: once, to whom it was promised, for the verifier of its challenge."""
        async with request.form() as sent:
            given = {name: str(value) for name, value in sent.items()}
        promise = self._promises.pop(given.get("code", ""), None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        right = (
            promise is not None
            and promise.until > self._clock()
            and hmac.compare_digest(challenge, promise.challenge)
            and given.get("redirect_uri") == self._known.redirect_uri
            and self._is_client(request)
        )
        if promise is None or not right:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"token_type": "Bearer", "id_token": self.signed(promise.citizen, promise.nonce)})

    def signed(self, citizen: Citizen, nonce: str, **changed: Any) -> str:
        """Return an ID token."""
        from joserfc import jwt

        now = int(self._clock().timestamp())
        about = {"iss": self._known.issuer, "aud": self._known.client_id, "sub": citizen.subject, "nonce": nonce}
        claims = {**about, "iat": now, "exp": now + 300, **citizen.claims, **changed}
        return jwt.encode({"alg": "ES256", "kid": self._key.kid}, claims, self._key)

    def _is_client(self, request: Request) -> bool:
        known = f"{self._known.client_id}:{self._known.client_secret}"
        wanted = f"Basic {base64.b64encode(known.encode()).decode()}"
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), wanted.encode())

    def _page(self, asked: dict[str, str]) -> str:
        people = ""
        for citizen in self._citizens.values():
            link = f"{PREFIX}/authorize?{urlencode({**asked, 'person': citizen.subject})}"
            people += f'<li><a href="{html.escape(link)}">{html.escape(citizen.name)}</a></li>'
        return PAGE_TEXT.format(people=people)
