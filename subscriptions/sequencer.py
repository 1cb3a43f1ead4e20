"""Gives committed events their positions on PostgreSQL: one leader at a time, in id order (law 3)."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog

from persistence import events
from persistence.drivers import Connection, Shared

LEASE: Final = 0.2
"""Seconds between tries to become the leader, and between looks for events whose wake-up was lost."""
SILENCE: Final = 2.0
"""Seconds after which a leader who says nothing is none any more."""
log = structlog.get_logger()


class Sequencer:
    """Runs in every process; only the one whose connection holds the lock numbers."""

    def __init__(self, driver: Shared, numbered: Callable[[], None]) -> None:
        self._driver = driver
        self._numbered = numbered
        self._news = asyncio.Event()
        self.leads = False

    def wake(self) -> None:
        """Say that something was committed."""
        self._news.set()

    async def run(self) -> None:
        """Number what is committed, for ever."""
        while True:
            try:
                async with self._driver.apart(SILENCE) as connection:
                    await self._serve(connection)
            except Exception as error:  # noqa: BLE001 - the database may be away: the next leader numbers
                log.warning("sequencer waits", error=type(error).__name__)
            finally:
                self.leads = False
            await asyncio.sleep(LEASE)

    async def _serve(self, connection: Connection) -> None:
        """Wait to be the leader, then number in one statement a round: the lock is the connection's."""
        while not await events.lead(connection):  # noqa: ASYNC110 - the database tells nobody that a lock is free
            await asyncio.sleep(LEASE)
        self.leads = True
        while True:
            self._news.clear()
            if await events.number_waiting(connection):
                self._numbered()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEASE):
                    await self._news.wait()
