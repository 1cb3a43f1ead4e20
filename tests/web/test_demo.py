"""The demonstration: whole, runnable, and refused where it would show somebody's secrets."""

import asyncio
from datetime import date

import pytest

from actions import registry
from actions.registry import Account, Person
from domain.identifiers import parse_snils
from domain.patients import Sex
from gql.exchange import Caller, Reply, Request
from persistence import accounts, sessions
from security.tokens import digest, new_token
from security.totp import new_secret
from server.demo import demo_routes
from server.demo.founding import found
from server.demo.guards import _ACCOUNTS, DemoRefused, require_only_demo_people
from server.demo.helping import demo_of
from server.demo.numbers import enp, snils
from server.demo.people import PATIENTS
from server.demo.seeding import seed
from server.demo.titles import TITLES
from server.settings import Settings
from server.wiring import House, house
from tests.conftest import CHEAP
from tests.web.conftest import Site
from web.rendering import mailbox_page

pytestmark = pytest.mark.anyio


@pytest.fixture
async def stands(settings: Settings):
    async with house(settings, cost=CHEAP) as opened:
        yield opened


async def test_every_example_runs_as_its_person(stands: House):
    await seed(stands.app)
    demo = await demo_of(stands.app)
    for example in demo.examples:
        request = Request(example.query, variables=await example.variables())
        answer = await stands.api.subscribe(request, Caller(await _token(stands, example.login)))
        if not isinstance(answer, Reply):
            await answer.aclose()
            continue
        body = answer.body.decode()
        assert '"errors":[{' not in body, (example.key, body)
        assert ('"denied"' in body) is (example.key in ("denied", "by-consent")), (example.key, body)


async def test_the_laboratorys_button_reaches_patient_and_doctor(site: Site):
    async with site.browser() as visitor:
        assert (await visitor.http.post("/demo/laboratory", json={})).json() == {"sent": True}
        csrf = await visitor.sign_in("sokolov@example.org")
        query = "{ viewer { patients { nodes { reports(first: 1) { nodes { title } } } } } }"
        answer = await visitor.http.post("/graphql", json={"query": query}, headers={"X-CSRF-Token": csrf})
    assert "Электролиты крови, срочно" in answer.text


@pytest.mark.parametrize("key", [title.key for title in TITLES])
async def test_examples_are_told_by_name(site: Site, key: str):
    async with site.browser() as visitor:
        assert set((await visitor.http.get(f"/demo/examples/{key}")).json()) == {
            "title",
            "login",
            "name",
            "query",
            "variables",
        }


async def test_an_unknown_example_is_not_found(site: Site):
    async with site.browser() as visitor:
        assert (await visitor.http.get("/demo/examples/nothing")).json()["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("headers", [{"host": "evil.test"}, {"host": "127.0.0.1.evil.test:8000"}, {"host": ""}])
async def test_codes_are_told_to_this_machine_only(site: Site, headers: dict[str, str]):
    async with site.browser() as visitor:
        visitor.http.headers.pop("origin")
        for path in ("/demo/codes", "/demo/examples/book"):
            assert (await visitor.http.get(path, headers=headers)).status_code == 403


async def test_another_sites_page_plays_no_laboratory(site: Site):
    async with site.browser() as visitor:
        answers = [
            await visitor.http.post("/demo/laboratory", json={}, headers={"sec-fetch-site": "cross-site"}),
            await visitor.http.post("/demo/laboratory", content=b"{}", headers={"content-type": "text/plain"}),
        ]
    assert [answer.status_code for answer in answers] == [403, 415]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "kabinet.example.org"])
async def test_off_loopback_the_help_refuses_and_touches_nothing(stands: House, settings: Settings, host: str):
    with pytest.raises(DemoRefused):
        await demo_routes(stands, settings.model_copy(update={"host": host}))
    assert await _people(stands) == 0


async def test_beside_anybody_elses_account_the_help_refuses(stands: House, settings: Settings):
    async with stands.app.store.begin() as tx:
        await registry.add_account(tx, Account("Somebody", ["real@example.org"], "hash", new_secret()))
    with pytest.raises(DemoRefused):
        await demo_routes(stands, settings)
    assert await _people(stands) == 1


async def test_an_account_without_a_name_to_sign_in_by_is_somebody_too(stands: House):
    await seed(stands.app)
    async with stands.app.store.begin() as tx:
        await registry.add_account(tx, Account("Somebody", [], "hash", new_secret()))
    with pytest.raises(DemoRefused):
        await require_only_demo_people(stands.app)


async def test_beside_anybody_elses_record_the_help_refuses(stands: House, settings: Settings):
    await seed(stands.app)
    await require_only_demo_people(stands.app)
    async with stands.app.store.begin() as tx:
        await registry.add_patient(tx, Person("Настоящий", "Человек"))
    with pytest.raises(DemoRefused):
        await demo_routes(stands, settings)


async def test_a_demonstration_that_was_not_filled_to_its_end_says_so(stands: House, settings: Settings):
    async with stands.app.store.begin() as tx:
        await found(tx, "hash")
    with pytest.raises(DemoRefused, match="delete it"):
        await demo_routes(stands, settings)


async def test_a_second_start_finds_everybody_and_adds_nobody(stands: House, settings: Settings):
    await demo_routes(stands, settings)
    before = await _people(stands)
    await demo_routes(stands, settings)
    assert await _people(stands) == before


def test_numbers_have_right_check_digits():
    assert snils(112233445) == "11223344595"
    assert enp(77, date(1980, 2, 1), Sex.MALE, 12) == "7757910848000121"
    assert enp(1, date(2001, 3, 2), Sex.FEMALE, 2) == "0196899797000022"
    assert all(parse_snils(patient.snils) == patient.snils for patient in PATIENTS.values())
    assert len({patient.snils for patient in PATIENTS.values()}) == len(PATIENTS)


async def _people(stands: House) -> int:
    async with stands.app.store.snapshot() as snapshot:
        return len(await snapshot.all(_ACCOUNTS))


async def _token(stands: House, login: str) -> str:
    token = new_token()
    async with stands.app.store.begin() as tx:
        found = await accounts.by_name(tx, login)
        assert found is not None
        await sessions.start(tx, found[0].id, digest(token))
    return token


async def test_what_would_have_been_sent_is_on_a_page(site: Site):
    async with site.browser() as visitor:
        await visitor.sign_in()
        async with asyncio.timeout(10):
            while "в учётную запись вошли" not in (page := (await visitor.http.get("/demo/mailbox?lang=ru")).text):  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # the letter goes behind the sign-in
        answer = await visitor.http.get("/demo/mailbox", headers={"host": "clinic.example"})
    assert "Nothing yet" in mailbox_page("en", [])
    assert "anna@example.org" in page
    assert answer.status_code == 403
