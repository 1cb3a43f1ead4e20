"""From a phone and an address to a confirmed identity, with everything that can stand in the way."""

import re
from collections.abc import AsyncGenerator
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.datastructures import UploadFile

from actions import registry
from actions.registry import Person
from domain.codes import Channel
from domain.patients import IdentifierSystem, Sex
from security.passwords import CHEAP
from server.settings import Settings
from server.wiring import house
from tests.house import Account
from tests.people import populate
from tests.security.test_scans import jpeg, page
from tests.serving import Clock
from web.door import WebSettings
from web.pages import routes

pytestmark = pytest.mark.anyio
BEGIN = "mutation($p: String!, $e: String!) { beginRegistration(input: {phone: $p, email: $e}) { ticket errors { code path } } }"
OPEN = """mutation($t: String!, $p: String!, $e: String!, $w: String!) {
  confirmContacts(input: {ticket: $t, phoneCode: $p, emailCode: $e, password: $w}) { token errors { code path } } }"""
DATA = """mutation($i: SubmitPersonalDataInput!) { submitPersonalData(input: $i) {
  registration { state complaints { field code } videoNeeded passport } errors { code path suggestion } } }"""
SCAN = """mutation($k: ScanKind!, $f: Upload!) { addScan(input: {kind: $k, file: $f}) {
  scan { kind accepted path complaints { field code wordsEnglish } } errors { code path suggestion } } }"""
SUBMIT = "mutation { submitDocuments(input: {}) { registration { state } errors { code path suggestion } } }"
CODE = "mutation { sendConfirmationCode(input: {channel: SMS}) { ticket errors { code suggestion } } }"
CONFIRM = """mutation($t: String!, $c: String!) {
  confirmIdentity(input: {ticket: $t, channel: SMS, code: $c}) { registration { state complaints { code } } errors { code } } }"""
VIDEO = "mutation { requestVideoCheck(input: {}) { registration { state } errors { code path } } }"
CHECKS = "{ identityChecks { nodes { id familyName passport scans { kind path } complaints { code } } } }"
DECIDE = """mutation($r: ID!, $g: Boolean!, $c: String) {
  decideIdentity(input: {registrationId: $r, granted: $g, comment: $c}) { done errors { code path } } }"""
MINE = "{ viewer { name level patient { fullName identifiers { system value } } registration { state videoNeeded complaints { field code words } } } }"
PASSWORD = "семь вёсен над рекой"
PHONE, EMAIL = "8 (921) 555-44-33", "Vera@Example.org"
VERA: dict[str, Any] = {
    "familyName": "Ветрова",
    "givenName": "Вера",
    "birthDate": "2001-03-02",
    "sex": "FEMALE",
    "passport": "4510 № 123456",
    "snils": "642-709-548 07",
    "policy": "0196 8997 9700 0022",
}


class Door:
    """The product with a clock that can be put forward; Vera, who registers."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self.account = account
        self.clock = clock

    async def settle(self) -> None:
        await self.account.house.tasks.settle()

    async def code(self, channel: Channel) -> str:
        """Return the code that was sent last by a way."""
        await self.settle()
        text = next(sent.text for sent in self.account.app.sender.shown() if sent.channel is channel)
        found = re.search(r"\d{6}", text)
        assert found, text
        return found[0]

    async def anonymous(self, document: str, name: str, **given: Any) -> dict:
        return (await self.account.run(document, None, **given))[name]

    async def run(self, document: str, name: str, **given: Any) -> dict:
        return (await self.account.run(document, "vera", **given))[name]

    async def begin(self, phone: str = PHONE, email: str = EMAIL) -> dict:
        return await self.anonymous(BEGIN, "beginRegistration", p=phone, e=email)

    async def opened(self) -> None:
        """Open Vera's account."""
        ticket = (await self.begin())["ticket"]
        codes = {"p": await self.code(Channel.SMS), "e": await self.code(Channel.EMAIL)}
        opened = await self.anonymous(OPEN, "confirmContacts", t=ticket, w=PASSWORD, **codes)
        assert opened["errors"] == []
        self.account._tokens["vera"] = opened["token"]

    async def data(self, **changed: Any) -> dict:
        return await self.run(DATA, "submitPersonalData", i={**VERA, **changed})

    async def scan(self, kind: str, content: bytes | None = None, name: str = "scan.jpg") -> dict:
        upload = UploadFile(BytesIO(jpeg() if content is None else content), filename=name)
        return await self.run(SCAN, "addScan", k=kind, f=upload)

    async def matched(self, **changed: Any) -> dict:
        """Bring Vera's registration to where the registry has answered."""
        await self.opened()
        assert (await self.data(**changed))["errors"] == []
        for kind in ("PASSPORT", "SNILS", "POLICY"):
            assert (await self.scan(kind))["errors"] == []
        assert (await self.run(SUBMIT, "submitDocuments"))["registration"] == {"state": "CHECKING"}
        await self.settle()
        return await self.mine()

    async def mine(self) -> dict:
        return (await self.account.run(MINE, "vera"))["viewer"]

    async def confirmed(self) -> dict:
        self.clock.ahead += timedelta(seconds=61)
        ticket = (await self.run(CODE, "sendConfirmationCode"))["ticket"]
        return await self.run(CONFIRM, "confirmIdentity", t=ticket, c=await self.code(Channel.SMS))

    async def fetched(self, path: str, who: str) -> tuple[int, Any]:
        application = Starlette(routes=routes(self.account.app, WebSettings()))
        async with AsyncClient(transport=ASGITransport(application), base_url="http://house") as client:
            headers = {"authorization": f"Bearer {await self.account.token(who)}"}
            answer = await client.get(path, headers=headers)
        return answer.status_code, answer


@pytest.fixture
async def door(settings: Settings) -> AsyncGenerator[Door]:
    clock = Clock()
    async with house(settings, clock, CHEAP) as opened:
        world = await populate(opened.app.store, opened.app.passwords)
        await opened.tasks.stop()  # the tests do what is due, and wait for it
        yield Door(Account(opened, world, settings), clock)


async def test_the_whole_way_by_codes(door: Door) -> None:
    mine = await door.matched()
    assert (mine["level"], mine["registration"]) == (
        "STANDARD",
        {"state": "FACTOR", "videoNeeded": False, "complaints": []},
    )
    assert (await door.confirmed()) == {"registration": {"state": "CONFIRMED", "complaints": []}, "errors": []}
    mine = await door.mine()
    assert (mine["name"], mine["level"], mine["patient"]["fullName"]) == ("Вера Ветрова", "CONFIRMED", "Ветрова Вера")
    assert {i["value"] for i in mine["patient"]["identifiers"]} == {"4510123456", "64270954807", "0196899797000022"}


async def test_each_step_is_live(door: Door) -> None:
    await door.opened()
    document = "subscription { registrationChanged { registration { state scans { kind } } } }"
    async with door.account.watching(document, "vera") as watched:
        await door.data()
        assert await watched.next() == {"registrationChanged": {"registration": {"state": "DOCUMENTS", "scans": []}}}
        await door.scan("PASSPORT")
        assert (await watched.next())["registrationChanged"]["registration"]["scans"] == [{"kind": "PASSPORT"}]


async def test_it_goes_on_days_later(door: Door) -> None:
    await door.opened()
    await door.data()
    door.clock.ahead += timedelta(days=5)
    door.account._tokens.pop("vera")
    send = (
        'mutation { sendSignInCode(input: {login: "+79215554433", password: "%s"}) { ticket errors { code } } }'
        % PASSWORD
    )
    ticket = (await door.anonymous(send, "sendSignInCode"))["ticket"]
    code = await door.code(Channel.SMS)
    sign = 'mutation { signIn(input: {login: "vera@example.org", password: "%s", code: "%s", ticket: "%s"}) { token errors { code } } }'
    opened = await door.anonymous(sign % (PASSWORD, code, ticket), "signIn")
    door.account._tokens["vera"] = opened["token"]
    assert (await door.mine())["registration"]["state"] == "DOCUMENTS"


async def test_nobody_learns_who_has_an_account(door: Door) -> None:
    known = await door.begin("+79990001122", "anna@example.org")
    assert (known["ticket"][:3], known["errors"]) == ("mk_", [])
    await door.settle()
    told = {sent.to: sent.text for sent in door.account.app.sender.shown()}
    assert "уже есть" in told["anna@example.org"] or "there is an account" in told["anna@example.org"]
    given = {"t": known["ticket"], "p": await door.code(Channel.SMS), "w": PASSWORD}
    wrong = await door.anonymous(OPEN, "confirmContacts", e="000000", **given)
    assert wrong["errors"] == [{"code": "WRONG_CODE", "path": ["input", "emailCode"]}]


async def test_a_weak_password_leaves_the_codes(door: Door) -> None:
    ticket = (await door.begin())["ticket"]
    given = {"t": ticket, "p": await door.code(Channel.SMS), "e": await door.code(Channel.EMAIL)}
    weak = await door.anonymous(OPEN, "confirmContacts", w="йцукенгш", **given)
    assert weak["errors"] == [{"code": "WEAK_PASSWORD", "path": ["input", "password"]}]
    assert (await door.anonymous(OPEN, "confirmContacts", w=PASSWORD, **given))["errors"] == []


async def test_what_is_no_contact_is_named(door: Door) -> None:
    assert (await door.begin(phone="12"))["errors"] == [{"code": "INVALID_INPUT", "path": ["input", "phone"]}]
    assert (await door.begin(email="vera@"))["errors"] == [{"code": "INVALID_INPUT", "path": ["input", "email"]}]


async def test_every_field_at_fault_is_named_at_once(door: Door) -> None:
    await door.opened()
    wrong = {
        "familyName": "V3ra",
        "birthDate": "2020-01-01",
        "passport": "45",
        "snils": "642-709-548 08",
        "policy": "12a",
    }
    assert {(e["path"][1], e["suggestion"]) for e in (await door.data(**wrong))["errors"]} == {
        ("familyName", "CHARACTERS"),
        ("birthDate", "TOO_YOUNG"),
        ("passport", "LENGTH"),
        ("snils", "CHECK_DIGIT"),
        ("policy", "CHARACTERS"),
    }
    assert (await door.mine())["registration"]["state"] == "DATA"


async def test_numbers_are_shown_masked(door: Door) -> None:
    await door.opened()
    assert (await door.data())["registration"]["passport"] == "*******456"


async def test_missing_scans_are_named(door: Door) -> None:
    await door.opened()
    await door.data()
    await door.scan("SNILS")
    errors = (await door.run(SUBMIT, "submitDocuments"))["errors"]
    assert [(e["path"][1], e["suggestion"]) for e in errors] == [
        ("PASSPORT", "SCAN_MISSING"),
        ("POLICY", "SCAN_MISSING"),
    ]


async def test_a_bad_file_is_explained_and_a_good_one_replaces_it(door: Door) -> None:
    await door.opened()
    bad = await door.scan("PASSPORT", jpeg(page(blur=6)))
    assert bad["errors"] == [{"code": "INVALID_INPUT", "path": ["input", "file"], "suggestion": "BLURRED"}]
    assert bad["scan"] == {
        "kind": "PASSPORT",
        "accepted": False,
        "path": None,
        "complaints": [
            {"field": "PASSPORT", "code": "BLURRED", "wordsEnglish": "The picture is blurred: take it again."}
        ],
    }
    good = await door.scan("PASSPORT")
    assert (good["scan"]["accepted"], good["scan"]["complaints"]) == (True, [])
    status, answer = await door.fetched(good["scan"]["path"], "vera")
    assert (status, answer.headers["content-type"], answer.headers["x-content-type-options"]) == (
        200,
        "image/jpeg",
        "nosniff",
    )
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert [(await door.fetched(good["scan"]["path"], who))[0] for who in ("anna", "support", "doctor")] == [404] * 3


async def test_a_policy_of_another_needs_eyes(door: Door) -> None:
    mine = await door.matched(policy="7867450868003454")
    assert mine["registration"]["videoNeeded"]
    refused = await door.run(CODE, "sendConfirmationCode")
    assert refused["errors"] == [{"code": "ILLEGAL_TRANSITION", "suggestion": "requestVideoCheck"}]


async def test_what_the_registry_says_otherwise_is_named_and_corrected(door: Door) -> None:
    mine = await door.matched(familyName="Несовпадова")
    assert mine["level"] == "SIMPLIFIED"
    assert [(c["field"], c["code"]) for c in mine["registration"]["complaints"]] == [
        ("birthDate", "REGISTRY_DISAGREES"),
        ("passport", "REGISTRY_DISAGREES"),
    ]
    assert (await door.data())["registration"] == {
        "state": "DOCUMENTS", "complaints": [], "videoNeeded": False, "passport": "*******456",
    }  # fmt: skip
    await door.run(SUBMIT, "submitDocuments")
    await door.settle()
    assert (await door.mine())["registration"]["state"] == "FACTOR"


async def test_a_registry_that_is_away_is_asked_again_and_then_a_person_decides(door: Door) -> None:
    mine = await door.matched(familyName="Недоступнов")
    assert mine["registration"]["state"] == "CHECKING"
    for _ in range(6):
        door.clock.ahead += timedelta(minutes=4)
        await door.account.run("{ viewer { name } }", "vera")
        await door.settle()
    mine = await door.mine()
    assert (mine["registration"]["state"], mine["registration"]["videoNeeded"]) == ("FACTOR", True)
    assert [c["code"] for c in mine["registration"]["complaints"]] == ["REGISTRY_AWAY"]


async def test_an_operator_compares_face_and_document_and_decides(door: Door) -> None:
    await door.matched(familyName="Неизвестнова")
    assert (await door.run(VIDEO, "requestVideoCheck"))["errors"] == [
        {"code": "INVALID_INPUT", "path": ["input", "CAMERA"]}
    ]
    assert (await door.scan("CAMERA"))["errors"] == []
    assert (await door.run(VIDEO, "requestVideoCheck"))["registration"] == {"state": "VIDEO"}
    (check,) = (await door.account.run(CHECKS, "support"))["identityChecks"]["nodes"]
    assert (check["familyName"], check["passport"]) == ("Неизвестнова", "4510123456")
    paths = {scan["kind"]: scan["path"] for scan in check["scans"]}
    assert [(await door.fetched(paths[kind], "support"))[0] for kind in ("CAMERA", "PASSPORT")] == [200, 200]
    assert [(await door.fetched(paths["CAMERA"], who))[0] for who in ("anna", "reviewer", "admin")] == [404] * 3
    decide = {"r": check["id"], "g": False}
    wordless = await door.account.run(DECIDE, "support", **decide)
    assert wordless["decideIdentity"]["errors"] == [{"code": "INVALID_INPUT", "path": ["input", "comment"]}]
    await door.account.run(DECIDE, "support", **decide, c="Лицо не видно: снимите при свете.")
    mine = (await door.mine())["registration"]
    assert (mine["state"], mine["complaints"]) == (
        "CORRECTION",
        [{"field": "", "code": "OPERATOR", "words": "Лицо не видно: снимите при свете."}],
    )
    assert (await door.fetched(paths["CAMERA"], "support"))[0] == 404, "nothing waits any more"
    await door.scan("CAMERA")
    await door.run(VIDEO, "requestVideoCheck")
    assert (await door.account.run(DECIDE, "support", r=check["id"], g=True))["decideIdentity"] == {
        "done": True,
        "errors": [],
    }
    assert (await door.mine())["level"] == "CONFIRMED"
    assert (await door.fetched(paths["PASSPORT"], "vera"))[0] == 404, "the files are destroyed when it is over"


async def known(door: Door, phone: str, born: date = date(2001, 3, 2)) -> int:
    """Add a record with Vera's SNILS."""
    async with door.account.store.begin() as tx:
        snils = [(IdentifierSystem.SNILS, "64270954807")]
        person = Person("Ветрова", "Вера", None, born, Sex.FEMALE, phone, None, None, snils)
        return await registry.add_patient(tx, person)


async def test_a_record_that_there_is_is_joined_where_its_phone_was_confirmed(door: Door) -> None:
    await known(door, "+79215554433")
    await door.matched()
    assert (await door.confirmed())["registration"]["state"] == "CONFIRMED"
    async with door.account.store.snapshot() as snapshot:
        (count,) = await snapshot.connection.fetch("select count(*) from patient", ())
    assert count[0] == 4, "Anna, Boris, the child and Vera: no second record"


async def test_a_record_with_another_phone_isnt_opened_by_a_code(door: Door) -> None:
    await known(door, "+79110000000")
    mine = await door.matched()
    assert [(c["field"], c["code"]) for c in mine["registration"]["complaints"]] == [("snils", "RECORD_ELSEWHERE")]
    assert (await door.run(CODE, "sendConfirmationCode"))["errors"][0]["code"] == "ILLEGAL_TRANSITION"
    assert (await door.mine())["patient"] is None


async def test_somebody_elses_record_isnt_opened_even_by_eyes(door: Door) -> None:
    await door.matched(snils="11223344595")
    mine = await door.mine()
    assert [c["code"] for c in mine["registration"]["complaints"]] == ["ALREADY_REGISTERED"]
    assert (await door.confirmed())["registration"] == {
        "state": "CORRECTION",
        "complaints": [{"code": "ALREADY_REGISTERED"}],
    }
    assert (await door.mine())["patient"] is None


async def test_a_confirmed_account_has_nothing_to_register(account: Account) -> None:
    answer = (await account.run(DATA, "anna", i=VERA))["submitPersonalData"]
    assert answer["errors"] == [{"code": "ILLEGAL_TRANSITION", "path": None, "suggestion": None}]


async def test_before_it_is_confirmed_only_what_needs_no_confirmation_is_open(door: Door) -> None:
    await door.opened()
    document = "mutation($p: ID!, $s: ID!) { bookAppointment(input: {patientId: $p, slotId: $s}) { errors { code } } }"
    world = door.account.world
    refused = await door.run(
        document, "bookAppointment", p=world.patient("anna"), s=world.node("Slot", "doctor_slot_0")
    )
    assert refused["errors"] == [{"code": "NOT_FOUND"}]
