"""The load: connections that each send the next request as soon as the last is answered. Runs in its own process."""

import asyncio
import pickle
import resource
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any, NamedTuple

import msgspec
import uvloop


class Job(NamedTuple):
    """What to send where."""

    port: int
    requests: list[bytes]
    seconds: float
    connections: int
    once: bool
    """Each request once; the round ends early if there are no more."""


class Load(msgspec.Struct):
    """What came of it."""

    sent: int
    answered: int
    failed: int
    seconds: float
    p50_ms: float
    p99_ms: float
    client_cpu_seconds: float


class _Round:
    def __init__(self, job: Job) -> None:
        self.left: Iterator[bytes] = iter(job.requests) if job.once else cycle(job.requests)
        self.latencies: list[float] = []
        self.sent = self.failed = self.open = 0
        self.until = 0.0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def next(self) -> bytes | None:
        found = next(self.left, None) if time.perf_counter() < self.until else None
        self.sent += found is not None
        return found

    def closed(self) -> None:
        self.open -= 1
        if self.open == 0 and not self.over.done():
            self.over.set_result(None)


class _Client(asyncio.Protocol):
    """One connection; reads no more of an answer than where it ends and whether it is good."""

    def __init__(self, whole: _Round) -> None:
        self._round = whole
        self._missing = 0
        self._chunked = False
        self._head = b""
        self._began = 0.0
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._round.open += 1

    def send(self) -> None:
        asked = self._round.next()
        self._busy = asked is not None
        if asked is None:
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(asked)

    def data_received(self, data: bytes) -> None:
        if self._missing or self._chunked:
            self._more(data)
            return
        head, end, rest = (self._head + data).partition(b"\r\n\r\n")
        if not end:
            self._head = head
            return
        self._head = b""
        if b" 200 " not in head[:16] or b'"errors"' in rest or b'ppointment":null' in rest:
            self._round.failed += 1
        lower = head.lower()
        at = lower.find(b"content-length:")
        self._chunked = at < 0
        if not self._chunked:
            self._missing = int(lower[at + 15 :].split(b"\r\n", 1)[0])
        self._more(rest)

    def _more(self, data: bytes) -> None:
        if self._chunked:
            done = data.endswith(b"0\r\n\r\n")
        else:
            self._missing -= len(data)
            done = self._missing <= 0
        if done:
            self._missing, self._chunked = 0, False
            self._round.latencies.append(time.perf_counter() - self._began)
            self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._round.failed += self._busy
        self._round.closed()


async def run(job: Job) -> Load:
    """Send for some seconds; return what was measured."""
    loop, whole = asyncio.get_running_loop(), _Round(job)
    made: list[Any] = await asyncio.gather(
        *(loop.create_connection(lambda: _Client(whole), "127.0.0.1", job.port) for _ in range(job.connections))
    )
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    whole.until = began + job.seconds
    for _, client in made:
        client.send()
    await whole.over
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found = sorted(whole.latencies) or [0.0]
    middle, late = found[len(found) // 2] * 1000, found[len(found) * 99 // 100] * 1000
    return Load(whole.sent, len(whole.latencies), whole.failed, seconds, middle, late, spent)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(run(Job(*pickle.load(sys.stdin.buffer))))))
