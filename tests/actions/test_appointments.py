"""Booking and cancelling: one winner, one outcome a key."""

import asyncio

import pytest

from tests.house import Account

pytestmark = pytest.mark.anyio
BOOK = """mutation($s: ID!, $p: ID!, $k: String, $r: String) {
  bookAppointment(input: {slotId: $s, patientId: $p, key: $k, reason: $r}) { appointment { id status } errors { code path } }
}"""
CANCEL = "mutation($a: ID!, $k: String) { cancelAppointment(input: {appointmentId: $a, key: $k}) { appointment { status } errors { code } } }"
VISITS = "{ viewer { patient { appointments { nodes { id status } } } } }"


async def book(account: Account, who: str = "anna", slot: str = "doctor_slot_0", **given: object) -> dict:
    world = account.world
    done = await account.run(BOOK, who, s=world.node("Slot", slot), p=world.patient(who), **given)
    return done["bookAppointment"]


def codes(*answers: dict) -> list[str]:
    return sorted(error["code"] for answer in answers for error in answer["errors"])


async def test_of_many_people_one_gets_the_slot(account: Account) -> None:
    answers = await asyncio.gather(*(book(account, who) for who in ("anna", "boris") * 5))
    assert codes(*answers) == ["SLOT_TAKEN"] * 9


async def test_the_same_key_has_the_same_outcome(account: Account) -> None:
    first = await book(account, k="one")
    assert await book(account, k="one") == first
    assert len((await account.run(VISITS))["viewer"]["patient"]["appointments"]["nodes"]) == 1


async def test_a_refusal_is_an_outcome_too(account: Account) -> None:
    await book(account, "boris")
    refused = await book(account, "anna", k="one")
    assert codes(refused) == ["SLOT_TAKEN"]
    visits = await account.run(VISITS, "boris")
    await account.run(CANCEL, "boris", a=visits["viewer"]["patient"]["appointments"]["nodes"][0]["id"])
    assert await book(account, "anna", k="one") == refused


async def test_a_key_with_another_input_is_refused(account: Account) -> None:
    await book(account, k="one")
    other = await book(account, slot="doctor_slot_1", k="one")
    assert other == {"appointment": None, "errors": [{"code": "IDEMPOTENCY_KEY_REUSED", "path": ["input", "key"]}]}


async def test_a_key_used_at_once_runs_once(account: Account) -> None:
    answers = await asyncio.gather(*(book(account, k="one") for _ in range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert len((await account.run(VISITS))["viewer"]["patient"]["appointments"]["nodes"]) == 1


async def test_a_cancelled_time_is_free_at_once(account: Account) -> None:
    booked = await book(account)
    cancelled = await account.run(CANCEL, a=booked["appointment"]["id"])
    assert cancelled["cancelAppointment"] == {"appointment": {"status": "CANCELLED"}, "errors": []}
    assert codes(await book(account, "boris")) == []


async def test_a_visit_is_cancelled_once(account: Account) -> None:
    booked = await book(account)
    await account.run(CANCEL, a=booked["appointment"]["id"])
    again = await account.run(CANCEL, a=booked["appointment"]["id"])
    assert codes(again["cancelAppointment"]) == ["ILLEGAL_TRANSITION"]


@pytest.mark.parametrize("reason", ["", "x" * 1001, "a\0b"])
async def test_a_bad_reason_books_nothing_and_is_named(account: Account, reason: str) -> None:
    refused = await book(account, r=reason)
    assert refused == {"appointment": None, "errors": [{"code": "INVALID_INPUT", "path": ["input", "reason"]}]}
    assert codes(await book(account, "boris")) == []


async def test_any_text_is_kept_exactly(account: Account) -> None:
    said = "боль \u202e 🫀 \\n \t «x»"
    booked = await book(account, r=said)
    shown = await account.run(
        "query($i: ID!) { node(id: $i) { ... on Appointment { reason } } }", i=booked["appointment"]["id"]
    )
    assert shown["node"]["reason"] == said
