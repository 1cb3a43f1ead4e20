"""Streams over HTTP: events as they come, heartbeats in between, nothing left behind."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from starlette.types import Receive, Send

from gql.exchange import Reply, Stream, StreamEnded
from gql.transport.lines import Lines
from gql.transport.refusals import INTERNAL

logger = logging.getLogger(__name__)


class Framing(Protocol):
    """How one protocol writes a stream."""

    content_type: bytes
    opening: bytes
    heartbeat: bytes
    closing: bytes

    def event(self, body: bytes) -> bytes:
        """Return the frame of one GraphQL response."""
        ...

    def ended(self, body: bytes) -> bytes:
        """Return the frame that says why the server ends the stream."""
        ...


async def only(reply: Reply) -> AsyncGenerator[bytes, None]:
    """Yield one answer as a stream, for a client that takes nothing else."""
    yield reply.body


async def chunks(stream: Stream, framing: Framing) -> AsyncGenerator[bytes, None]:
    """Yield a stream's frames, to the closing one."""
    async with aclosing(stream):
        try:
            async for body in stream:
                yield framing.event(body)
        except StreamEnded as end:
            yield framing.ended(end.body)
        except Exception as error:  # noqa: BLE001 (the last line: the engine promises never to raise)
            logger.error("the engine raised %s", type(error).__name__)
            yield framing.ended(INTERNAL.body("ru"))
    yield framing.closing


async def next_of(frames: AsyncGenerator[bytes, None]) -> bytes | None:
    """Return the next frame, None after the last."""
    return await anext(frames, None)


class Pump:
    """Carries one stream's frames to one client; at most one frame waits for a slow reader."""

    def __init__(self, frames: AsyncGenerator[bytes, None], heartbeat: bytes, seconds: float, slow: float) -> None:
        self._frames = frames
        self._heartbeat = heartbeat
        self._seconds = seconds
        self._slow = slow
        self._hung_up = asyncio.Event()

    async def run(self, receive: Receive, send: Send, lines: Lines) -> None:
        """Send until the stream ends, the client goes or takes nothing for long, or the server hangs up."""
        leaving = [asyncio.create_task(_gone(receive)), asyncio.create_task(self._hung_up_wait())]
        lines.opened(self.hang_up)
        try:
            await self._carry(send, leaving)
        except TimeoutError:
            return  # uvicorn closes what was begun and not ended
        finally:
            lines.closed(self.hang_up)
            await _cancelled(leaving)
        await send({"type": "http.response.body", "body": b""})

    async def hang_up(self, within: float) -> None:
        """End without a closing frame, so that the client takes it for a broken line and comes back."""
        self._hung_up.set()

    async def _hung_up_wait(self) -> None:
        await self._hung_up.wait()

    async def _carry(self, send: Send, leaving: list[asyncio.Task[None]]) -> None:
        following = asyncio.create_task(next_of(self._frames))
        try:
            while not any(task.done() for task in leaving):
                await asyncio.wait({following, *leaving}, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
                frame = self._heartbeat
                if following.done():
                    result = following.result()
                    if result is None:
                        return
                    frame = result
                    following = asyncio.create_task(next_of(self._frames))
                elif any(task.done() for task in leaving):
                    return
                async with asyncio.timeout(self._slow):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
        finally:
            await _cancelled([following])
            await self._frames.aclose()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancelled(tasks: list[asyncio.Task[None]] | list[asyncio.Task[bytes | None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
