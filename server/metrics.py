"""Prometheus metrics of the engine: how many, how long, how open; no names, no ids."""

import time
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
        streams = Gauge("medkabinet_open_streams", "Subscriptions open in this process.", registry=self.registry)
        streams.set_function(lambda: hub.open_streams)

    async def execute(self, request: Request, caller: Caller) -> Reply:
        """Run and count."""
        began = time.perf_counter()
        reply = await self._engine.execute(request, caller)
        kind = self._engine.kind(request) or "none"
        self._seconds.labels(kind).observe(time.perf_counter() - began)
        self._operations.labels(kind, str(reply.executed).lower()).inc()
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

    def text(self) -> bytes:
        """Return what Prometheus reads."""
        return generate_latest(self.registry)
