"""Streams end within a second when what opened them ends: with a typed reason, and with nothing that came after."""

from datetime import timedelta
from typing import Any

import pytest

from domain.access import Category
from domain.accounts import Role
from persistence import access, accounts
from persistence.sessions import ABSOLUTE, IDLE
from tests.people import populate_consent
from tests.stories.conftest import Place

pytestmark = pytest.mark.anyio

ALERTS = "subscription($p: ID) { abnormalResultArrived(patientId: $p) { report { study } } }"
FILE = """mutation($v: String!) { receiveResult(input: {
  person: {identifiers: [{system: "https://fhir.ru/ig/core/systems/snils", value: "11223344595"}]}, study: $v, title: "Калий",
  issuedAt: "2026-11-01T00:00:00Z", observations: [{code: "2823-3", title: "Калий", value: "6.9", low: "3.5", high: "5.1"}]
}) { errors { code } } }"""
GIVE = """mutation($p: ID!, $d: ID!) { giveConsent(input: {patientId: $p, practitionerId: $d, categories: [RESULTS]}) {
  consent { id } errors { code } } }"""
WITHDRAW = "mutation($c: ID!) { withdrawConsent(input: {consentId: $c}) { errors { code } } }"
OWN = "subscription { appointmentChanged { cursor } }"


def ended(code: str) -> tuple[str, str]:
    return "error", code


@pytest.mark.parametrize("narrowed", [True, False], ids=["one patient", "all patients"])
async def test_a_withdrawn_consent_ends_the_stream_and_what_follows_is_not_sent(place: Place, narrowed: bool) -> None:
    anna, lab, doctor = await place.token("anna"), await place.token("lab"), await place.token("other_doctor")
    named = {"p": place.world.patient("anna"), "d": place.world.node("Practitioner", "other_doctor")}
    given = await place.ask(GIVE, anna, **named)
    only = {"p": named["p"]} if narrowed else {}
    async with place.screen(ALERTS, doctor, **only) as screen:
        await screen.settled()
        await place.ask(FILE, lab, v="before")
        assert (await screen.next())["abnormalResultArrived"] == {"report": {"study": "before"}}
        await place.ask(WITHDRAW, anna, c=given["giveConsent"]["consent"]["id"])
        await place.ask(FILE, lab, v="after")
        assert await screen.rest(within=1.0) == [ended("CONSENT_WITHDRAWN")]


async def test_a_silent_stream_ends_within_a_second_of_the_withdrawal(place: Place) -> None:
    anna, doctor = await place.token("anna"), await place.token("other_doctor")
    named = {"p": place.world.patient("anna"), "d": place.world.node("Practitioner", "other_doctor")}
    given = await place.ask(GIVE, anna, **named)
    async with place.screen(ALERTS, doctor) as screen:
        await screen.settled()
        await place.ask(WITHDRAW, anna, c=given["giveConsent"]["consent"]["id"])
        assert await screen.rest(within=1.0) == [ended("CONSENT_WITHDRAWN")]


async def test_a_consent_that_runs_out_ends_the_stream(place: Place) -> None:
    doctor = await place.token("other_doctor")
    await populate_consent(place.store, place.world, Category.RESULTS, until=place.clock() + timedelta(minutes=5))
    async with place.screen(ALERTS, doctor, p=place.world.patient("anna")) as screen:
        await screen.settled()
        place.clock.ahead += timedelta(minutes=5)
        assert await screen.rest(within=1.0) == [ended("CONSENT_EXPIRED")]


async def test_the_withdrawal_of_another_patients_consent_ends_nothing(place: Place) -> None:
    anna, lab, doctor = await place.token("anna"), await place.token("lab"), await place.token("doctor")
    named = {"p": place.world.patient("anna"), "d": place.world.node("Practitioner", "doctor")}
    given = await place.ask(GIVE, anna, **named)
    async with place.screen(ALERTS, doctor) as screen:
        await screen.settled()
        await place.ask(WITHDRAW, anna, c=given["giveConsent"]["consent"]["id"])
        await place.ask(FILE, lab, v="still treated")
        assert (await screen.next())["abnormalResultArrived"] == {"report": {"study": "still treated"}}


async def test_a_lost_assignment_ends_the_stream(place: Place) -> None:
    lab, doctor = await place.token("lab"), await place.token("doctor")
    async with place.screen(ALERTS, doctor) as screen:
        await place.ask(FILE, lab, v="before")
        assert (await screen.next())["abnormalResultArrived"] == {"report": {"study": "before"}}
        async with place.store.begin() as tx:
            await access.end_treatment(tx, place.world.ids["anna"], place.world.ids["doctor"])
        await place.ask(FILE, lab, v="after")
        assert await screen.rest(within=1.0) == [ended("ASSIGNMENT_ENDED")]


async def test_a_revoked_role_ends_the_stream(place: Place) -> None:
    lab, doctor = await place.token("lab"), await place.token("doctor")
    async with place.screen(ALERTS, doctor) as screen:
        await screen.settled()
        async with place.store.begin() as tx:
            await accounts.end_role(tx, place.world.accounts["doctor"], Role.DOCTOR, place.world.ids["clinic"])
        await place.ask(FILE, lab, v="after")
        assert await screen.rest(within=1.0) == [ended("ROLE_CHANGED")]


async def test_signing_out_ends_the_streams_and_the_socket(place: Place) -> None:
    anna = await place.token("anna")
    async with place.screen(OWN, anna) as screen:
        await screen.settled()
        await place.ask("mutation { signOut { done } }", anna)
        assert await screen.rest(within=1.0) == [ended("SESSION_ENDED"), ("closed", 4403)]


@pytest.mark.parametrize("passed", [IDLE, ABSOLUTE], ids=["idle", "absolute"])
async def test_a_session_that_runs_out_ends_the_streams_and_the_socket(place: Place, passed: timedelta) -> None:
    anna = await place.token("anna")
    async with place.screen(OWN, anna) as screen:
        await screen.settled()
        place.clock.ahead += passed
        assert await screen.rest(within=1.0) == [ended("SESSION_EXPIRED"), ("closed", 4403)]


async def test_who_may_not_know_the_patient_is_refused_at_the_start(place: Place) -> None:
    for who in ("boris", "other_doctor", "admin", "reviewer"):
        async with place.screen(ALERTS, await place.token(who), p=place.world.patient("anna")) as screen:
            assert await screen.rest(within=1.0) == [ended("NOT_FOUND")], who


async def test_over_sse_the_reason_is_the_last_event_before_complete(place: Place) -> None:
    lab, doctor = await place.token("lab"), await place.token("doctor")
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {doctor}"}
    seen: list[Any] = []
    async with place.http.stream("POST", "/graphql", json={"query": ALERTS}, headers=headers) as answer:
        async for line in answer.aiter_lines():
            if line == ":" and not seen:
                seen.append("open")
                async with place.store.begin() as tx:
                    await access.end_treatment(tx, place.world.ids["anna"], place.world.ids["doctor"])
                await place.ask(FILE, lab, v="after")
            elif line.startswith(("event", "data: {")):
                seen.append(line)
    assert [line[:6] for line in seen] == ["open", "event:", "data: ", "event:"]
    assert '"code":"ASSIGNMENT_ENDED"' in seen[2]
    assert seen[3] == "event: complete"
