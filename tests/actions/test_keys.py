"""A client's key: the same outcome however often it is sent, whatever lies between (law 8)."""

import asyncio
from datetime import timedelta

import pytest

from security.passwords import CHEAP
from server.settings import Settings
from server.wiring import house
from tests.actions.test_appointments import BOOK, CANCEL, VISITS, book
from tests.house import Account
from tests.people import populate
from tests.serving import Clock

pytestmark = pytest.mark.anyio
SUBMIT = """mutation($p: ID!, $o: ID!, $t: String!, $k: String) {
  submitRequest(input: {patientId: $p, organizationId: $o, kind: REFERRAL, text: $t, key: $k}) { request { id } errors { code path } } }"""
REUSED = [{"code": "IDEMPOTENCY_KEY_REUSED", "path": ["input", "key"]}]


async def visits(account: Account, who: str = "anna") -> list[str]:
    found = (await account.run(VISITS, who))["viewer"]["patient"]["appointments"]["nodes"]
    return [visit["status"] for visit in found]


async def with_header(account: Account, header: str, slot: str = "doctor_slot_0", **given: object) -> dict:
    world = account.world
    named = {"s": world.node("Slot", slot), "p": world.patient("anna"), **given}
    return (await account.ask(BOOK, key=header, **named))["data"]["bookAppointment"]


async def test_the_header_is_a_key_like_the_inputs_own(account: Account) -> None:
    first = await with_header(account, "one")
    assert first["errors"] == []
    assert await with_header(account, "one") == first
    assert (await with_header(account, "one", "doctor_slot_1"))["errors"] == REUSED
    assert await visits(account) == ["BOOKED"]


async def test_the_inputs_own_key_wins_over_the_header(account: Account) -> None:
    first = await with_header(account, "header", k="own")
    assert await book(account, k="own") == first
    other = await with_header(account, "header", "doctor_slot_1")
    assert other["errors"] == []
    assert await visits(account) == ["BOOKED", "BOOKED"]


async def test_a_key_is_its_users_own(account: Account) -> None:
    hers = await book(account, "anna", k="one")
    his = await book(account, "boris", slot="doctor_slot_1", k="one")
    assert (hers["errors"], his["errors"]) == ([], [])
    assert hers["appointment"]["id"] != his["appointment"]["id"]


async def test_a_key_is_for_one_field(account: Account) -> None:
    booked = await book(account, k="one")
    cancelled = await account.run(CANCEL, a=booked["appointment"]["id"], k="one")
    assert cancelled["cancelAppointment"]["errors"] == [{"code": "IDEMPOTENCY_KEY_REUSED"}]
    assert await visits(account) == ["BOOKED"]


@pytest.mark.parametrize("key", ["", "x" * 256, "щ" * 256])
async def test_a_key_has_1_to_255_characters(account: Account, key: str) -> None:
    refused = await book(account, k=key)
    assert refused == {"appointment": None, "errors": [{"code": "INVALID_INPUT", "path": ["input", "key"]}]}
    assert await visits(account) == []


@pytest.mark.parametrize("key", ["x", "x" * 255, "щ" * 255, "a\0b", "\u202eдом", "😀", " ", "'; drop table outcome"])
async def test_whatever_a_key_is_made_of_it_is_that_key(account: Account, key: str) -> None:
    first = await book(account, k=key)
    assert first["errors"] == []
    assert await book(account, k=key) == first
    assert (await book(account, slot="doctor_slot_1", k=key))["errors"] == REUSED
    assert (await book(account, slot="doctor_slot_1", k=f"{key}."[-255:]))["errors"] == []


async def test_another_text_is_another_input_and_nothing_of_it_happens(account: Account) -> None:
    given = {"p": account.world.patient("anna"), "o": account.world.node("Organization", "clinic"), "k": "one"}
    first = (await account.run(SUBMIT, t="справка", **given))["submitRequest"]
    other = (await account.run(SUBMIT, t="справка ", **given))["submitRequest"]
    again = (await account.run(SUBMIT, t="справка", **given))["submitRequest"]
    assert (first["errors"], other) == ([], {"request": None, "errors": REUSED})
    assert again == first


async def test_of_two_inputs_at_once_under_one_key_one_runs(account: Account) -> None:
    answers = await asyncio.gather(*(book(account, slot=f"doctor_slot_{n}", k="one") for n in range(6)))
    assert sum(answer["errors"] == REUSED for answer in answers) == 5
    assert await visits(account) == ["BOOKED"]


async def test_a_key_is_kept_for_a_day_and_longer(settings: Settings) -> None:
    clock = Clock()
    async with house(settings, clock, CHEAP) as stands:
        world = await populate(stands.app.store, stands.app.passwords)
        first = await book(Account(stands, world, settings), k="one")
        clock.ahead += timedelta(hours=23, minutes=59)
        later = Account(stands, world, settings)  # signed in anew: the session has ended meanwhile
        assert await book(later, k="one") == first
        clock.ahead += timedelta(days=6)
        assert await book(Account(stands, world, settings), k="one") == first


async def test_a_key_outlives_the_process(settings: Settings) -> None:
    async with house(settings, cost=CHEAP) as stands:
        world = await populate(stands.app.store, stands.app.passwords)
        first = await book(Account(stands, world, settings), k="one")
    async with house(settings, cost=CHEAP) as stands:
        again = Account(stands, world, settings)
        assert await book(again, k="one") == first
        assert await visits(again) == ["BOOKED"]


async def test_a_key_survives_a_new_sealing_key(account: Account) -> None:
    from persistence.sealing import SYSTEM

    first = await book(account, k="one")
    await account.store.keys.renew(SYSTEM)
    assert await book(account, k="one") == first
    assert await visits(account) == ["BOOKED"]
