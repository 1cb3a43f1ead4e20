"""What the commands of `server/backups.py` do."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from actions import erasing
from persistence import backup as backups
from persistence import rotation
from persistence.masters import make_master_key
from persistence.resealing import GRACE, Resealed
from persistence.resealing import Progress as Tell
from persistence.resealing import reseal as reseal_store
from persistence.store import utc_now
from server.settings import Settings, driver_of
from server.wiring import masters_of, migrated, opened

ADDED_LATE: Final = 15.0
"""Seconds after which no server can still be writing a key that it wrapped under the old master key."""


async def backup(to: Path, keys_to: Path) -> str:
    """Back up both databases of the environment's settings; return what was done."""
    async with opened(Settings.of_environment()) as store:
        taken = await backups.take(store, to, keys_to)
    return f"{sum(taken.data.rows.values())} rows in {to}, {sum(taken.keys.rows.values())} keys in {keys_to}"


async def restore(data: Path, keys: Path) -> str:
    """Restore into the databases of the environment's settings; return what was done and how fast."""
    settings = Settings.of_environment()
    done = await backups.restore(
        backups.Place("data", settings.database_url, driver_of(settings.database_url), data),
        backups.Place("keys", settings.wrapped_keys_url, driver_of(settings.wrapped_keys_url), keys),
        masters_of(settings),
    )
    await migrated(settings)  # the service's own user gets its rights on the new tables
    await replay_erasures()
    rows, megabytes = sum(done.data.rows.values()), done.bytes / 1e6
    speed = f"{megabytes:.1f} MB in {done.seconds:.1f} s, {done.bytes / done.seconds:.0f} bytes/s"
    return f"{rows} rows restored, checked before and counted after: {speed}"


async def replay_erasures() -> int:
    """Erase again what the list of erasures names; return how many people."""
    settings = Settings.of_environment()
    if settings.erased is None or not settings.erased.exists():
        return 0
    async with opened(settings) as store:
        return await erasing.replay(store, settings.erased)


async def rotate_master(name: str | None, settle: float = ADDED_LATE) -> str:
    """Make a new master key the current one and wrap every key under it; return which master keys are in use.

    Raises:
        ValueError: the master keys don't come from a file.
    """
    settings = Settings.of_environment()
    file, name = settings.master_keys_file, name or utc_now().strftime("%Y-%m-%d")
    if file is None:
        raise ValueError("servers learn a new master key from a file: set MEDKABINET_MASTER_KEYS_FILE")
    async with opened(settings) as store:
        if store.keys.masters.current != name:
            make_master_key(file, name)
        done = await rotation.rewrap(store.keys)
        await asyncio.sleep(settle)
        done += await rotation.rewrap(store.keys)
        used = await rotation.masters_in_use(store.keys)
    return f"{done} keys wrapped anew; in use: " + ", ".join(f"{key} ({count} keys)" for key, count in used.items())


async def reseal(grace: float | None = None) -> Resealed:
    """Seal everything anew, telling how far it is."""
    async with opened(Settings.of_environment()) as store:
        with _bar() as tell:
            return await reseal_store(store, tell, GRACE if grace is None else grace)


@contextmanager
def _bar() -> Generator[Tell]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("sealing anew", total=None)

        def tell(*, total: int | None = None, done: int = 0) -> None:
            if total is not None:
                progress.update(task, total=total)
            progress.advance(task, done)

        yield tell
