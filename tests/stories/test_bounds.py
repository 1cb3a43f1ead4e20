"""Nobody makes a stream's memory grow: who doesn't read is cut, who holds too many is told, who stays too long comes back."""

import asyncio
import json
import socket
from typing import Any

import pytest
import websockets

from domain.events import Event, EventKind
from server.settings import Settings
from subscriptions.stream import QUEUE
from tests.stories.conftest import Place, serving

pytestmark = pytest.mark.anyio

WATCHED = " ".join(f"s{number}: slot {{ id startsAt endsAt state practitioner {{ name }} }}" for number in range(20))
SLOTS = f"subscription($d: ID!, $a: String) {{ slotChanged(practitionerId: $d, after: $a) {{ cursor {WATCHED} }} }}"
OWN = "subscription { appointmentChanged { cursor } }"
EVENTS = 3 * QUEUE


async def emit(place: Place, count: int) -> None:
    """Let a doctor's slot change some times."""
    world = place.world.ids
    async with place.store.begin(ids=count) as tx:
        for _ in range(count):
            tx.emit(Event(EventKind.SLOT_CHANGED, world["doctor_slot_0"], practitioner_id=world["doctor"]))


async def test_who_does_not_read_is_cut_with_a_code_and_resumes_exactly(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"slow_reader_seconds": 1.0}), 4096) as place:
        token = await place.token("anna")
        seen: list[str] = []
        doctor = place.world.node("Practitioner", "doctor")
        async with deaf(place, token, SLOTS, d=doctor) as unread:
            await until(lambda: place.house.hub.open_streams == 1)
            for _ in range(12):
                await emit(place, EVENTS // 12)
            await until(lambda: place.house.hub.open_streams == 0)
            code = await drained(unread, seen)
        assert code == 4498
        assert 0 < len(seen) < EVENTS
        async with place.screen(SLOTS, token, d=doctor, a=seen[-1]) as screen:
            seen += [(await screen.next())["slotChanged"]["cursor"] for _ in range(EVENTS - len(seen))]
            assert await screen.rest(within=0.3) == []
        assert [int(cursor) for cursor in seen] == await positions(place)


async def positions(place: Place) -> list[int]:
    """Return where the slot's changes stand in the log: other things happen between them."""
    async with place.store.driver.read() as connection:
        rows = await connection.fetch("select position from event where kind = 'SLOT_CHANGED' order by position", ())
    return [position for (position,) in rows]


async def test_one_person_may_hold_so_many_streams_and_no_more(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"streams_a_person": 1})) as place:
        anna, boris = await place.token("anna"), await place.token("boris")
        async with place.screen(OWN, anna) as first:
            await first.settled()
            async with place.screen(OWN, anna) as second:
                assert await second.rest(within=1.0) == [("error", "TOO_MANY_SUBSCRIPTIONS")]
            async with place.screen(OWN, boris) as other:
                assert await other.rest(within=0.3) == []
        await until(lambda: place.house.hub.open_streams == 0)
        async with place.screen(OWN, anna) as again:
            assert await again.rest(within=0.3) == []


async def test_a_stream_that_is_old_is_asked_to_reconnect(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"stream_seconds": 1.0})) as place:
        anna = await place.token("anna")
        async with place.screen(OWN, anna) as screen:
            assert await screen.rest(within=3.0) == [("error", "RECONNECT"), ("closed", 4499)]


async def until(true: Any) -> None:
    """Return when something has come true."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - the product has no event for tests
            await asyncio.sleep(0.02)


def deaf(place: Place, token: str, document: str, **variables: Any) -> Any:
    """Subscribe on a socket whose window is small and which isn't read."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def opened() -> Any:
        host, _, port = place.url.removeprefix("http://").partition(":")
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect((host, int(port)))
        raw.setblocking(False)
        address = place.url.replace("http", "ws") + "/graphql"
        async with websockets.connect(
            address, sock=raw, subprotocols=["graphql-transport-ws"], max_queue=1, compression=None
        ) as opened:
            await opened.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
            assert json.loads(await opened.recv())["type"] == "connection_ack"
            payload = {"query": document, "variables": variables}
            await opened.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            yield opened

    return opened()


async def drained(unread: Any, seen: list[str]) -> int | None:
    """Read what lies there to the end; return the close code."""
    try:
        while True:
            frame = json.loads(await asyncio.wait_for(unread.recv(), 10))
            seen.append(frame["payload"]["data"]["slotChanged"]["cursor"])
    except websockets.ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None
