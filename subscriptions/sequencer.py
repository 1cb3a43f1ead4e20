"""Gives committed events their positions on PostgreSQL: one leader at a time, in id order (law 3)."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog

from persistence import events
from persistence.store import Store

LEASE: Final = 0.2
"""Seconds between tries to become the leader, and between looks for events whose wake-up was lost."""
log = structlog.get_logger()


class Sequencer:
    """Runs in every process; only who holds the lock numbers."""

    def __init__(self, store: Store, numbered: Callable[[], None]) -> None:
        self._store = store
        self._numbered = numbered
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Say that something was committed."""
        self._news.set()

    async def run(self) -> None:
        """Number what is committed, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEASE):
                    await self._news.wait()
            self._news.clear()
            try:
                if await self._number():
                    self._numbered()
            except Exception as error:  # noqa: BLE001 - the database may be away: the next round numbers
                log.warning("sequencer waits", error=type(error).__name__)
                await asyncio.sleep(LEASE)

    async def _number(self) -> int:
        """Number in one transaction that holds the leader's lock; it is free again at the commit."""
        async with self._store.driver.write() as connection:
            if not await events.lead(connection):
                return 0
            return await events.number_waiting(connection)
