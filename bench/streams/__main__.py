"""`python -m bench.streams`: measures, prints, and writes docs/performance-streams.md."""

import argparse
import asyncio
import json
import os
import resource
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.streams.measured import Figures
from bench.streams.places import BOOK, VISITS, Ours, Server, client, ours, peer
from domain.events import Event, EventKind
from faults.machines import Postgres, Redis
from gql.planning.ids import NodeId
from persistence.events import Cursor, as_of
from server.wiring import opened
from subscriptions.bus import Bus, News

RATE = 200
"""Events a second of the spread."""
WARM = 3
"""Seconds of them before it is measured: new connections to PostgreSQL have no plans yet."""


async def fan_out(
    server: Server, figures: Figures, watchers: int, rounds: int, triggers: list[dict[str, Any]], **given: Any
) -> None:
    """One change of a doctor's free times, and the time until the last watcher has it."""
    async with client() as node:
        empty = server.memory()
        opened_in = await node.do("open", place=server.place(**given), count=watchers, atOnce=50)
        await asyncio.sleep(1)
        figures.put(server.name, "subscribe, ms each", opened_in["ms"] / watchers)
        figures.put(server.name, f"memory, KB a subscriber ({watchers})", (server.memory() - empty) / watchers / 1024)
        taken: list[float] = []
        carried: list[float] = []
        for trigger in triggers[:rounds]:
            told = await node.do("fanout", trigger=trigger, count=watchers, seconds=20)
            assert told["heard"] == watchers, told
            taken.append(told["all"])
            carried.append(max(told["all"] - told["answered"], 0.0))
        figures.put(server.name, "fan-out, ms", statistics.median(taken))
        figures.put(server.name, "fan-out after the answer, ms", statistics.median(carried))


def bookings(held: Ours) -> list[dict[str, Any]]:
    """Return our changes: real bookings, durable."""
    me = held.people.patients[0]
    patient = NodeId("Patient", (me, me)).text()
    headers = {"content-type": "application/json", "authorization": f"Bearer {held.people.tokens[0]}"}
    url = f"http://127.0.0.1:{held.server.port}/graphql"
    return [
        {"url": url, "headers": headers, "body": _json(BOOK, slot=NodeId("Slot", (slot,)).text(), patient=patient)}
        for slot in held.people.slots
    ]


def changes(server: Server, rounds: int) -> list[dict[str, Any]]:
    """Return a peer's changes: published, kept nowhere."""
    url, headers = f"http://127.0.0.1:{server.port}/graphql", {"content-type": "application/json"}
    body = _json("mutation($practitionerId: ID!) { change(practitionerId: $practitionerId) }", practitionerId="1")
    return [{"url": url, "headers": headers, "body": body}] * rounds


def _json(query: str, **variables: Any) -> str:
    return json.dumps({"query": query, "variables": variables})


class Happening:
    """Commits events from another process than the server, as an import does, and wakes it by the bus."""

    def __init__(self, held: Ours) -> None:
        self._held = held

    async def events(self, topics: list[int], rate: float) -> list[tuple[int, float]]:
        """Commit an event a topic at a rate; return the topics with the wall clock of each commit in ms."""
        committed: list[tuple[int, float]] = []
        async with opened(self._held.settings) as store:
            bus = Bus(self._held.settings.bus_url, lambda _: None)
            await bus.start()
            await asyncio.sleep(1)
            began = time.monotonic()

            async def one(number: int, topic: int) -> None:
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                patient = self._held.people.patients[topic]
                async with store.begin() as tx:
                    tx.emit(Event(EventKind.APPOINTMENT_CHANGED, self._held.visits[topic], patient_id=patient))
                committed.append((topic, time.time() * 1000))
                bus.wake(News.COMMITTED)

            await asyncio.gather(*(one(number, topic) for number, topic in enumerate(topics)))
            await bus.stop()
        return committed

    async def cursor(self) -> str:
        """Return the cursor of this moment."""
        async with opened(self._held.settings) as store, store.snapshot() as snapshot:
            found: Cursor = await as_of(snapshot)
            return found.text()


def visits(held: Ours, **given: Any) -> dict[str, Any]:
    """Return how each patient watches the own visits."""
    subscribe = {"query": VISITS, "variables": {}}
    return held.server.place(tokens=held.people.tokens) | {"subscribe": subscribe} | given


async def spread(held: Ours, bus: str, figures: Figures, seconds: int) -> None:
    """Everyone watches something else: idle memory, then events at a steady rate."""
    topics = len(held.people.patients)
    async with client() as node:
        empty = held.server.memory()
        await node.do("open", place=visits(held), count=topics, atOnce=50)
        figures.put(
            "medkabinet",
            f"memory idle, KB a subscriber ({topics}, {bus})",
            (held.server.memory() - empty) / topics / 1024,
        )
        wanted = [number * 7919 % topics for number in range(RATE * seconds)]
        happening = Happening(held)
        await happening.events([number * 104_729 % topics for number in range(RATE * WARM)], RATE)
        await asyncio.sleep(1)
        await node.do("listen")
        committed = await happening.events(wanted, RATE)
        heard = (await node.do("heard", count=len(wanted), seconds=20))["heard"]
    by_topic: dict[int, list[float]] = {}
    for topic, at in heard:
        by_topic.setdefault(topic, []).append(at)
    late = sorted(by_topic[topic].pop(0) - at for topic, at in committed if by_topic.get(topic))
    figures.put("medkabinet", f"spread by {bus}, missed", len(wanted) - len(late))
    if not late:
        return
    figures.put("medkabinet", f"commit to delivery by {bus}, p50 ms", late[len(late) // 2])
    figures.put("medkabinet", f"commit to delivery by {bus}, p99 ms", late[len(late) * 99 // 100])


async def storm(held: Ours, figures: Figures, count: int) -> None:
    """Sockets are cut, something happens to each, all come back with their cursors."""
    async with client() as node:
        place = visits(held, resume=True)
        await node.do("open", place=place, count=count, atOnce=50)
        happening = Happening(held)
        await node.do("cursors", all=await happening.cursor())
        await node.do("cut")
        await happening.events(list(range(count)), 500)
        began = time.monotonic()
        back = await node.do("open", place=place, count=count, atOnce=200)
        heard = (await node.do("heard", count=count, seconds=30))["heard"]
        figures.put("medkabinet", f"storm of {count}: subscribed again, s", back["ms"] / 1000)
        figures.put("medkabinet", f"storm of {count}: all have what they missed, s", time.monotonic() - began)
        figures.put("medkabinet", f"storm of {count}: missed", count - len({number for number, _ in heard}))
        figures.put("medkabinet", f"storm of {count}: twice", len(heard) - len({number for number, _ in heard}))


async def measure(chosen: argparse.Namespace) -> Figures:
    """Measure all."""
    figures, redis, postgres = Figures(), Redis(), Postgres()
    with tempfile.TemporaryDirectory(prefix="medkabinet-bench-") as folder:
        try:
            await redis.start()
            await postgres.start()
            for name in ("mercurius", "graphql-ws"):
                async with peer(name, redis) as server:
                    await fan_out(server, figures, chosen.watchers, chosen.rounds, changes(server, chosen.rounds))
            async with ours(postgres, redis.url, chosen.topics, Path(folder)) as held:
                await fan_out(
                    held.server, figures, chosen.watchers, chosen.rounds, bookings(held), tokens=held.people.tokens
                )
                await spread(held, "Redis", figures, chosen.seconds)
                await storm(held, figures, min(chosen.storm, chosen.topics))
            async with ours(postgres, "postgres", chosen.topics, Path(folder)) as held:
                await spread(held, "PostgreSQL", figures, chosen.seconds)
        finally:
            redis.kill()
            postgres.remove()
    return figures


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description=__doc__)
    for name, value in (("topics", 5000), ("watchers", 1000), ("rounds", 20), ("seconds", 15), ("storm", 1000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--write", type=Path, help="also write the tables to this file")
    chosen = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65_536)), hard))
    load = os.getloadavg()[0]
    figures = asyncio.run(measure(chosen))
    table = figures.table(
        f"{chosen.topics} topics, {chosen.watchers} watchers; load of the machine before it began: {load:.1f}"
    )
    print(table)
    if chosen.write:
        figures.write(chosen.write, table)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing that it started outlives it
    main()
