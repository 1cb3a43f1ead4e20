"""The bus says "there is news" and nothing else; broadcaster carries it between processes (law 4)."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import structlog
from broadcaster import Broadcast

CHANNEL: Final = "medkabinet"
HEARTBEAT: Final = 1.0
GATHER: Final = 0.002
"""Seconds in which wake-ups become one message."""
SILENCE: Final = 3.0
"""Seconds without a heartbeat after which the bus is rebuilt."""
log = structlog.get_logger()


class News(StrEnum):
    """All that is ever said on the bus, behind the name of the process that says it."""

    ALIVE = "alive"
    COMMITTED = "committed"
    """Something was committed that has no position yet."""
    NUMBERED = "numbered"
    """There is something to read."""


KNOWN: Final = {str(news): news for news in News}


class Bus:
    """One channel, one subscription and one publisher a process, supervised: rebuilt when the server behind it dies."""

    def __init__(self, url: str, on_news: Callable[[News], None]) -> None:
        self._url = url
        self._on_news = on_news
        self._name = secrets.token_hex(4)
        self._news = asyncio.Event()
        self._to_say: set[News] = set()
        self._broadcast: Broadcast | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self.alive = False
        """Whether heartbeats come."""

    async def start(self) -> None:
        """Begin to listen; a bus that can't be reached costs latency, not the start."""
        self._tasks = [asyncio.create_task(self._supervise()), asyncio.create_task(self._publish())]

    async def stop(self) -> None:
        """Let go of the bus."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._drop()

    def wake(self, news: News = News.NUMBERED) -> None:
        """Tell every other process, soon, that there is news."""
        if not self._url.startswith("memory:"):
            self._to_say.add(news)
            self._news.set()

    async def _supervise(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - broadcaster raises whatever its backend raises
                if self._stopping:  # what it raised while it unsubscribed took the place of the cancellation
                    return
                log.warning("bus lost", error=type(error).__name__)
            self.alive = False
            await self._drop()
            await asyncio.sleep(0.5)

    async def _listen(self) -> None:
        broadcast = Broadcast(self._url)
        async with asyncio.timeout(SILENCE):
            await broadcast.connect()
        async with broadcast.subscribe(CHANNEL) as subscriber:
            self._broadcast = broadcast  # not before: on PostgreSQL one connection listens and publishes
            while True:
                async with asyncio.timeout(SILENCE):
                    message = (await subscriber.get()).message
                self.alive = True
                self._heard(message)

    def _heard(self, message: str) -> None:
        """Pass news on, but one's own, which was acted on already; of what is no news it is enough that it came."""
        name, _, said = message.partition(" ")
        news = KNOWN.get(said)
        if news is not None and (name != self._name or news is News.ALIVE):
            self._on_news(news)

    async def _publish(self) -> None:
        """Publish what has gathered, and now and then a heartbeat, so that silence means that the bus is dead."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await self._news.wait()
            self._news.clear()
            to_say, self._to_say = self._to_say or {News.ALIVE}, set()
            if self._broadcast is not None:
                try:
                    async with asyncio.timeout(2):
                        for news in to_say:
                            await self._broadcast.publish(CHANNEL, f"{self._name} {news}")
                except Exception:  # noqa: BLE001 - broadcaster raises whatever its backend raises
                    self.alive = False  # known sooner than by silence, and who waits for news must look by himself
                    self._on_news(News.NUMBERED)
            await asyncio.sleep(GATHER)

    async def _drop(self) -> None:
        broadcast, self._broadcast = self._broadcast, None
        if broadcast is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(1):
                    await broadcast.disconnect()
