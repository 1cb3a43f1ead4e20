"""The bus says "there is news" and nothing else; broadcaster carries it between processes (law 4)."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog
from broadcaster import Broadcast

CHANNEL: Final = "medkabinet"
HEARTBEAT: Final = 1.0
SILENCE: Final = 3.0
"""Seconds without a heartbeat after which the bus is rebuilt."""
log = structlog.get_logger()


class Bus:
    """One channel, one subscription a process, supervised: it is rebuilt when the server behind it dies."""

    def __init__(self, url: str, on_news: Callable[[], None]) -> None:
        self._url = url
        self._on_news = on_news
        self._publishing = asyncio.Lock()
        self._broadcast: Broadcast | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._heard = 0.0
        self.alive = False

    async def start(self) -> None:
        """Begin to listen; a bus that can't be reached costs latency, not the start."""
        self._tasks = [asyncio.create_task(self._supervise()), asyncio.create_task(self._beat())]

    async def stop(self) -> None:
        """Let go of the bus."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._drop()

    async def wake(self) -> None:
        """Tell every process that there is news; never raises."""
        if self._broadcast is None:
            return
        with contextlib.suppress(Exception):
            async with self._publishing, asyncio.timeout(2):
                await self._broadcast.publish(CHANNEL, "1")

    async def _supervise(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - broadcaster raises whatever its backend raises
                log.warning("bus lost", error=type(error).__name__)
            self.alive = False
            await self._drop()
            await asyncio.sleep(0.5)

    async def _listen(self) -> None:
        broadcast = Broadcast(self._url)
        await broadcast.connect()
        self._broadcast = broadcast
        loop = asyncio.get_running_loop()
        async with broadcast.subscribe(CHANNEL) as subscriber:
            self._heard = loop.time()
            while True:
                async with asyncio.timeout(SILENCE):
                    await subscriber.get()
                self._heard = loop.time()
                self.alive = True
                self._on_news()

    async def _beat(self) -> None:
        """Publish now and then, so that silence means that the bus is dead."""
        while True:
            await self.wake()
            await asyncio.sleep(HEARTBEAT)

    async def _drop(self) -> None:
        broadcast, self._broadcast = self._broadcast, None
        if broadcast is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(1):
                    await broadcast.disconnect()
