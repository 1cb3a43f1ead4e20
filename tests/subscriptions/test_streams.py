"""Streams: resumed without loss, ended when rights end, bounded when nobody reads."""

import json
from base64 import b64decode
from datetime import timedelta

import pytest

from domain.accounts import Role
from domain.events import Event, EventKind
from gql.exchange import Reply, Request, StreamEnded
from gql.subscription import Subscription
from persistence import access, accounts
from persistence.forgetting import forget
from tests.actions.test_appointments import CANCEL, book
from tests.house import Account

pytestmark = pytest.mark.anyio
CHANGED = "subscription($a: String) { appointmentChanged(after: $a) { appointment { status } cursor } }"
FILE = """mutation($v: String!) { receiveResult(input: {
  person: {identifiers: [{system: "https://fhir.ru/ig/core/systems/snils", value: "11223344595"}]}, study: $v, title: "Калий",
  issuedAt: "2026-11-01T00:00:00Z", observations: [{code: "2823-3", title: "Калий", value: "6.9", low: "3.5", high: "5.1"}]
}) { errors { code } } }"""
ALERTS = "subscription($a: String) { abnormalResultArrived(after: $a) { report { study } } }"


async def test_resuming_repeats_nothing_and_misses_nothing(account: Account) -> None:
    before = (await account.run("{ asOf }"))["asOf"]
    for number in range(5):
        await book(account, slot=f"doctor_slot_{number}")
    async with account.watching(CHANGED, a=before) as watched:
        cursors = [(await watched.next())["appointmentChanged"]["cursor"] for _ in range(5)]
    assert len(set(cursors)) == 5
    async with account.watching(CHANGED, a=cursors[2]) as watched:
        again = [(await watched.next())["appointmentChanged"]["cursor"] for _ in range(2)]
    assert again == cursors[3:]


async def test_an_act_lies_before_the_as_of_that_it_returns(account: Account) -> None:
    first = await account.ask(
        "mutation($s: ID!, $p: ID!) { bookAppointment(input: {slotId: $s, patientId: $p}) { asOf } }",
        s=account.world.node("Slot", "doctor_slot_0"),
        p=account.world.patient("anna"),
    )
    async with account.watching(CHANGED, a=first["data"]["bookAppointment"]["asOf"]) as watched:
        visits = await account.run("{ viewer { patient { appointments { nodes { id } } } } }")
        await account.run(CANCEL, a=visits["viewer"]["patient"]["appointments"]["nodes"][0]["id"])
        assert (await watched.next())["appointmentChanged"]["appointment"] == {"status": "CANCELLED"}


async def test_a_lost_role_ends_the_stream(account: Account) -> None:
    async with account.watching(ALERTS, "doctor") as watched:
        async with account.store.begin() as tx:
            await accounts.end_role(tx, account.world.accounts["doctor"], Role.DOCTOR, account.world.ids["clinic"])
        with pytest.raises(StreamEnded) as ended:
            await watched.next()
    assert b'"ROLE_CHANGED"' in ended.value.body


async def test_nothing_is_delivered_after_the_assignment_ended(account: Account) -> None:
    before = (await account.run("{ asOf }", "doctor"))["asOf"]
    async with account.watching(ALERTS, "doctor", a=before) as watched:
        await account.run(FILE, "lab", v="A")
        assert (await watched.next())["abnormalResultArrived"] == {"report": {"study": "A"}}
        async with account.store.begin() as tx:
            await access.end_treatment(tx, account.world.ids["anna"], account.world.ids["doctor"])
        await account.run(FILE, "lab", v="B")
        with pytest.raises(StreamEnded) as ended:
            await watched.next()
    assert b'"ASSIGNMENT_ENDED"' in ended.value.body


async def test_a_consented_doctor_hears_of_it(account: Account) -> None:
    document = """mutation($p: ID!, $d: ID!) { giveConsent(input: {patientId: $p, practitionerId: $d, categories: [RESULTS]}) {
      consent { id } errors { code } } }"""
    named = {"p": account.world.patient("anna"), "d": account.world.node("Practitioner", "other_doctor")}
    before = (await account.run("{ asOf }"))["asOf"]
    assert (await account.run(document, **named))["giveConsent"]["errors"] == []
    async with account.watching(ALERTS, "other_doctor", a=before) as watched:
        await account.run(FILE, "lab", v="A")
        assert (await watched.next())["abnormalResultArrived"] == {"report": {"study": "A"}}
    async with account.watching(ALERTS, "other_doctor", a=before) as replayed:
        assert (await replayed.next())["abnormalResultArrived"] == {"report": {"study": "A"}}


async def test_a_cursor_older_than_the_log_is_told_so(account: Account) -> None:
    for number in range(3):
        await book(account, slot=f"doctor_slot_{number}")
    async with account.watching(CHANGED, a="0") as watched:
        for _ in range(3):
            await watched.next()
    while await forget(account.store, account.store.clock() + timedelta(seconds=1)):
        pass
    async with account.watching(CHANGED, a="1") as watched:
        with pytest.raises(StreamEnded) as ended:
            await watched.next()
    assert b'"STREAM_GAP"' in ended.value.body


async def test_a_text_that_is_no_cursor_is_named(account: Account) -> None:
    refused = await account.api.subscribe(Request(CHANGED, variables={"a": "nonsense"}), await account.caller("anna"))
    assert isinstance(refused, Reply)
    assert json.loads(refused.body)["errors"][0]["extensions"] == {"code": "INVALID_INPUT", "field": "after"}


async def test_a_reader_who_falls_behind_gets_everything_in_order(account: Account) -> None:
    booked = await book(account)
    visit = (await account.run("{ viewer { patient { id appointments { nodes { id } } } } }"))["viewer"]["patient"]
    patient = account.world.ids["anna"]
    subject = int(b64decode(visit["appointments"]["nodes"][0]["id"] + "==").decode().split(":")[2])
    before = (await account.run("{ asOf }"))["asOf"]
    async with account.watching(CHANGED, a=before) as watched:
        for _ in range(6):
            async with account.store.begin(ids=200) as tx:
                for _ in range(100):
                    tx.emit(Event(EventKind.APPOINTMENT_CHANGED, subject, patient_id=patient))
        cursors = [(await watched.next(20))["appointmentChanged"]["cursor"] for _ in range(600)]
    positions = [int(cursor.split(".")[0]) for cursor in cursors]
    assert positions == sorted(set(positions))
    assert booked["errors"] == []


async def test_a_database_that_is_away_delays_events_and_loses_none(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with account.watching(CHANGED) as watched:
        await book(account, slot="doctor_slot_0")
        first = (await watched.next())["appointmentChanged"]["cursor"]
        with monkeypatch.context() as broken:
            broken.setattr(account.store, "snapshot", _away)
            broken.setattr(account.store, "moment", _away)
            await book_blindly(account)
            with pytest.raises(TimeoutError):
                await watched.next(1.0)
        second = (await watched.next())["appointmentChanged"]["cursor"]
    assert int(second.split(".")[0]) > int(first.split(".")[0])


def _away() -> None:
    raise ConnectionResetError


async def book_blindly(account: Account) -> None:
    """Write as another process would, whose database isn't away."""
    world = account.world.ids
    async with account.store.begin() as tx:
        visit = (await tx.connection.fetch("select id from appointment", ()))[0][0]
        tx.emit(Event(EventKind.APPOINTMENT_CHANGED, visit, patient_id=world["anna"]))


async def test_an_accident_ends_the_stream_with_a_number_and_nothing_of_it(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise ValueError("Иванов И. И.")

    async with account.watching(CHANGED) as watched:
        monkeypatch.setattr(Subscription, "_rendered", broken)
        await book(account, slot="doctor_slot_0")
        with pytest.raises(StreamEnded) as ended:
            await watched.next()
    (error,) = json.loads(ended.value.body)["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["incident"] in error["message"]
    assert "Иванов" not in ended.value.body.decode()
    assert account.house.hub.open_streams == 0
