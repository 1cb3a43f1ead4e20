"""A national identity service by OpenID Connect: authorization code with PKCE, the ID token checked.

Source: OpenID Connect Core 1.0, 3.1.3.7; RFC 7636 (PKCE); RFC 9700 (security best current practice). The real service
(ESIA) differs in endpoints and in how a client proves itself: it takes its own adapter behind the same port.
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

import structlog
from httpx2 import AsyncClient, BasicAuth, HTTPError

from domain.codes import Channel
from domain.contacts import InvalidContact, parse_contact
from domain.errors import IdentityRefused
from domain.identifiers import InvalidIdentifier, parse_snils
from domain.identity import Claims
from domain.patients import Sex

ALGORITHMS: Final = ["ES256", "PS256", "RS256"]
"""Never `none`, never a shared secret."""
SCOPE: Final = "openid profile snils phone email"
LEEWAY: Final = 60
"""Seconds that two clocks may differ."""
LONGEST: Final = 256 * 1024
SEX: Final = {"male": Sex.MALE, "female": Sex.FEMALE}
log = structlog.get_logger()


class Registration(NamedTuple):
    """As what we are known to the service."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    name: str


class OpenIdConnect:
    """The service."""

    def __init__(
        self, known: Registration, clock: Callable[[], datetime], client: Callable[[], AsyncClient] | None = None
    ) -> None:
        self._known = known
        self._clock = clock
        self._client = client or (lambda: AsyncClient(timeout=5.0, follow_redirects=False))
        self._configuration: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """What people read on the button."""
        return self._known.name

    async def address(self, state: str, nonce: str, challenge: str) -> str:
        """Return where the browser is sent."""
        async with self._client() as http:
            endpoint = await self._endpoint(http, "authorization_endpoint")
        given = {
            "response_type": "code",
            "client_id": self._known.client_id,
            "redirect_uri": self._known.redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}?{urlencode(given)}"

    async def claims(self, code: str, verifier: str, nonce: str) -> Claims:
        """Return what the service says of the person."""
        async with self._client() as http:
            token = await self._token(http, code, verifier)
            keys = await self._get(http, await self._endpoint(http, "jwks_uri"))
        return self._person(self._checked(token, keys, nonce))

    async def _token(self, http: AsyncClient, code: str, verifier: str) -> str:
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._known.redirect_uri,
            "code_verifier": verifier,
        }
        endpoint = await self._endpoint(http, "token_endpoint")
        proof = BasicAuth(self._known.client_id, self._known.client_secret)
        answer = await self._asked(lambda: http.post(endpoint, data=given, auth=proof))
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise IdentityRefused
        return token

    def _checked(self, token: str, keys: dict[str, Any], nonce: str) -> Mapping[str, Any]:
        """Return the claims of an ID token that is signed by the service, for us, for this sign-in, and still good."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("identity refused", error=type(error).__name__)
            raise IdentityRefused from None
        now, audience = self._clock().timestamp(), claims.get("aud")
        for_us = audience == self._known.client_id or audience == [self._known.client_id]
        in_time = (
            isinstance(claims.get("exp"), int | float)
            and isinstance(claims.get("iat"), int | float)
            and claims["iat"] - LEEWAY <= now < claims["exp"] + LEEWAY
        )
        same = hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())
        if claims.get("iss") != self._known.issuer or not (for_us and in_time and same) or not claims.get("sub"):
            log.warning("identity refused", error="claims")
            raise IdentityRefused
        return claims

    def _person(self, claims: Mapping[str, Any]) -> Claims:
        try:
            return Claims(
                issuer=self._known.issuer,
                subject=str(claims["sub"]),
                confirmed=claims.get("trusted") is True,
                family=_name(claims["family_name"]),
                given=_name(claims["given_name"]),
                patronymic=_name(claims["middle_name"]) if claims.get("middle_name") else None,
                birth_date=date.fromisoformat(claims["birthdate"]),
                sex=SEX.get(claims.get("gender", ""), Sex.UNKNOWN),
                snils=parse_snils(claims["snils"]),
                phone=_contact(claims, Channel.SMS, "phone_number"),
                email=_contact(claims, Channel.EMAIL, "email"),
            )
        except (KeyError, TypeError, ValueError, AttributeError, InvalidIdentifier):
            raise IdentityRefused from None

    async def _endpoint(self, http: AsyncClient, name: str) -> str:
        """Return an address of the service's; only encrypted ones are taken, but on this machine."""
        if self._configuration is None:
            found = await self._get(http, f"{self._known.issuer}/.well-known/openid-configuration")
            if found.get("issuer") != self._known.issuer:
                raise IdentityRefused
            self._configuration = found
        address = self._configuration.get(name)
        if not isinstance(address, str) or not _is_safe(address):
            raise IdentityRefused
        return address

    async def _get(self, http: AsyncClient, address: str) -> dict[str, Any]:
        return await self._asked(lambda: http.get(address))

    async def _asked(self, ask: Callable[[], Any]) -> dict[str, Any]:
        try:
            answer = await ask()
            if answer.status_code != 200 or len(answer.content) > LONGEST:
                raise IdentityRefused
            told = answer.json()
        except (HTTPError, ValueError) as error:
            log.warning("the identity service doesn't answer", error=type(error).__name__)
            raise IdentityRefused from None
        if not isinstance(told, dict):
            raise IdentityRefused
        return told


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1")


def _name(text: str) -> str:
    plain = " ".join(text.split())
    if not 1 <= len(plain) <= 100 or not plain.isprintable():
        raise ValueError
    return plain


def _contact(claims: Mapping[str, Any], channel: Channel, name: str) -> str | None:
    """Return a contact that the service has confirmed."""
    if claims.get(f"{name}_verified") is not True:
        return None
    try:
        return parse_contact(channel, claims[name])
    except (InvalidContact, KeyError, AttributeError):
        return None
