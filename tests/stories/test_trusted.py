"""Trusted documents through every door: a known client sends ids; where only they are served, all else is refused alike."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import websockets

from gql.trusted import hash_of
from server.settings import Settings
from tests.stories.conftest import SIGN_IN, Place, serving

pytestmark = pytest.mark.anyio
ME = "{ viewer { name } }"
OUT = "mutation { signOut { done } }"
EVENTS = "subscription { events { cursor } }"
BOOKED = "subscription { appointmentChanged { appointment { status } } }"
BOOK = "mutation($s: ID!, $p: ID!) { bookAppointment(input: {slotId: $s, patientId: $p}) { errors { code } } }"
ENGLISH = {"Accept": "application/graphql-response+json", "Accept-Language": "en"}
REQUIRED = {
    "errors": [
        {
            "message": "Only trusted documents are served here.",
            "extensions": {"code": "PERSISTED_DOCUMENT_REQUIRED"},
        }
    ]
}
OTHERS = ["{ viewer { level } }", "mutation { signOut { errors { code } } }", EVENTS, "{"]
"""Valid or not, and of every kind: none is looked at."""


@pytest.fixture
async def place(settings: Settings, tmp_path: Path) -> AsyncGenerator[Place]:
    """The product for one client whose documents are listed, and nobody else."""
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({f"sha256:{hash_of(text)}": text for text in (SIGN_IN, ME, OUT, BOOKED, BOOK)}))
    only = settings.model_copy(update={"trusted_documents": manifest, "trusted_documents_only": True})
    async with serving(only) as found:
        yield found


def id_of(text: str) -> str:
    return f"sha256:{hash_of(text)}"


async def frames(place: Place, token: str, *payloads: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the first frame that answers each payload on one socket."""
    address = place.url.replace("http", "ws") + "/graphql"
    async with websockets.connect(address, subprotocols=["graphql-transport-ws"]) as socket, asyncio.timeout(10):
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        answers = []
        for payload in payloads:
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            answers.append(json.loads(await socket.recv()))
            if answers[-1]["type"] == "next":
                assert json.loads(await socket.recv()) == {"id": "1", "type": "complete"}
        return answers


async def test_an_id_is_a_document_at_every_door(place: Place) -> None:
    token = await place.token("anna")
    headers = ENGLISH | {"Authorization": f"Bearer {token}"}
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hash_of(ME)}}
    answers = [
        await place.http.post("/graphql", json={"documentId": id_of(ME)}, headers=headers),
        await place.http.get("/graphql", params={"documentId": id_of(ME)}, headers=headers),
        await place.http.post("/graphql", json={"extensions": persisted}, headers=headers),
        await place.http.get("/graphql", params={"extensions": json.dumps(persisted)}, headers=headers),
        await place.http.post("/graphql", json={"query": ME}, headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5
    [name] = {answer.json()["data"]["viewer"]["name"] for answer in answers}
    [frame] = await frames(place, token, {"documentId": id_of(ME)})
    assert frame["payload"]["data"] == {"viewer": {"name": name}}


async def test_a_stream_is_begun_by_an_id(place: Place) -> None:
    token = await place.token("anna")
    address = place.url.replace("http", "ws") + "/graphql"
    async with websockets.connect(address, subprotocols=["graphql-transport-ws"]) as socket, asyncio.timeout(10):
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"documentId": id_of(BOOKED)}}))
        while not place.house.hub.open_streams:  # noqa: ASYNC110 - the product has no event for tests
            await asyncio.sleep(0.01)
        who = {"s": place.world.node("Slot", "doctor_slot_0"), "p": place.world.patient("anna")}
        assert await place.ask(BOOK, token, **who) == {"bookAppointment": {"errors": []}}
        frame = json.loads(await socket.recv())
    assert frame["payload"]["data"] == {"appointmentChanged": {"appointment": {"status": "BOOKED"}}}


async def test_a_mutations_id_is_refused_by_get(place: Place) -> None:
    token = await place.token("anna")
    headers = ENGLISH | {"Authorization": f"Bearer {token}"}
    answer = await place.http.get("/graphql", params={"documentId": id_of(OUT)}, headers=headers)
    assert answer.status_code == 405
    assert (await place.ask(ME, token))["viewer"] is not None


@pytest.mark.parametrize("text", OTHERS)
async def test_every_other_document_is_refused_alike_at_every_door(place: Place, text: str) -> None:
    token = await place.token("anna")
    headers = ENGLISH | {"Authorization": f"Bearer {token}"}
    for sent in ({"query": text}, {"query": text, "documentId": id_of(ME)}):
        posted = await place.http.post("/graphql", json=sent, headers=headers)
        got = await place.http.get("/graphql", params=sent, headers=headers)
        assert [(answer.status_code, answer.json()) for answer in (posted, got)] == [(400, REQUIRED)] * 2
        for accept in ("text/event-stream", "multipart/mixed;subscriptionSpec=1.0"):
            streamed = await place.http.post("/graphql", json=sent, headers=headers | {"Accept": accept})
            assert json.dumps(REQUIRED, separators=(",", ":")) in streamed.text
        [frame] = await frames(place, token, sent)
        assert frame == {"id": "1", "type": "error", "payload": REQUIRED["errors"]}
    assert (await place.ask(ME, token))["viewer"] is not None  # nobody was signed out


async def test_an_id_that_is_not_listed_is_refused_at_every_door(place: Place) -> None:
    token = await place.token("anna")
    headers = ENGLISH | {"Authorization": f"Bearer {token}"}
    sent = {"documentId": id_of(EVENTS)}
    answers = [
        await place.http.post("/graphql", json=sent, headers=headers),
        await place.http.get("/graphql", params=sent, headers=headers),
    ]
    codes = {(answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) for answer in answers}
    assert codes == {(400, "PERSISTED_DOCUMENT_NOT_FOUND")}
    [frame] = await frames(place, token, sent)
    assert frame["payload"][0]["extensions"] == {"code": "PERSISTED_DOCUMENT_NOT_FOUND"}
