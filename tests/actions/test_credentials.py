"""Codes that are sent, step-up, authenticator, password, contacts, and the history of sign-ins."""

import re
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from actions import codes as codes_of
from gql.exchange import StreamEnded
from persistence import accounts
from persistence.accounts import AccountRow
from security.passwords import CHEAP
from security.totp import code_at
from server.settings import Settings
from server.wiring import house
from tests.house import Account
from tests.people import PASSWORD, populate
from tests.serving import Clock

pytestmark = pytest.mark.anyio
SEND = """mutation($l: String!, $p: String!, $c: Channel!) {
  sendSignInCode(input: {login: $l, password: $p, channel: $c}) { ticket errors { code path } } }"""
SIGN_IN = """mutation($p: String!, $c: String!, $t: String, $l: String = "anna@example.org") {
  signIn(input: {login: $l, password: $p, code: $c, ticket: $t, channel: EMAIL}) { token errors { code } } }"""
SEND_STEP_UP = "mutation { sendStepUpCode(input: {channel: EMAIL}) { ticket errors { code } } }"
STEP_UP = "mutation($c: String!, $t: String) { stepUp(input: {code: $c, ticket: $t, channel: EMAIL}) { token errors { code } } }"
BEGIN = "mutation { beginAuthenticator { secret uri errors { code suggestion } } }"
CONFIRM = "mutation($c: String!) { confirmAuthenticator(input: {code: $c}) { recoveryCodes errors { code } } }"
PASSWORDS = """mutation($o: String!, $n: String!) {
  changePassword(input: {currentPassword: $o, newPassword: $n}) { done errors { code path suggestion } } }"""
CONTACT = "mutation($c: Channel!, $t: String!) { changeContact(input: {channel: $c, to: $t}) { ticket errors { code path } } }"
CONFIRM_CONTACT = """mutation($t: String!, $c: Channel!, $k: String!) {
  confirmContact(input: {ticket: $t, channel: $c, code: $k}) { done errors { code } } }"""
HISTORY = "{ viewer { signIns { nodes { method refused address } } } }"
CONSENT = """mutation($p: ID!, $d: ID!) { giveConsent(input: {patientId: $p, practitionerId: $d, categories: [RESULTS]}) {
  consent { id } errors { code message suggestion } } }"""
ME = "{ viewer { email phone hasAuthenticator recoveryCodesLeft } }"
NEW = "семь вёсен над рекой"


class Door:
    """The product with a clock that can be put forward, and what it sends."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self.account = account
        self.clock = clock

    async def sent(self) -> list:
        """Return what was sent, the latest first."""
        await self.account.house.tasks.settle()
        return self.account.app.sender.shown()

    async def code(self) -> str:
        """Return the code that was sent last."""
        found = re.search(r"\d{6}", (await self.sent())[0].text)
        assert found
        return found[0]

    async def send(self, password: str = PASSWORD, login: str = "anna@example.org", channel: str = "EMAIL") -> dict:
        return (await self.account.run(SEND, None, l=login, p=password, c=channel))["sendSignInCode"]

    async def sign_in(self, code: str, ticket: str | None = None, password: str = PASSWORD, **given: str) -> dict:
        return (await self.account.run(SIGN_IN, None, p=password, c=code, t=ticket, **given))["signIn"]

    def app_code(self, who: str = "anna") -> str:
        return code_at(self.account.world.secrets[who], self.clock())

    async def run(self, document: str, name: str, who: str = "anna", **given: str) -> dict:
        return (await self.account.run(document, who, **given))[name]


@pytest.fixture
async def door(settings: Settings) -> AsyncGenerator[Door]:
    clock = Clock()
    async with house(settings, clock, CHEAP) as opened:
        world = await populate(opened.app.store, opened.app.passwords)
        await opened.tasks.stop()  # the tests do what is due, and wait for it
        yield Door(Account(opened, world, settings), clock)


def codes(answer: dict) -> list[str]:
    return [error["code"] for error in answer["errors"]]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_a_code_that_was_sent_is_a_second_factor_once(door: Door) -> None:
    ticket = (await door.send())["ticket"]
    code = await door.code()
    assert codes(await door.sign_in(code)) == ["WRONG_CREDENTIALS"], "without its ticket it is nothing"
    assert codes(await door.sign_in(code, ticket)) == []
    assert codes(await door.sign_in(code, ticket)) == ["WRONG_CREDENTIALS"]


async def test_a_code_goes_only_to_whoever_knows_the_password(door: Door) -> None:
    answers = [await door.send("wrong"), await door.send(login="nobody@example.org")]
    assert [(answer["ticket"], codes(answer)) for answer in answers] == [(None, ["WRONG_CREDENTIALS"])] * 2
    assert await door.sent() == []


async def test_a_code_is_over_after_ten_minutes(door: Door) -> None:
    ticket = (await door.send())["ticket"]
    code = await door.code()
    door.clock.ahead += timedelta(minutes=10, seconds=1)
    assert codes(await door.sign_in(code, ticket)) == ["WRONG_CREDENTIALS"]


async def test_five_guesses_end_a_code(door: Door) -> None:
    ticket = (await door.send())["ticket"]
    code = await door.code()
    for _ in range(5):
        assert codes(await door.sign_in(wrong(code), ticket)) == ["WRONG_CREDENTIALS"]
        door.clock.ahead += timedelta(seconds=31)
    assert codes(await door.sign_in(code, ticket)) == ["WRONG_CREDENTIALS"]


async def test_another_code_is_sent_after_a_minute_and_five_an_hour(door: Door) -> None:
    assert codes(await door.send()) == []
    assert codes(await door.send()) == ["TOO_MANY_ATTEMPTS"]
    for _ in range(4):
        door.clock.ahead += timedelta(seconds=61)
        assert codes(await door.send()) == []
    door.clock.ahead += timedelta(seconds=61)
    assert codes(await door.send()) == ["TOO_MANY_ATTEMPTS"]


async def test_a_ticket_of_somebody_elses_opens_nothing(door: Door) -> None:
    ticket = (await door.send(login="boris@example.org"))["ticket"]
    assert codes(await door.sign_in(await door.code(), ticket)) == ["WRONG_CREDENTIALS"]


async def test_a_code_for_another_purpose_opens_nothing(door: Door) -> None:
    ticket = (await door.run(SEND_STEP_UP, "sendStepUpCode"))["ticket"]
    assert codes(await door.sign_in(await door.code(), ticket)) == ["WRONG_CREDENTIALS"]


async def test_no_code_lies_in_the_database_in_the_clear(door: Door) -> None:
    await door.send()
    code = await door.code()
    async with door.account.store.snapshot() as snapshot:
        for table in ("sent_code", "task"):
            rows = await snapshot.connection.fetch(f"select * from {table}", ())
            assert rows
            assert not any(code.encode() in value for row in rows for value in row if isinstance(value, bytes))


async def test_what_was_sent_is_forgotten_after_a_day(door: Door) -> None:
    await door.send()
    await door.code()
    door.clock.ahead += timedelta(hours=23)
    await codes_of.forget(door.account.store)
    assert await kept(door) == (1, 1)
    door.clock.ahead += timedelta(hours=2)
    await codes_of.forget(door.account.store)
    assert await kept(door) == (0, 0)


async def kept(door: Door) -> tuple[int, ...]:
    """Return how many codes and texts are kept."""
    async with door.account.store.snapshot() as snapshot:
        rows = [await snapshot.connection.fetch(f"select count(*) from {name}", ()) for name in ("sent_code", "task")]
    return tuple(row[0][0] for row in rows)


async def test_without_a_carrier_it_is_said_at_once(settings: Settings) -> None:
    quiet = settings.model_copy(update={"codes": "none"})
    async with house(quiet, cost=CHEAP) as opened:
        account = Account(opened, await populate(opened.app.store, opened.app.passwords), quiet)
        answer = (await account.run(SEND, None, l="anna@example.org", p=PASSWORD, c="SMS"))["sendSignInCode"]
    assert codes(answer) == ["UNAVAILABLE"]


async def consent(door: Door) -> dict:
    world = door.account.world
    given = {"p": world.patient("anna"), "d": world.node("Practitioner", "other_doctor")}
    return await door.run(CONSENT, "giveConsent", **given)


async def test_a_sensitive_act_needs_a_fresh_factor_and_says_what_helps(door: Door) -> None:
    assert codes(await consent(door)) == [], "just signed in"
    door.clock.ahead += timedelta(minutes=10)
    await door.account.run("{ viewer { name } }")
    door.clock.ahead += timedelta(minutes=6)
    refused = await consent(door)
    assert refused["errors"] == [
        {"code": "STEP_UP", "message": "Confirm that it is you: enter a code once more.", "suggestion": "stepUp"}
    ]
    assert refused["consent"] is None
    old = await door.account.token("anna")
    stepped = await door.run(STEP_UP, "stepUp", c=door.app_code())
    door.account._tokens["anna"] = stepped["token"]
    assert codes(await consent(door)) == []
    door.account._tokens["anna"] = old
    assert (await door.account.run("{ viewer { name } }"))["viewer"] is None, "the old token is dead"


async def test_a_sent_code_steps_up_and_a_wrong_one_does_not(door: Door) -> None:
    ticket = (await door.run(SEND_STEP_UP, "sendStepUpCode"))["ticket"]
    code = await door.code()
    assert codes(await door.run(STEP_UP, "stepUp", c=wrong(code), t=ticket)) == ["WRONG_CREDENTIALS"]
    assert (await door.run(STEP_UP, "stepUp", c=code, t=ticket))["token"][:3] == "mk_"


async def test_step_up_is_guessed_at_five_times_at_most(door: Door) -> None:
    right = door.app_code()
    for _ in range(5):
        assert codes(await door.run(STEP_UP, "stepUp", c=wrong(right))) == ["WRONG_CREDENTIALS"]
    assert codes(await door.run(STEP_UP, "stepUp", c=right)) == ["TOO_MANY_ATTEMPTS"]


async def test_a_new_authenticator_counts_once_it_has_shown_a_code(door: Door) -> None:
    begun = await door.run(BEGIN, "beginAuthenticator")
    assert begun["uri"].startswith("otpauth://totp/Medkabinet:")
    door.clock.next_code()
    new = code_at(begun["secret"], door.clock())
    assert codes(await door.sign_in(new)) == ["WRONG_CREDENTIALS"], "not yet"
    kept = (await door.run(CONFIRM, "confirmAuthenticator", c=new))["recoveryCodes"]
    assert len(set(kept)) == 10
    assert (await door.account.run("{ viewer { name } }"))["viewer"] is None, "every session ended"
    door.clock.next_code()
    assert codes(await door.sign_in(door.app_code())) == ["WRONG_CREDENTIALS"], "the old one is over"
    assert codes(await door.sign_in(code_at(begun["secret"], door.clock()))) == []
    assert codes(await door.sign_in(kept[3].upper())) == []
    assert codes(await door.sign_in(kept[3])) == ["WRONG_CREDENTIALS"], "each works once"
    door.account._tokens.pop("anna")
    assert await door.run(ME, "viewer") == {
        "email": "anna@example.org",
        "phone": None,
        "hasAuthenticator": True,
        "recoveryCodesLeft": 9,
    }


async def test_an_account_without_authenticator_has_no_code_of_an_empty_secret(door: Door) -> None:
    async with door.account.store.begin() as tx:
        found = await accounts.opened(tx, door.account.world.accounts["anna"])
        assert found is not None
        await accounts.change(tx, *found, totp_secret="")
    assert codes(await door.sign_in("000000")) == ["WRONG_CREDENTIALS"]


async def test_a_new_password_ends_every_session(door: Door) -> None:
    async with door.account.watching("subscription { appointmentChanged { cursor } }") as watched:
        assert await door.run(PASSWORDS, "changePassword", o=PASSWORD, n=NEW) == {"done": True, "errors": []}
        with pytest.raises(StreamEnded):
            await watched.next()
    assert codes(await door.sign_in(door.app_code())) == ["WRONG_CREDENTIALS"]
    assert codes(await door.sign_in(door.app_code(), password=NEW)) == []


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("wrong", NEW, {"code": "WRONG_CREDENTIALS", "path": ["input", "currentPassword"], "suggestion": None}),
        (PASSWORD, "gfhjkm123", {"code": "WEAK_PASSWORD", "path": ["input", "newPassword"], "suggestion": "COMMON"}),
        (PASSWORD, "короче", {"code": "WEAK_PASSWORD", "path": ["input", "newPassword"], "suggestion": "SHORT"}),
        (
            PASSWORD,
            "anna@example.org",
            {"code": "WEAK_PASSWORD", "path": ["input", "newPassword"], "suggestion": "OWN_NAME"},
        ),
    ],
)
async def test_a_password_that_isnt_taken_changes_nothing(door: Door, old: str, new: str, error: dict) -> None:
    assert await door.run(PASSWORDS, "changePassword", o=old, n=new) == {"done": False, "errors": [error]}
    assert codes(await door.sign_in(door.app_code())) == []


async def test_a_new_contact_counts_once_its_code_came_back(door: Door) -> None:
    begun = await door.run(CONTACT, "changeContact", c="EMAIL", t=" New@Example.org ")
    code = await door.code()
    given = {"t": begun["ticket"], "c": "EMAIL"}
    assert codes(await door.run(CONFIRM_CONTACT, "confirmContact", **given, k=wrong(code))) == ["WRONG_CODE"]
    assert (await door.run(ME, "viewer"))["email"] == "anna@example.org"
    assert await door.run(CONFIRM_CONTACT, "confirmContact", **given, k=code) == {"done": True, "errors": []}
    assert (await door.run(ME, "viewer"))["email"] == "new@example.org"
    told = (await door.sent())[0]
    assert (told.to, "n***@example.org" in told.text) == ("anna@example.org", True)
    assert codes(await door.sign_in(door.app_code())) == ["WRONG_CREDENTIALS"], "the old name is over"
    assert codes(await door.sign_in(door.app_code(), l="new@example.org")) == []


async def test_somebody_elses_contact_is_answered_alike_and_gets_nothing(door: Door) -> None:
    answer = await door.run(CONTACT, "changeContact", c="EMAIL", t="boris@example.org")
    assert (answer["ticket"][:3], answer["errors"]) == ("mk_", [])
    assert await door.sent() == []


async def test_one_signs_in_by_a_phone_however_it_is_written(door: Door) -> None:
    begun = await door.run(CONTACT, "changeContact", c="SMS", t="8 (999) 123-45-67")
    given = {"t": begun["ticket"], "c": "SMS", "k": await door.code()}
    assert (await door.run(CONFIRM_CONTACT, "confirmContact", **given))["done"]
    assert codes(await door.sign_in(door.app_code(), l="+7 999 123 45 67")) == []


async def test_ones_own_sign_ins_are_listed_the_refused_ones_too(door: Door) -> None:
    await door.sign_in(door.app_code())
    await door.sign_in("000000")
    assert (await door.account.run(HISTORY))["viewer"]["signIns"]["nodes"] == [
        {"method": None, "refused": "WRONG_CREDENTIALS", "address": ""},
        {"method": "PASSWORD_AND_APP", "refused": None, "address": ""},
    ]
    assert (await door.account.run(HISTORY, "boris"))["viewer"]["signIns"]["nodes"] == []


async def test_an_account_that_was_locked_meanwhile_is_not_opened_again(door: Door) -> None:
    async with door.account.store.begin() as tx:
        found = await accounts.opened(tx, door.account.world.accounts["anna"])
        assert found is not None
        row: AccountRow = found[0]
        row.disabled_at = tx.now
        await accounts.change(tx, row, found[1])
        assert await accounts.opened(tx, row.id) is None
