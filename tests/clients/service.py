"""The service as a process of its own that can be killed, and a line to it that can be cut."""

import asyncio
import contextlib
import os
import socket
import struct
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from persistence import events
from security.passwords import CHEAP
from server.settings import Settings
from server.wiring import house, opened
from tests.house import Account
from tests.people import World, populate

LINGER_NONE = struct.pack("ii", 1, 0)
"""Closing with this is a reset, no farewell."""


class Service:
    """`python -m server serve` on one port and one database, as often as it takes."""

    def __init__(self, settings: Settings, world: World, tokens: dict[str, str]) -> None:
        self.world = world
        self.tokens = tokens
        self._settings = settings
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/graphql"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start, and wait until it answers."""
        assert self._settings.master_keys is not None
        env = os.environ | {
            "MEDKABINET_DATABASE_URL": self._settings.database_url,
            "MEDKABINET_MASTER_KEYS": self._settings.master_keys.get_secret_value(),
            "MEDKABINET_KEYS_URL": self._settings.wrapped_keys_url,
            "MEDKABINET_BUS_URL": self._settings.bus_url,
            "MEDKABINET_PORT": str(self.port),
        }
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "server", "serve", env=env, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(60):
            while not await _answers(self.port):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it without a word (SIGKILL)."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def log(self, kind: str, patient: str) -> list[str]:
        """Return the positions of a patient's events of a kind, in order, from the database itself."""
        async with opened(self._settings) as store, store.snapshot() as snapshot:
            placed = await events.after(snapshot, 0, 100_000)
        mine = [one for one in placed if one.event.kind == kind and one.event.patient_id == self.world.ids[patient]]
        return [str(one.position) for one in mine]


@asynccontextmanager
async def service(settings: Settings, *people: str) -> AsyncGenerator[Service]:
    """A running service with the people of `tests/people.py`, some of them signed in."""
    async with house(settings, cost=CHEAP) as stands:
        account = Account(stands, world := await populate(stands.app.store, stands.app.passwords), settings)
        tokens = {who: await account.token(who) for who in people}
    running = Service(settings, world, tokens)
    await running.start()
    try:
        yield running
    finally:
        await running.kill()


class CutLine:
    """A TCP proxy whose connections are all reset now and then."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self.cuts = 0
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/graphql"

    @asynccontextmanager
    async def open(self, every: float) -> AsyncGenerator["CutLine"]:
        """Carry connections, and reset them all `every` so many seconds."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        cutting = asyncio.create_task(self._cut(every))
        try:
            yield self
        finally:
            cutting.cancel()
            server.close()
            self._reset()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers |= {writer, back}
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
            self._writers -= {writer, back}
            writer.close()

    async def _cut(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            self.cuts += 1 if self._writers else 0
            self._reset()

    def _reset(self) -> None:
        for writer in self._writers:
            raw = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
            writer.transport.abort()
        self._writers.clear()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()
