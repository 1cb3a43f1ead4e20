"""Who gets in when too many come: so many operations at once, the others are told to come again."""

from typing import Literal

from gql.exchange import Caller, Engine, Reply, Request, Stream
from gql.transport.refusals import OVERLOADED


class Admitted:
    """An engine that runs `most` queries and mutations at once and refuses more at once (503), before any work.

    Nobody waits in a line: what was admitted takes as long as it does on a busy day, whatever else is knocking.
    Streams aren't counted: they have limits of their own, and all come back at once when a server restarts.
    """

    def __init__(self, engine: Engine, most: int) -> None:
        self._engine = engine
        self._most = most
        self._running = 0

    async def execute(self, request: Request, caller: Caller) -> Reply:
        """Run, or refuse."""
        if self._running >= self._most:
            return Reply(OVERLOADED.body(caller.language), executed=False, status=OVERLOADED.status, retry_after=1)
        self._running += 1
        try:
            return await self._engine.execute(request, caller)
        finally:
            self._running -= 1

    async def subscribe(self, request: Request, caller: Caller) -> Stream | Reply:
        """Start."""
        return await self._engine.subscribe(request, caller)

    def kind(self, request: Request) -> Literal["query", "mutation", "subscription"] | None:
        """Return the operation's kind."""
        return self._engine.kind(request)

    async def knows(self, caller: Caller) -> bool:
        """Return whether the caller's token opens a live session."""
        return await self._engine.knows(caller)
