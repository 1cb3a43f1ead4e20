"""Prometheus metrics of the engine: how many, how long, how open; no names, no ids."""

import time
from functools import cache
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gql.exchange import Caller, Engine, Reply, Request, Stream
from subscriptions.hub import Hub


class Measured:
    """An engine whose work is counted."""

    def __init__(self, engine: Engine, hub: Hub) -> None:
        self._engine = engine
        self.registry = CollectorRegistry()
        self._operations = Counter(
            "medkabinet_operations", "Operations answered.", ["kind", "executed"], registry=self.registry
        )
        self._seconds = Histogram(
            "medkabinet_operation_seconds", "Time to the answer.", ["kind"], registry=self.registry
        )
        self._of = cache(self._labelled)
        streams = Gauge("medkabinet_open_streams", "Subscriptions open in this process.", registry=self.registry)
        streams.set_function(lambda: hub.open_streams)

    async def execute(self, request: Request, caller: Caller) -> Reply:
        """Run and count."""
        began = time.perf_counter()
        reply = await self._engine.execute(request, caller)
        seconds, answered, refused = self._of(self._engine.kind(request) or "none")
        seconds.observe(time.perf_counter() - began)
        (answered if reply.executed else refused).inc()
        return reply

    async def subscribe(self, request: Request, caller: Caller) -> Stream | Reply:
        """Start and count."""
        started = await self._engine.subscribe(request, caller)
        executed = not isinstance(started, Reply)
        self._operations.labels("subscription", str(executed).lower()).inc()
        return started

    def kind(self, request: Request) -> Literal["query", "mutation", "subscription"] | None:
        """Return the operation's kind."""
        return self._engine.kind(request)

    async def knows(self, caller: Caller) -> bool:
        """Return whether the caller's token opens a live session."""
        return await self._engine.knows(caller)

    def _labelled(self, kind: str) -> tuple[Histogram, Counter, Counter]:
        """Return what counts one kind of operations; there are four kinds."""
        operations = self._operations
        return self._seconds.labels(kind), operations.labels(kind, "true"), operations.labels(kind, "false")

    def text(self) -> bytes:
        """Return what Prometheus reads."""
        return generate_latest(self.registry)
