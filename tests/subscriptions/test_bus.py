"""The bus only wakes: it may die and come back, and costs latency, never an event; and nothing of a person is on it."""

import asyncio
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis.asyncio

from security.passwords import CHEAP
from server.settings import Settings
from server.wiring import house
from subscriptions import bus
from subscriptions.bus import Bus
from tests.actions.test_appointments import book
from tests.house import Account

pytestmark = pytest.mark.anyio
needs_redis = pytest.mark.skipif(shutil.which("redis-server") is None, reason="there is no redis-server to kill")
CHANGED = "subscription($a: String) { appointmentChanged(after: $a) { cursor } }"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Redis:
    """A Redis of the test's own, to be killed."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: Any = None

    async def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: ASYNC220
        client = redis.asyncio.from_url(self.url)
        async with asyncio.timeout(10):
            while True:
                try:
                    await client.ping()
                    break
                except (redis.ConnectionError, redis.exceptions.BusyLoadingError):
                    await asyncio.sleep(0.05)
        await client.aclose()

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncGenerator[Redis]:
    made = Redis(tmp_path)
    await made.start()
    yield made
    made.kill()


class Heard:
    """One end of the bus."""

    def __init__(self, url: str) -> None:
        self.news = asyncio.Event()
        self.bus = Bus(url, lambda _: self.news.set())

    async def __aenter__(self) -> "Heard":
        await self.bus.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bus.stop()

    async def alive(self, *, yes: bool = True) -> None:
        async with asyncio.timeout(15):
            while self.bus.alive is not yes:  # noqa: ASYNC110 - the bus has no event for tests
                await asyncio.sleep(0.02)

    async def wakes(self, other: "Heard", seconds: float) -> None:
        """Check that a wake-up from here arrives there, sooner than any heartbeat would come."""
        await asyncio.sleep(0.01)
        other.news.clear()
        async with asyncio.timeout(seconds):
            self.bus.wake()
            await other.news.wait()


@needs_redis
async def test_redis_dies_and_comes_back_and_so_does_the_bus(own_redis: Redis) -> None:
    async with Heard(own_redis.url) as one, Heard(own_redis.url) as two:
        await one.alive()
        await two.alive()
        await one.wakes(two, 2)
        own_redis.kill()
        await one.alive(yes=False)
        await two.alive(yes=False)
        one.bus.wake()  # into the void: nobody is hurt
        await own_redis.start()
        await one.alive()
        await two.alive()
        await one.wakes(two, 2)


@asynccontextmanager
async def bus_database(postgres: str | None) -> AsyncGenerator[str]:
    from tests.postgres import databases

    if postgres is None:
        pytest.skip("needs --postgres")
    async with databases(postgres, 1) as (url,):
        yield url


async def test_a_terminated_postgresql_connection_is_built_anew(postgres: str | None) -> None:
    async with bus_database(postgres) as url, Heard(url) as one, Heard(url) as two:
        await one.alive()
        await two.alive()
        await one.wakes(two, 2)
        admin = await asyncpg.connect(url)
        ended = await admin.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
        await admin.close()
        assert len(ended) == 2
        await one.alive(yes=False)
        await one.alive()
        await two.alive()
        await one.wakes(two, 2)


async def test_a_bus_on_postgresql_stops_in_the_midst_of_publishing(postgres: str | None) -> None:
    async with bus_database(postgres) as url:
        for pause in (0.0, 0.001, 0.002, 0.003, 0.005):
            bus = Bus(url, lambda _: None)
            await bus.start()
            async with asyncio.timeout(5):
                while not bus.alive:  # noqa: ASYNC110 - the product has no event for tests
                    await asyncio.sleep(0.01)
                bus.wake()
                await asyncio.sleep(pause)
                await bus.stop()


@needs_redis
async def test_what_happens_while_the_bus_is_dead_arrives_once_and_in_order(
    settings: Settings, own_redis: Redis
) -> None:
    through = settings.model_copy(update={"bus_url": own_redis.url})
    async with house(through, cost=CHEAP) as here, house(through, cost=CHEAP) as there:
        from tests.people import populate

        world = await populate(here.app.store, here.app.passwords)
        writer, reader = Account(here, world, through), Account(there, world, through)
        before = (await writer.run("{ asOf }"))["asOf"]
        async with reader.watching(CHANGED, a=before) as watched:
            await book(writer, slot="doctor_slot_0")
            cursors = [(await watched.next())["appointmentChanged"]["cursor"]]
            own_redis.kill()
            for number in (1, 2):
                await book(writer, slot=f"doctor_slot_{number}")
                cursors.append((await watched.next(8))["appointmentChanged"]["cursor"])
            await own_redis.start()
            await book(writer, slot="doctor_slot_3")
            cursors.append((await watched.next(8))["appointmentChanged"]["cursor"])
            with pytest.raises(TimeoutError):
                await watched.next(1.5)
        positions = [int(cursor.split(".")[0]) for cursor in cursors]
        assert positions == sorted(set(positions))
        assert len(positions) == 4


@needs_redis
async def test_nothing_but_a_mark_is_on_the_bus(settings: Settings, own_redis: Redis) -> None:
    through = settings.model_copy(update={"bus_url": own_redis.url})
    client = redis.asyncio.from_url(own_redis.url)
    listener = client.pubsub()
    await listener.subscribe(bus.CHANNEL)
    async with house(through, cost=CHEAP) as stands:
        from tests.people import populate

        world = await populate(stands.app.store, stands.app.passwords)
        account = Account(stands, world, through)
        await book(account, slot="doctor_slot_0")
        seen = set()
        for _ in range(200):
            message = await listener.get_message(ignore_subscribe_messages=True, timeout=0.01)
            if message is not None:
                seen.add(message["data"])
    await listener.aclose()
    await client.aclose()
    assert {message.partition(b" ")[2] for message in seen} <= {b"alive", b"committed", b"numbered"}
    assert all(len(message.partition(b" ")[0]) == 8 for message in seen)
    assert seen
