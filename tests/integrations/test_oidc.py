"""Signing in by the national identity service, played by the demonstration's own: there, back, and every wrong way."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from starlette.applications import Starlette

from actions import registry
from actions.app import App
from actions.registry import Person
from domain.errors import IdentityRefused
from domain.patients import IdentifierSystem, Sex
from integrations.oidc import OpenIdConnect, Registration
from server.demo.identity import Service
from server.demo.people import PATIENTS
from tests.house import Account
from web.door import WebSettings
from web.pages import routes

pytestmark = pytest.mark.anyio
HOUSE = "http://localhost"
KNOWN = Registration(f"{HOUSE}/demo/identity", "medkabinet", "secret", f"{HOUSE}/identity/return", "Демо")
MINE = "{ viewer { name level email patient { fullName identifiers { value } } signIns { nodes { method refused } } } }"
DARIA, INNA, ANNA = "1000000002", "1000000003", "1000000001"


class Site:
    """The product's pages and the service, each without sockets."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.service = Service(KNOWN, account.store.clock)
        self.there = Starlette(routes=self.service.routes())
        self.provider = OpenIdConnect(KNOWN, account.store.clock, self.client)
        self.app: App = replace(account.app, identity=self.provider)
        self.house = Starlette(routes=routes(self.app, WebSettings()))

    def client(self) -> AsyncClient:
        return AsyncClient(transport=ASGITransport(self.there), base_url=HOUSE)

    @asynccontextmanager
    async def browser(self) -> AsyncGenerator[AsyncClient]:
        async with AsyncClient(transport=ASGITransport(self.house), base_url=HOUSE) as opened:
            yield opened

    async def chosen(self, browser: AsyncClient, person: str) -> str:
        """Go there and choose a person; return where the service sends the browser back."""
        sent = await browser.get("/identity")
        assert sent.status_code == 303
        async with self.client() as there:
            page = await there.get(sent.headers["location"])
            assert "выдуманы" in page.text
            back = await there.get(f"{sent.headers['location']}&person={person}")
        assert back.status_code == 303
        return back.headers["location"]

    async def sign_in(self, person: str) -> Response:
        async with self.browser() as browser:
            return await browser.get(await self.chosen(browser, person))

    async def viewer(self, answer: Response) -> dict[str, Any]:
        assert answer.status_code == 303, answer.text
        self.account._tokens["citizen"] = answer.cookies["session"]
        return (await self.account.run(MINE, "citizen"))["viewer"]


@pytest.fixture
async def site(account: Account) -> Site:
    return Site(account)


def code(answer: Response) -> str:
    assert "session" not in answer.cookies
    return answer.json()["error"]["code"]


async def test_a_confirmed_person_gets_an_account_with_a_record(site: Site) -> None:
    mine = await site.viewer(await site.sign_in(DARIA))
    assert (mine["name"], mine["level"], mine["email"]) == ("Дарья Лесная", "CONFIRMED", "citizen2@example.org")
    assert mine["patient"]["fullName"] == "Лесная Дарья Олеговна"
    assert mine["signIns"]["nodes"] == [{"method": "NATIONAL_IDENTITY", "refused": None}]
    again = await site.viewer(await site.sign_in(DARIA))
    assert again["patient"] == mine["patient"], "the same person is the same account"
    assert len(again["signIns"]["nodes"]) == 2


async def test_a_person_with_an_account_comes_to_it_and_is_told(site: Site) -> None:
    anna = PATIENTS["anna"]
    async with site.account.store.begin() as tx:
        await registry.add_identifiers(tx, site.account.world.ids["anna"], [(IdentifierSystem.SNILS, anna.snils)])
    mine = await site.viewer(await site.sign_in(ANNA))
    assert (mine["name"], mine["patient"]["fullName"]) == ("Account of anna", "Смирнова Анна Петровна")
    await site.account.house.tasks.settle()
    assert any("identity" in s.text or "идентификации" in s.text for s in site.account.app.sender.shown())


async def test_a_record_of_another_birth_date_isnt_opened(site: Site) -> None:
    number = next(c.claims["snils"] for c in site.service._citizens.values() if c.subject == DARIA)
    async with site.account.store.begin() as tx:
        person = Person(
            "Лесная", "Дарья", None, date(1950, 1, 1), Sex.FEMALE, identifiers=[(IdentifierSystem.SNILS, number)]
        )
        await registry.add_patient(tx, person)
    assert code(await site.sign_in(DARIA)) == "PATIENT_AMBIGUOUS"


async def test_whom_the_service_doesnt_know_well_gets_nothing(site: Site) -> None:
    assert code(await site.sign_in(INNA)) == "IDENTITY_NOT_CONFIRMED"


async def test_an_answer_works_once(site: Site) -> None:
    async with site.browser() as browser:
        back = await site.chosen(browser, DARIA)
        kept = dict(browser.cookies)
        assert (await browser.get(back)).status_code == 303
        browser.cookies.clear()
        browser.cookies.update(kept)
        assert code(await browser.get(back)) == "IDENTITY_REFUSED"


async def test_an_answer_in_another_browser_is_refused(site: Site) -> None:
    async with site.browser() as one, site.browser() as other:
        theirs = await site.chosen(one, DARIA)
        assert code(await other.get(theirs)) == "IDENTITY_REFUSED", "without a cookie"
        await site.chosen(other, DARIA)
        assert code(await other.get(theirs)) == "IDENTITY_REFUSED", "with the state of another"


async def test_a_code_of_anothers_challenge_is_refused(site: Site) -> None:
    async with site.browser() as one, site.browser() as other:
        stolen = parse_qs(urlsplit(await site.chosen(one, DARIA)).query)["code"][0]
        mine = parse_qs(urlsplit(await site.chosen(other, ANNA)).query)["state"][0]
        answer = await other.get(f"/identity/return?code={stolen}&state={mine}")
        assert code(answer) == "IDENTITY_REFUSED", "PKCE"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["medkabinet", "another"]},
        {"nonce": "another"},
        {"exp": 1},
        {"iat": 99_999_999_999},
        {"sub": ""},
        {"snils": "64270954808"},
        {"birthdate": "1991-13-01"},
        {"family_name": ""},
    ],
    ids=lambda changed: "-".join(f"{k}" for k in changed),
)
async def test_a_token_that_isnt_for_us_and_now_is_refused(site: Site, changed: dict[str, Any]) -> None:
    citizen = site.service._citizens[DARIA]
    sign = site.service.signed
    site.service.signed = lambda whom, nonce: sign(citizen, **{"nonce": nonce, **changed})  # type: ignore[method-assign]
    assert code(await site.sign_in(DARIA)) == "IDENTITY_REFUSED"


@pytest.mark.parametrize("forged", ["another key", "none", "shared secret"])
async def test_a_token_that_the_service_didnt_sign_is_refused(site: Site, forged: str) -> None:
    def sign(whom: Any, nonce: str) -> str:
        real = Service.signed(site.service, whom, nonce)
        _, claims, _ = real.split(".")
        told = jwt.decode(real, site.service._key, algorithms=["ES256"]).claims
        if forged == "none":
            return f"eyJhbGciOiJub25lIn0.{claims}."
        if forged == "shared secret":
            public = site.service._key.as_pem(private=False)
            return jwt.encode({"alg": "HS256", "kid": site.service._key.kid}, told, OctKey.import_key(public + b"!"))
        return jwt.encode({"alg": "ES256", "kid": site.service._key.kid}, told, ECKey.generate_key("P-256"))

    site.service.signed = sign  # type: ignore[method-assign]
    assert code(await site.sign_in(DARIA)) == "IDENTITY_REFUSED"


async def test_a_service_that_is_away_or_another_is_refused(site: Site) -> None:
    for known in (KNOWN._replace(issuer=f"{HOUSE}/nowhere"), KNOWN._replace(issuer=f"{HOUSE}/demo/identity/")):
        with pytest.raises(IdentityRefused):
            await OpenIdConnect(known, site.account.store.clock, site.client).address("s", "n", "c")


async def test_the_service_gives_codes_to_nobody_elses_address(site: Site) -> None:
    there = await site.provider.address("s", "n", "c")
    async with site.client() as client:
        answer = await client.get(there.replace("identity%2Freturn", "evil"), params=None)
    assert answer.status_code == 400


async def test_without_a_service_there_is_no_way(account: Account) -> None:
    paths = [getattr(route, "path", "") for route in routes(account.app, WebSettings())]
    assert not [path for path in paths if "identity" in path]


async def test_an_account_without_a_password_has_none_to_guess(site: Site) -> None:
    await site.viewer(await site.sign_in(DARIA))
    document = 'mutation { signIn(input: {login: "citizen2@example.org", password: "", code: "000000"}) { token errors { code } } }'
    answer = (await site.account.run(document, None))["signIn"]
    assert answer == {"token": None, "errors": [{"code": "WRONG_CREDENTIALS"}]}
