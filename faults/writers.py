"""People who book, cancel and file; each act has a key and is sent until its outcome is known."""

import asyncio
import itertools
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2

from faults.ledger import Ledger
from faults.people import People
from gql.planning.ids import NodeId

BOOK = """mutation($slot: ID!, $patient: ID!, $reason: String) {
  bookAppointment(input: {slotId: $slot, patientId: $patient, reason: $reason}) { appointment { id } errors { code } }
}"""
CANCEL = """mutation($id: ID!) {
  cancelAppointment(input: {appointmentId: $id}) { appointment { id status } errors { code } }
}"""
FILE = """mutation($policy: String!, $study: String!, $at: DateTime!) { receiveResult(input: {
  person: {identifiers: [{system: "https://fhir.ru/ig/core/systems/oms", value: $policy}]}
  study: $study title: "Калий" issuedAt: $at
  observations: [{code: "2823-3", title: "Калий", value: "6.9", unit: "mmol/L", low: "3.5", high: "5.1"}]
}) { filed errors { code } } }"""
REPEATED = 0.1
"""The share of acts that are sent once more after their outcome is known."""
PATIENCE = 45.0
"""Seconds after which an act without an outcome is the service's fault."""


@dataclass
class Writing:
    """What the writers share."""

    urls: Sequence[str]
    people: People
    ledger: Ledger
    stopping: asyncio.Event
    pause: float = 0.25
    """Seconds between one person's acts."""


class Phone:
    """One person's HTTP client; it goes to another address when one doesn't answer, as behind a balancer."""

    def __init__(self, writing: Writing, token: str) -> None:
        self._writing = writing
        self._urls = itertools.cycle(random.sample(writing.urls, len(writing.urls)))
        self._url = next(self._urls)
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/graphql-response+json"}
        self.http = httpx2.AsyncClient(timeout=6)

    async def act(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send an act under a new key until it has an outcome; return the payload."""
        key = uuid.uuid4().hex
        async with asyncio.timeout(PATIENCE):
            payload = await self._sent(document, variables, key)
            if random.random() < REPEATED:
                again = await self._sent(document, variables, key)
                if again != payload:
                    self._writing.ledger.wrong.append("a repeat had another outcome")
        return payload

    async def _sent(self, document: str, variables: dict[str, Any], key: str) -> dict[str, Any]:
        while True:
            trouble, payload = await self._once(document, variables, key)
            if payload is not None:
                return payload
            self._writing.ledger.troubles[trouble] += 1
            self._url = next(self._urls)
            await asyncio.sleep(0.1)

    async def _once(self, document: str, variables: dict[str, Any], key: str) -> tuple[str, dict[str, Any] | None]:
        sent = {"query": document, "variables": variables}
        try:
            response = await self.http.post(
                f"{self._url}/graphql", json=sent, headers={**self._headers, "Idempotency-Key": key}
            )
            answer = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            return type(error).__name__, None
        if answer.get("errors"):
            return str(answer["errors"][0]["extensions"]["code"]), None
        if not answer.get("data"):
            return f"HTTP {response.status_code}", None
        payload: dict[str, Any] = next(iter(answer["data"].values()))
        return "", payload


async def patient(writing: Writing, number: int, slots: Sequence[int], contested: Sequence[int]) -> None:
    """Book and cancel until told to stop; each fifth time is one that everyone wants."""
    phone = Phone(writing, writing.people.tokens[number])
    me = writing.people.patients[number]
    for turn, own in enumerate(slots):
        if writing.stopping.is_set():
            break
        fought_for = turn % 5 == 4
        slot = contested[turn // 5] if fought_for else own
        given = {"slot": NodeId("Slot", (slot,)).text(), "patient": NodeId("Patient", (me, me)).text()}
        booked = await phone.act(BOOK, **given, reason=f"{number}-{turn}")
        if _refused(writing.ledger, booked, {"SLOT_TAKEN"} if fought_for else set()):
            continue
        identifier = booked["appointment"]["id"]
        writing.ledger.acknowledge("book", *NodeId.parse(identifier).key)
        if turn % 2:
            await _cancel(writing.ledger, phone, identifier)
        await asyncio.sleep(writing.pause * random.uniform(0.5, 1.5))
    await phone.http.aclose()


async def _cancel(ledger: Ledger, phone: Phone, identifier: str) -> None:
    cancelled = await phone.act(CANCEL, id=identifier)
    if not _refused(ledger, cancelled, set()):
        ledger.acknowledge("cancel", *NodeId.parse(identifier).key)


async def laboratory(writing: Writing) -> None:
    """File results until told to stop."""
    people = writing.people
    phone = Phone(writing, people.laboratory_token)
    for study in itertools.count(1):
        if writing.stopping.is_set():
            break
        whose = study % len(people.patients)
        at = datetime.now(UTC).isoformat()
        filed = await phone.act(FILE, policy=people.policies[whose], study=str(study), at=at)
        if not _refused(writing.ledger, filed, set()):
            writing.ledger.acknowledge("file", people.patients[whose], study)
        await asyncio.sleep(writing.pause)
    await phone.http.aclose()


def _refused(ledger: Ledger, payload: dict[str, Any], expected: set[str]) -> bool:
    """Return whether an act was refused; a refusal that nothing explains is noted."""
    codes = [str(error["code"]) for error in payload["errors"]]
    for code in codes:
        ledger.refused[code] += 1
        ledger.answered()
        if code not in expected:
            ledger.wrong.append(f"refused with {code}")
    return bool(codes)
