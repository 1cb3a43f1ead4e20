"""Empty places to restore into, and what tests compare."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from actions import registry
from actions.registry import Person
from persistence import backup, migrate
from persistence.backup.restore import Place, Restored
from persistence.store import Store
from server.settings import Settings, driver_of
from server.wiring import masters_of
from tests.postgres import databases


class Writers:
    """Patients being registered, one after the other, by some tasks at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._one_more = asyncio.Condition()
        self.acknowledged: list[int] = []

    async def reach(self, count: int) -> list[int]:
        """Wait until so many were acknowledged; return those."""
        async with self._one_more:
            await self._one_more.wait_for(lambda: len(self.acknowledged) >= count)
        return list(self.acknowledged)

    async def write(self) -> None:
        """Register patients, for ever."""
        while True:
            async with self._store.begin() as tx:
                person = Person("Иванов", "Иван", identifiers=[("urn:x", "1")])
                patient = await registry.add_patient(tx, person)
            self.acknowledged.append(patient)
            async with self._one_more:
                self._one_more.notify_all()


@asynccontextmanager
async def writing(store: Store, tasks: int = 3) -> AsyncGenerator[Writers]:
    """Keep writing while the body runs."""
    writers = Writers(store)
    running = [asyncio.create_task(writers.write()) for _ in range(tasks)]
    try:
        yield writers
    finally:
        for task in running:
            task.cancel()
        ended = await asyncio.gather(*running, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended


async def patients(store: Store) -> list[int]:
    """Return the patients that are there."""
    async with store.driver.read() as connection:
        return [row[0] for row in await connection.fetch("select id from patient order by id", ())]


@asynccontextmanager
async def empty_place(settings: Settings, folder: Path, server: str | None) -> AsyncGenerator[Settings]:
    """Give an empty place of the same master keys: on PostgreSQL if `server` is given, else a folder with nothing."""
    if server is None:
        os.makedirs(folder, exist_ok=True)
        yield settings.model_copy(update={"database_url": f"sqlite:///{folder / 'data.db'}", "keys_url": None})
        return
    async with databases(server, 2) as (data, keys):
        yield settings.model_copy(update={"database_url": data, "keys_url": keys})


async def restored(settings: Settings, data: Path, keys: Path) -> Restored:
    """Restore into a place."""
    return await backup.restore(
        Place("data", settings.database_url, driver_of(settings.database_url), data),
        Place("keys", settings.wrapped_keys_url, driver_of(settings.wrapped_keys_url), keys),
        masters_of(settings),
    )


async def contents(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of both databases; how far commits were looked at isn't restored, it is another place's."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for which, driver in (("data", store.driver), ("keys", store.keys.driver)):
        async with driver.read() as connection:
            for table in migrate.METADATA[which].sorted_tables:  # type: ignore[index]
                rows = await connection.fetch(f"select * from {table.name}", ())
                found[table.name] = sorted((tuple(row) for row in rows if row[0] != "audit_mark"), key=repr)
    return found
