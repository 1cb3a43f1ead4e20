"""The first story of DESIGN.md: a booking, and how it reaches the other screen."""

import json

import pytest

from tests.stories.conftest import Place

pytestmark = pytest.mark.anyio

BOOK = """mutation($s: ID!, $p: ID!, $k: String) {
  bookAppointment(input: {slotId: $s, patientId: $p, key: $k}) {
    appointment { id status practitioner { name } } errors { code path } asOf
  }
}"""
CANCEL = (
    "mutation($a: ID!) { cancelAppointment(input: {appointmentId: $a}) { appointment { status } errors { code } } }"
)
CHANGED = """subscription($after: String) {
  appointmentChanged(after: $after) { appointment { id status patient { fullName } } cursor }
}"""
VISITS = "{ viewer { patient { appointments { nodes { id status } } } } asOf }"
FREE = """query($d: ID!) { node(id: $d) { ... on Practitioner {
  slots(state: FREE, first: 1) { nodes { id state } }
} } }"""


async def test_a_booking_appears_on_the_doctors_screen_and_in_the_record(place: Place) -> None:
    anna, doctor = await place.token("anna"), await place.token("doctor")
    free = await place.ask(FREE, anna, d=place.world.node("Practitioner", "doctor"))
    slot = free["node"]["slots"]["nodes"][0]["id"]
    before = (await place.ask("{ asOf }", doctor))["asOf"]
    async with place.screen(CHANGED, doctor, after=before) as screen:
        booked = (await place.ask(BOOK, anna, s=slot, p=place.world.patient("anna"), k="one"))["bookAppointment"]
        assert booked["errors"] == []
        seen = (await screen.next())["appointmentChanged"]
        assert seen["appointment"] == {
            "id": booked["appointment"]["id"],
            "status": "BOOKED",
            "patient": {"fullName": "Смирнова Анна Петровна"},
        }
    visits = await place.ask(VISITS, anna)
    assert visits["viewer"]["patient"]["appointments"]["nodes"] == [
        {"id": booked["appointment"]["id"], "status": "BOOKED"}
    ]


async def test_the_same_call_books_once_and_nobody_else_gets_the_time(place: Place) -> None:
    anna, boris = await place.token("anna"), await place.token("boris")
    slot = place.world.node("Slot", "doctor_slot_0")
    first = await place.ask(BOOK, anna, s=slot, p=place.world.patient("anna"), k="one")
    again = await place.ask(BOOK, anna, s=slot, p=place.world.patient("anna"), k="one")
    assert again["bookAppointment"]["appointment"] == first["bookAppointment"]["appointment"]
    late = await place.ask(BOOK, boris, s=slot, p=place.world.patient("boris"))
    assert late["bookAppointment"]["errors"] == [{"code": "SLOT_TAKEN", "path": ["input", "slotId"]}]


async def test_who_was_away_gets_what_was_missed_once_and_in_order(place: Place) -> None:
    anna, doctor = await place.token("anna"), await place.token("doctor")
    before = (await place.ask("{ asOf }", doctor))["asOf"]
    slot = place.world.node("Slot", "doctor_slot_1")
    booked = await place.ask(BOOK, anna, s=slot, p=place.world.patient("anna"))
    await place.ask(CANCEL, anna, a=booked["bookAppointment"]["appointment"]["id"])
    async with place.screen(CHANGED, doctor, after=before) as screen:
        first, second = (await screen.next())["appointmentChanged"], (await screen.next())["appointmentChanged"]
    assert (first["appointment"]["status"], second["appointment"]["status"]) == ("CANCELLED", "CANCELLED")
    async with place.screen(CHANGED, doctor, after=first["cursor"]) as screen:
        assert (await screen.next())["appointmentChanged"]["cursor"] == second["cursor"]


async def test_a_time_that_is_taken_disappears_for_whoever_looks_signed_in_or_not(place: Place) -> None:
    document = "subscription($d: ID!) { slotChanged(practitionerId: $d) { slot { id state } } }"
    anna = await place.token("anna")
    sent = {"query": document, "variables": {"d": place.world.node("Practitioner", "doctor")}}
    slot = place.world.node("Slot", "doctor_slot_0")
    async with place.http.stream("POST", "/graphql", json=sent, headers={"Accept": "text/event-stream"}) as answer:
        async for line in answer.aiter_lines():
            if line == ":":
                await place.ask(BOOK, anna, s=slot, p=place.world.patient("anna"))
            elif line.startswith("data: {"):
                assert json.loads(line.removeprefix("data: "))["data"] == {
                    "slotChanged": {"slot": {"id": slot, "state": "TAKEN"}}
                }
                return
    raise AssertionError("the stream ended")
