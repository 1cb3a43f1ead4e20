"""Fills the databases by COPY, some processes side by side, with a progress bar."""

import asyncio
import multiprocessing
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from typing import Any, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench import databases, people, plain, sealed
from bench.sealed import Keys
from bench.sizes import FIRST_SPECIALTY, Size
from persistence.sealing import SYSTEM, KeyRing
from server.settings import driver_of
from server.wiring import masters_of, migrated, store_of

BATCH: Final = 250
PROCESSES: Final = 2


async def ensure(size: Size, *, anew: bool = False) -> None:
    """Make the databases of a size unless this very code has made them before."""
    if not anew and await databases.is_made(size):
        await migrated(databases.settings(size))  # as an operator does with a new version
        return
    await databases.create(size)
    await _fill_directory(size)
    await asyncio.to_thread(_fill_people, size)
    await databases.finish(size)


async def _fill_directory(size: Size) -> None:
    """Write places, doctors and free times, and the system's own key, without which no server starts."""
    store = store_of(databases.settings(size))
    await store.open()
    await store.keys.newest(SYSTEM)
    await store.close()
    specialties = list(enumerate(people.SPECIALTIES, FIRST_SPECIALTY))
    parts = people.places(), specialties, people.doctors(size)
    await _copy(databases.url(size), (((t.name, t.columns), row) for t, row in sealed.directory(*parts)))
    await _copy(databases.url(size), (((t.name, t.columns), row) for t, row in sealed.times(people.slots(size))))
    await _copy(databases.url(size, "peers"), (((name, None), row) for name, row in plain.directory(*parts)))
    await _copy(databases.url(size, "peers"), (((n, None), row) for n, row in plain.times(people.slots(size))))


def _fill_people(size: Size) -> None:
    batches = [(size, at, min(at + BATCH, size.patients)) for at in range(0, size.patients, BATCH)]
    if len(batches) == 1:
        _fill(*batches[0])
        return
    shown = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    spawning = multiprocessing.get_context("spawn")
    with Progress(*shown) as progress, ProcessPoolExecutor(PROCESSES, mp_context=spawning) as workers:
        task = progress.add_task("people", total=size.patients)
        waiting = {workers.submit(_fill, *batch) for batch in batches}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            progress.advance(task, sum(future.result() for future in done))


def _fill(size: Size, first: int, end: int) -> int:
    """Write the people of one batch; runs in a process of its own."""
    asyncio.run(_fill_batch(size, first, end))
    return end - first


async def _fill_batch(size: Size, first: int, end: int) -> None:
    doctors = people.doctors(size)
    settings = databases.settings(size)
    keys = Keys(KeyRing(driver_of(settings.wrapped_keys_url), masters_of(settings)))
    ours, theirs = [], []
    for number in range(first, end):
        person = people.person(size, doctors, number)
        ours += [((table.name, table.columns), row) for table, row in sealed.rows(person, keys, number)]
        theirs += [((table, None), row) for table, row in plain.rows(person, number)]
    await _copy(databases.url(size, "keys"), ((("wrapped_key", keys.columns), row) for row in keys.rows))
    await asyncio.gather(_copy(databases.url(size), ours), _copy(databases.url(size, "peers"), theirs))


async def _copy(url: str, rows: Iterable[tuple[tuple[str, Any], tuple[Any, ...]]]) -> None:
    """Write rows in the order in which their tables were first named: what is referred to comes first."""
    found: dict[tuple[str, Any], list[tuple[Any, ...]]] = defaultdict(list)
    for table, row in rows:
        found[table].append(row)
    async with databases.connected(url) as connection:
        for (name, known), records in found.items():
            await connection.copy_records_to_table(name, records=records, columns=known)
