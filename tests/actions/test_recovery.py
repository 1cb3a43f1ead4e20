"""Recovery of access: two proofs and a day's wait; whoever has a session stops it; nobody learns who has an account."""

import re
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from domain.codes import Channel
from persistence import accounts
from security.codes import new_recovery_codes
from security.passwords import CHEAP
from security.totp import code_at
from server.settings import Settings
from server.wiring import house
from tests.house import Account
from tests.people import PASSWORD, populate
from tests.serving import Clock

pytestmark = pytest.mark.anyio
BEGIN = "mutation($l: String!) { beginRecovery(input: {login: $l}) { ticket errors { code } } }"
RECOVER = """mutation($i: RecoverAccessInput!) { recoverAccess(input: $i) { effectiveAt errors { code path } } }"""
STOP = "mutation { stopRecovery(input: {}) { done errors { code } } }"
MINE = "{ viewer { hasAuthenticator recoveryCodesLeft recoveries { nodes { state address } } } }"
SEND = 'mutation($p: String!) { sendSignInCode(input: {login: "anna@example.org", password: $p, channel: EMAIL}) { ticket errors { code } } }'
SIGN_IN = """mutation($p: String!, $c: String!, $t: String) {
  signIn(input: {login: "anna@example.org", password: $p, code: $c, ticket: $t, channel: EMAIL}) { token errors { code } } }"""
NEW = "семь вёсен над рекой"
PHONE = "+79161234567"


class Door:
    """The product with a clock that can be put forward; Anna has a phone, an address and recovery codes."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self.account = account
        self.clock = clock
        self.kept = new_recovery_codes()

    async def prepare(self) -> None:
        async with self.account.store.begin() as tx:
            found = await accounts.opened(tx, self.account.world.accounts["anna"])
            assert found is not None
            from actions import factors

            hashes = tuple([await factors._kept_hash(tx, found[0].id, one.replace("-", "")) for one in self.kept])
            await accounts.change(tx, *found, phone=PHONE, recovery_hashes=hashes)
            assert await accounts.rename(tx, found[0].id, None, PHONE)

    async def anonymous(self, document: str, name: str, **given: Any) -> dict:
        return (await self.account.run(document, None, **given))[name]

    async def sent(self) -> list:
        await self.account.house.tasks.settle()
        return self.account.app.sender.shown()

    async def begun(self, login: str = "anna@example.org") -> str:
        begun = await self.anonymous(BEGIN, "beginRecovery", l=login)
        assert begun["errors"] == []
        return begun["ticket"]

    async def codes(self) -> dict[str, str]:
        """Return the codes that were sent last."""
        found = {}
        for sent in reversed(await self.sent()):
            code = re.search(r"\b\d{6}\b", sent.text)
            if code:
                found["phoneCode" if sent.channel is Channel.SMS else "emailCode"] = code[0]
        return found

    async def recover(self, ticket: str, **shown: str) -> dict:
        given = {"ticket": ticket, "newPassword": NEW, **shown}
        return await self.anonymous(RECOVER, "recoverAccess", i=given)

    async def sign_in(self, password: str, code: str, ticket: str | None = None) -> list[str]:
        answer = await self.anonymous(SIGN_IN, "signIn", p=password, c=code, t=ticket)
        return [error["code"] for error in answer["errors"]]

    def app_code(self) -> str:
        return code_at(self.account.world.secrets["anna"], self.clock())


@pytest.fixture
async def door(settings: Settings) -> AsyncGenerator[Door]:
    clock = Clock()
    async with house(settings, clock, CHEAP) as opened:
        world = await populate(opened.app.store, opened.app.passwords)
        await opened.tasks.stop()
        made = Door(Account(opened, world, settings), clock)
        await made.prepare()
        yield made


async def test_two_codes_and_a_day_give_a_new_password(door: Door) -> None:
    ticket = await door.begun()
    done = await door.recover(ticket, **await door.codes())
    wait = datetime.fromisoformat(done["effectiveAt"]) - door.clock()
    assert timedelta(hours=23, minutes=59) < wait <= timedelta(hours=24)
    assert await door.sign_in(NEW, door.app_code()) == ["WRONG_CREDENTIALS"], "not yet"
    door.clock.ahead += timedelta(hours=24, seconds=1)
    await door.account.house.tasks.settle()
    assert await door.sign_in(PASSWORD, door.app_code()) == ["WRONG_CREDENTIALS"]
    assert await door.sign_in(NEW, door.app_code()) == ["WRONG_CREDENTIALS"], "the authenticator is reset"
    second = await door.anonymous(SEND, "sendSignInCode", p=NEW)
    assert await door.sign_in(NEW, (await door.codes())["emailCode"], second["ticket"]) == []
    assert (await door.account.run(MINE))["viewer"]["hasAuthenticator"] is False


async def test_the_owner_is_told_by_every_way_and_stops_it(door: Door) -> None:
    async with door.account.watching("subscription { recoveryChanged { recovery { state } } }") as watched:
        ticket = await door.begun()
        assert (await door.recover(ticket, **await door.codes()))["errors"] == []
        assert await watched.next() == {"recoveryChanged": {"recovery": {"state": "WAITING"}}}
        told = {sent.to for sent in await door.sent() if "восстановление доступа. Новый" in sent.text}
        assert told == {PHONE, "anna@example.org"}
        assert (await door.account.run(STOP))["stopRecovery"] == {"done": True, "errors": []}
        assert await watched.next() == {"recoveryChanged": {"recovery": {"state": "STOPPED"}}}
    door.clock.ahead += timedelta(hours=25)
    await door.account.house.tasks.settle()
    assert await door.sign_in(PASSWORD, door.app_code()) == []
    assert (await door.account.run(STOP, "boris"))["stopRecovery"]["errors"] == [{"code": "NOT_FOUND"}]


async def test_when_it_is_done_every_session_ends(door: Door) -> None:
    ticket = await door.begun()
    await door.recover(ticket, **await door.codes())
    door.clock.ahead += timedelta(hours=24) - timedelta(minutes=1)
    token = await door.account.token("anna")
    assert token
    door.clock.ahead += timedelta(minutes=2)
    assert (await door.account.run(MINE))["viewer"]["recoveries"]["nodes"][0]["state"] == "WAITING"
    await door.account.house.tasks.settle()
    assert (await door.account.run(MINE))["viewer"] is None


async def test_a_kept_code_stands_for_one_that_was_sent(door: Door) -> None:
    ticket = await door.begun()
    email = {"emailCode": (await door.codes())["emailCode"]}
    assert (await door.recover(ticket, **email))["errors"] == [
        {"code": "INVALID_INPUT", "path": ["input", "phoneCode"]}
    ]
    wrong = await door.recover(ticket, **email, recoveryCode="aaaaa-aaaaa-aaaaa")
    assert wrong["errors"] == [{"code": "WRONG_CODE", "path": ["input", "recoveryCode"]}]
    done = await door.recover(ticket, **email, recoveryCode=door.kept[0])
    assert (done["errors"], done["effectiveAt"] is not None) == ([], True)
    assert (await door.account.run(MINE))["viewer"]["recoveryCodesLeft"] == 9


async def test_one_way_alone_is_not_enough(door: Door) -> None:
    ticket = await door.begun()
    codes = await door.codes()
    wrong = await door.recover(ticket, phoneCode=codes["phoneCode"], emailCode="000000")
    assert wrong["errors"] == [{"code": "WRONG_CODE", "path": ["input", "emailCode"]}]
    assert (await door.account.run(MINE))["viewer"]["recoveries"]["nodes"] == []


async def test_five_guesses_end_it(door: Door) -> None:
    ticket = await door.begun()
    codes = await door.codes()
    for _ in range(5):
        assert (await door.recover(ticket, **{**codes, "emailCode": "000000"}))["errors"][0]["code"] == "WRONG_CODE"
    assert (await door.recover(ticket, **codes))["errors"] == [{"code": "WRONG_CODE", "path": None}]


async def test_nobody_learns_whether_there_is_an_account(door: Door) -> None:
    """Same answer, same limits, same refusals, and the same work behind."""
    nobody = await door.begun("nobody@example.org")
    assert await door.sent() == []
    given = {"phoneCode": "123456", "emailCode": "123456"}
    assert (await door.recover(nobody, **given))["errors"] == [{"code": "WRONG_CODE", "path": ["input", "phoneCode"]}]
    known = await door.begun()
    assert (await door.recover(known, **given))["errors"] == [{"code": "WRONG_CODE", "path": ["input", "phoneCode"]}]
    for login in ("nobody@example.org", "anna@example.org"):
        assert (await door.anonymous(BEGIN, "beginRecovery", l=login))["errors"] == [{"code": "TOO_MANY_ATTEMPTS"}]


async def test_the_time_doesnt_tell_either(door: Door) -> None:
    times: dict[str, list[float]] = {"anna@example.org": [], "nobody@example.org": []}
    for _ in range(15):
        for login, taken in times.items():
            door.clock.ahead += timedelta(hours=2)
            began = perf_counter()
            await door.anonymous(BEGIN, "beginRecovery", l=login)
            taken.append(perf_counter() - began)
    (one, spread), (other, spread_too) = ((median(t), max(t) - min(t)) for t in times.values())
    assert abs(one - other) < 3 * max(spread, spread_too)


async def test_the_password_that_waits_is_forgotten_when_it_is_stopped(door: Door) -> None:
    ticket = await door.begun()
    await door.recover(ticket, **await door.codes())
    await door.account.run(STOP)
    async with door.account.store.begin() as tx:
        from persistence import recovery as recoveries

        assert await recoveries.waiting(tx, door.account.world.accounts["anna"]) is None
