"""Interleaved rounds: every server in turn, again and again, so that a noisy machine is noisy for all."""

import asyncio
import pickle
import sys
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

import asyncpg
import msgspec

from bench import costs, databases, operations
from bench.load import Job, Load
from bench.servers import OURS, Server
from bench.sizes import Size


class Pace(NamedTuple):
    """How long and how often."""

    rounds: int
    seconds: float
    warm_up: float
    node_warm_up: float
    """Node compiles what is hot; in less than four seconds it looks three times slower."""
    connections: int = 32


PACES = {"tiny": Pace(1, 0.5, 0.2, 0.5), "small": Pace(2, 1.5, 0.5, 2.5), "full": Pace(3, 5, 3, 5)}
MOST_A_SECOND = 5_000
"""Bookings prepared for a second of a round."""


class Measured(msgspec.Struct):
    """One round of one server, or the medians of some."""

    rps: float
    p50_ms: float
    p99_ms: float
    gateway_ms: float
    """CPU a request of the server's process."""
    postgres_ms: float
    """CPU a request of PostgreSQL."""
    client_ms: float
    """CPU a request of the load itself."""
    rss_mb: float
    answered: int
    failed: int


EVERYBODY = 8.0
"""Seconds at most in which everybody asks once before anything is measured."""
FIRST = 8
"""Those before were booked when answers were compared."""

Results = dict[str, dict[str, list[Measured]]]
"""By operation and server, a measurement a round."""


class Slots:
    """Free times that nobody has tried yet; one store for ours, one for the peers."""

    def __init__(self, size: Size) -> None:
        self._end = size.doctors * size.slots_a_doctor
        self._next = {True: FIRST, False: FIRST}

    def from_here(self, server: Server) -> Iterator[int]:
        """Yield numbers of free times."""
        first = self._next[server.kind is OURS]
        return iter(range(first, self._end))

    def used(self, server: Server, count: int) -> None:
        """Note how many were tried."""
        self._next[server.kind is OURS] += count


class Rounds:
    """Measures servers."""

    def __init__(self, servers: list[Server], size: Size, pace: Pace, tell: Callable[[str], None]) -> None:
        self._servers = servers
        self._size = size
        self._pace = pace
        self._tell = tell
        self._slots = Slots(size)

    async def run(self, names: list[str]) -> Results:
        """Run every operation."""
        found: Results = {}
        async with databases.connected(f"{databases.SERVER}/postgres") as admin:
            for operation in names:
                await databases.begin_sessions(self._size)
                found[operation] = await self._operation(admin, operation)
        return found

    async def _operation(self, admin: "asyncpg.Connection[Any]", operation: str) -> dict[str, list[Measured]]:
        found: dict[str, list[Measured]] = {server.kind.name: [] for server in self._servers}
        for server in self._servers:
            self._tell(f"{operation}: {server.kind.title} warms up")
            await self._warm_up(server, operation)
        for number in range(self._pace.rounds):
            turn = number % len(self._servers)
            for server in self._servers[turn:] + self._servers[:turn]:
                self._tell(f"{operation}: round {number + 1} of {self._pace.rounds}, {server.kind.title}")
                found[server.kind.name].append(await self._measured(admin, server, operation))
        return found

    async def _warm_up(self, server: Server, operation: str) -> None:
        """Let everybody ask once, so that keys and tokens are at hand, then let Node compile."""
        if operation != "book":
            requests = operations.requests(server.kind.dialect, operation, self._size, iter(()), 0)
            await sent(Job(server.port, requests, EVERYBODY, self._pace.connections, once=True))
        await self._load(server, operation, self._pace.node_warm_up if server.kind.node else self._pace.warm_up)

    async def _measured(self, admin: "asyncpg.Connection[Any]", server: Server, operation: str) -> Measured:
        before = await _spent(admin, server)
        load = await self._load(server, operation, self._pace.seconds)
        after = await _spent(admin, server)
        each = 1000 / max(load.answered, 1)
        return Measured(
            rps=load.answered / load.seconds,
            p50_ms=load.p50_ms,
            p99_ms=load.p99_ms,
            gateway_ms=costs.spent(before[0], after[0]) * each,
            postgres_ms=costs.spent(before[1], after[1]) * each,
            client_ms=load.client_cpu_seconds * each,
            rss_mb=costs.megabytes(list(after[0])),
            answered=load.answered,
            failed=load.failed,
        )

    async def _load(self, server: Server, operation: str, seconds: float) -> Load:
        once = operation == "book"
        most = int(seconds * MOST_A_SECOND)
        slots = self._slots.from_here(server)
        requests = operations.requests(server.kind.dialect, operation, self._size, slots, most)
        load = await sent(Job(server.port, requests, seconds, self._pace.connections, once))
        if once:
            self._slots.used(server, load.sent)
        return load


async def _spent(admin: "asyncpg.Connection[Any]", server: Server) -> tuple[dict[int, float], dict[int, float]]:
    """Return what the server's processes, and PostgreSQL's for it, have used so far."""
    return costs.cpu(costs.tree(server.pid)), costs.cpu(await costs.backends(admin, server.databases))


async def sent(job: Job) -> Load:
    """Run a job in a process of its own."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.load", stdin=pipe, stdout=pipe)
    told, _ = await process.communicate(pickle.dumps(tuple(job)))
    return msgspec.json.decode(told, type=Load)


def medians(rounds: list[Measured]) -> Measured:
    """Return the median of each figure, and all that was answered and failed."""
    names = [name for name in Measured.__struct_fields__ if name not in ("answered", "failed")]
    middle = {name: median(getattr(one, name) for one in rounds) for name in names}
    return Measured(**middle, answered=sum(r.answered for r in rounds), failed=sum(r.failed for r in rounds))


def ratio(results: dict[str, list[Measured]], one: str, other: str) -> float | None:
    """Return how many times as many requests a second one server answers: the median of the rounds' ratios."""
    if one not in results or other not in results:
        return None
    pairs = zip(results[one], results[other], strict=True)
    return median(mine.rps / max(theirs.rps, 0.1) for mine, theirs in pairs)
