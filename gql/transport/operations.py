"""The operations that run on one websocket: each a task, each ended exactly once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress

from gql.exchange import Caller, Engine, Pushing, Reply, Request, Stream, StreamEnded
from gql.transport import frames, messages
from gql.transport.body import Gone
from gql.transport.refusals import INTERNAL

logger = logging.getLogger(__name__)

Task = asyncio.Task[None]


class Operations:
    """Runs a connection's operations; a subscription is cancelled by its client, a mutation never half-way."""

    __slots__ = ("_close", "_engine", "_named", "_send", "_single", "_streams", "_write")

    def __init__(
        self,
        engine: Engine,
        send: Callable[[str], Awaitable[None]],
        write: Callable[[str], bool],
        close: Callable[[int, str], Awaitable[None]],
    ) -> None:
        """`send` waits until a message is taken; `write` sends it if it goes out at once, and says whether it did."""
        self._engine = engine
        self._send = send
        self._write = write
        self._close = close
        self._named: dict[str, Task] = {}
        self._streams: set[Task] = set()
        self._single: set[Task] = set()

    def __contains__(self, operation: str) -> bool:
        return operation in self._named

    @property
    def running(self) -> int:
        """How many run, with those that their client no longer waits for."""
        return len(self._streams) + len(self._single)

    def start(self, operation: str, request: Request, caller: Caller) -> None:
        """Run an operation under a free id."""
        streaming = self._engine.kind(request) == "subscription"
        tasks = self._streams if streaming else self._single
        task = asyncio.create_task(self._run(operation, request, caller, streaming=streaming))
        self._named[operation] = task
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def stop(self, operation: str) -> None:
        """End an operation for its client; one that has ended already is none (the messages crossed)."""
        task = self._named.pop(operation, None)
        if task in self._streams:
            task.cancel()

    async def answered(self, within: float) -> None:
        """Wait for the queries and mutations that run, `within` seconds at most."""
        if self._single:
            await asyncio.wait(self._single, timeout=within)

    async def end(self) -> None:
        """End all: streams at once, queries and mutations when they are through."""
        self._named.clear()
        for task in self._streams:
            task.cancel()
        await asyncio.gather(*self._streams, *self._single, return_exceptions=True)

    async def _run(self, operation: str, request: Request, caller: Caller, *, streaming: bool) -> None:
        try:
            outcome = await (
                self._engine.subscribe(request, caller) if streaming else self._engine.execute(request, caller)
            )
            del request  # a stream may last for hours
            if isinstance(outcome, Reply):
                await self._reply(operation, outcome)
            else:
                await self._carry(operation, outcome)
        except Gone:
            return
        except Exception as error:  # noqa: BLE001 (the last line: the engine promises never to raise)
            logger.error("the engine raised %s", type(error).__name__)
            with suppress(Gone):
                await self._fail(operation, INTERNAL.body(caller.language))
        finally:
            self._mine(operation)

    async def _reply(self, operation: str, reply: Reply) -> None:
        if not reply.executed:
            await self._fail(operation, reply.body)
        elif self._mine(operation, keep=True):
            await self._send(frames.framed(operation, "next", reply.body))
            await self._complete(operation)

    async def _carry(self, operation: str, stream: Stream) -> None:
        if isinstance(stream, Pushing):
            stream.push_to(self._sink(operation))
        async with aclosing(stream):
            try:
                async for body in stream:
                    await self._send(frames.framed(operation, "next", body))
            except StreamEnded as end:
                await self._fail(operation, end.body)
                if end.session:
                    await self._close(frames.FORBIDDEN, "Forbidden")
                elif end.reconnect:
                    await self._close(frames.RECONNECT, "Reconnect and resume")
                return
        await self._complete(operation)

    def _sink(self, operation: str) -> Callable[[bytes], bool]:
        """Return what writes a stream's responses, as long as its task has the id."""
        task = self._named.get(operation)
        return lambda body: self._named.get(operation) is task and self._write(frames.framed(operation, "next", body))

    async def _complete(self, operation: str) -> None:
        if self._mine(operation):
            await self._send(frames.complete(operation))

    async def _fail(self, operation: str, body: bytes) -> None:
        if self._mine(operation):
            await self._send(frames.framed(operation, "error", messages.errors_of(body)))

    def _mine(self, operation: str, *, keep: bool = False) -> bool:
        """Return whether this task still has the id, and free it: the client may use it again at once."""
        if self._named.get(operation) is not asyncio.current_task():
            return False
        if not keep:
            del self._named[operation]
        return True
