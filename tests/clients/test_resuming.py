"""Our helpers against a process that dies and lines that break: nothing missed, nothing twice, in order."""

import asyncio
import uuid
from collections.abc import AsyncGenerator

import pytest

from medkabinet_client import Medkabinet
from server.settings import Settings
from tests.clients.followers import FOLLOWERS, WAITS, Follower, Seen
from tests.clients.service import CutLine, Service, service

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]  # the first of them installs Node's packages
BOOK = """mutation($s: ID!, $p: ID!) {
  bookAppointment(input: {slotId: $s, patientId: $p}) { appointment { id } errors { code } } }"""
CANCEL = "mutation($a: ID!) { cancelAppointment(input: {appointmentId: $a}) { errors { code } } }"


@pytest.fixture
async def running(settings: Settings) -> AsyncGenerator[Service]:
    async with service(settings, "anna", "doctor") as stands:
        yield stands


class Writer:
    """Anna, who books and cancels, each act with a key of its own."""

    def __init__(self, account: Medkabinet, running: Service) -> None:
        self._account = account
        self._world = running.world
        self.acts = 0

    async def act(self) -> None:
        """Book and cancel one visit."""
        slot, patient = self._world.node("Slot", "doctor_slot_0"), self._world.patient("anna")
        booked = await self._do(BOOK, "bookAppointment", s=slot, p=patient)
        await self._do(CANCEL, "cancelAppointment", a=booked["appointment"]["id"])

    async def _do(self, document: str, field: str, **variables: str) -> dict[str, dict[str, str]]:
        answer = await self._account.ask(document, variables, key=uuid.uuid4().hex)
        assert answer["data"][field]["errors"] == []
        self.acts += 1
        return dict(answer["data"][field])


def positions(seen: Seen) -> list[str]:
    """Return the places in the log that cursors begin with."""
    return [cursor.partition(".")[0] for cursor in seen]


@pytest.mark.parametrize("follow", FOLLOWERS.values(), ids=FOLLOWERS)
async def test_a_server_that_is_killed_in_mid_stream_costs_no_event(running: Service, follow: Follower) -> None:
    async with Medkabinet(running.url, lambda: running.tokens["anna"], WAITS) as account:
        writer = Writer(account, running)
        after = (await account.ask("{ asOf }"))["data"]["asOf"]
        async with follow(running.url, after, running.tokens["doctor"]) as seen:
            for _ in range(3):
                for _ in range(4):
                    await writer.act()
                interrupted = asyncio.create_task(writer.act())
                await asyncio.sleep(0.01)
                await running.kill()
                await running.start()
                await interrupted
            await writer.act()
            log = await running.log("APPOINTMENT_CHANGED", "anna")
            await seen.reach(len(log))
    assert writer.acts == len(log) == 32
    assert positions(seen) == log


@pytest.mark.parametrize("follow", FOLLOWERS.values(), ids=FOLLOWERS)
async def test_a_line_that_is_reset_every_second_costs_no_event(running: Service, follow: Follower) -> None:
    async with (
        CutLine(running.port).open(every=1.0) as line,
        Medkabinet(running.url, lambda: running.tokens["anna"], WAITS) as account,
    ):
        writer = Writer(account, running)
        after = (await account.ask("{ asOf }"))["data"]["asOf"]
        async with follow(line.url, after, running.tokens["doctor"]) as seen:
            while line.cuts < 4:
                await writer.act()
            log = await running.log("APPOINTMENT_CHANGED", "anna")
            await seen.reach(len(log))
    assert writer.acts == len(log)
    assert positions(seen) == log
