"""Two factors, codes that work once, attempts that are limited, sessions that end."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from gql.exchange import Caller, Request, StreamEnded
from gql.planning.ids import NodeId
from security.passwords import CHEAP
from security.totp import code_at
from server.settings import Settings
from server.wiring import house
from tests.house import Account
from tests.people import PASSWORD, populate
from tests.serving import Clock

pytestmark = pytest.mark.anyio
SIGN_IN = """mutation($l: String!, $p: String!, $c: String!) {
  signIn(input: {login: $l, password: $p, code: $c}) { token errors { code message path } }
}"""
SIGN_OUT = "mutation { signOut { done } }"


SESSIONS = "{ viewer { sessions { nodes { id endedAt } } } }"
END = "mutation($id: ID!) { endSession(input: {sessionId: $id}) { session { id } errors { code path } } }"
END_OTHERS = "mutation { endOtherSessions { session { id } errors { code } } }"


class Door:
    """The product with a clock that can be put forward."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self.account = account
        self.clock = clock

    def code(self, who: str = "anna") -> str:
        return code_at(self.account.world.secrets[who], self.clock())

    async def sign_in(self, login: str = "anna@example.org", password: str = PASSWORD, code: str | None = None) -> dict:
        given = {"l": login, "p": password, "c": code or self.code()}
        return (await self.account.ask(SIGN_IN, None, **given))["data"]["signIn"]


@pytest.fixture
async def door(settings: Settings) -> AsyncGenerator[Door]:
    clock = Clock()
    async with house(settings, clock, CHEAP) as opened:
        world = await populate(opened.app.store, opened.app.passwords)
        yield Door(Account(opened, world, settings), clock)


def codes(answer: dict) -> list[str]:
    return [error["code"] for error in answer["errors"]]


async def test_password_and_code_open_a_session(door: Door) -> None:
    opened = await door.sign_in()
    assert (opened["errors"], opened["token"][:3]) == ([], "mk_")


async def test_a_code_works_once(door: Door) -> None:
    assert codes(await door.sign_in()) == []
    assert codes(await door.sign_in()) == ["WRONG_CREDENTIALS"]


async def test_of_two_at_once_with_one_code_one_gets_in(door: Door) -> None:
    answers = await asyncio.gather(*(door.sign_in() for _ in range(4)))
    assert sorted(codes(answer) for answer in answers) == [[]] + [["WRONG_CREDENTIALS"]] * 3


async def test_whatever_is_wrong_is_answered_alike(door: Door) -> None:
    wrong = [
        await door.sign_in(password="wrong"),
        await door.sign_in(code="000000"),
        await door.sign_in(login="nobody@example.org"),
    ]
    message = {"code": "WRONG_CREDENTIALS", "message": "The login, the password or the code is wrong.", "path": None}
    assert wrong == [{"token": None, "errors": [message]}] * 3


async def test_after_five_failures_even_the_right_password_waits(door: Door) -> None:
    for _ in range(5):
        assert codes(await door.sign_in(password="wrong")) == ["WRONG_CREDENTIALS"]
    assert codes(await door.sign_in()) == ["TOO_MANY_ATTEMPTS"]


async def test_of_fifty_guesses_at_once_five_are_looked_at(door: Door) -> None:
    answers = await asyncio.gather(*(door.sign_in(password=f"guess {n}") for n in range(50)))
    assert sorted(codes(answer)[0] for answer in answers) == ["TOO_MANY_ATTEMPTS"] * 45 + ["WRONG_CREDENTIALS"] * 5


@pytest.mark.parametrize("minutes", [16, 12 * 60 + 1])
async def test_a_session_ends_by_idleness(door: Door, minutes: int) -> None:
    await door.account.token("anna")
    door.clock.ahead += timedelta(minutes=minutes)
    assert (await door.account.run("{ viewer { name } }"))["viewer"] is None


async def test_signing_out_ends_the_session_and_its_stream(account: Account) -> None:
    async with account.watching("subscription { appointmentChanged { cursor } }") as watched:
        assert (await account.run(SIGN_OUT))["signOut"] == {"done": True}
        with pytest.raises(StreamEnded) as ended:
            await watched.next()
    assert (ended.value.session, b'"SESSION_ENDED"' in ended.value.body) == (True, True)
    assert (await account.run("{ viewer { name } }"))["viewer"] is None


async def listed(account: Account, who: str) -> list[dict]:
    return (await account.run(SESSIONS, who))["viewer"]["sessions"]["nodes"]


async def second_device(account: Account, who: str = "anna") -> str:
    """Sign someone in on another device, which is the one that asks from now on; return the first one's token."""
    first = await account.token(who)
    account._tokens.pop(who)
    await account.token(who)
    return first


async def is_open(account: Account, token: str) -> bool:
    reply = await account.api.execute(Request("{ viewer { name } }"), Caller(token=token))
    return json.loads(reply.body)["data"]["viewer"] is not None


async def test_own_sessions_are_listed_and_no_others(account: Account) -> None:
    await second_device(account)
    assert [len(await listed(account, who)) for who in ("anna", "boris")] == [2, 1]


async def test_a_lost_phone_is_shut_out(account: Account) -> None:
    phone = await second_device(account)
    here, there = await listed(account, "anna")
    assert await is_open(account, phone)
    ended = (await account.run(END, "anna", id=there["id"]))["endSession"]
    assert ended == {"session": {"id": there["id"]}, "errors": []}
    assert (await is_open(account, phone), await is_open(account, await account.token("anna"))) == (False, True)
    after = await listed(account, "anna")
    assert [after[0], after[1]["endedAt"] is not None] == [here, True]
    await account.run(END, "anna", id=there["id"])
    assert await listed(account, "anna") == after, "a second time changes nothing"


async def test_ending_a_session_ends_its_stream(account: Account) -> None:
    async with account.watching("subscription { appointmentChanged { cursor } }") as watched:
        await second_device(account)
        await account.run(END_OTHERS, "anna")
        with pytest.raises(StreamEnded) as ended:
            await watched.next()
    assert (ended.value.session, b'"SESSION_ENDED"' in ended.value.body) == (True, True)


async def test_all_others_end_and_this_one_stays(account: Account) -> None:
    phone = await second_device(account)
    tablet = await second_device(account)
    boris = await account.token("boris")
    here = (await listed(account, "anna"))[0]
    assert (await account.run(END_OTHERS, "anna"))["endOtherSessions"] == {"session": {"id": here["id"]}, "errors": []}
    left = [await is_open(account, token) for token in (phone, tablet, await account.token("anna"), boris)]
    assert left == [False, False, True, True]


async def test_somebody_elses_session_is_as_if_there_were_none(account: Account) -> None:
    (theirs,) = await listed(account, "boris")
    missing = NodeId("Session", (5,)).text()
    answers = [(await account.run(END, "anna", id=given))["endSession"] for given in (theirs["id"], missing)]
    assert answers == [{"session": None, "errors": [{"code": "NOT_FOUND", "path": ["input", "sessionId"]}]}] * 2
    assert await listed(account, "boris") == [theirs]


async def test_whoever_isnt_signed_in_ends_nothing(account: Account) -> None:
    phone = await second_device(account)
    answer = await account.ask(END_OTHERS, None)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_SIGNED_IN"]
    assert await is_open(account, phone)
