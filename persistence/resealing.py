"""Sealing the data anew while servers write: every body under its owner's newest key, then the old keys destroyed.

A body keeps its `version`: that counts what the body says, and `key_id` says under which key it stands. So a change
that a server makes at the same moment is neither lost (the update here asks for the version *and* the key that were
read) nor refused (the server's asks for the version, which hasn't moved).

On PostgreSQL this runs as the databases' owner, as migrations do: the service's own user may not change the audit log.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import asyncpg
from sqlalchemy import bindparam, func, select, tuple_, update
from sqlmodel import SQLModel

from persistence import rotation
from persistence.sealing import CACHED_SECONDS, Owner, owner_of, place
from persistence.statements import Record, Statement
from persistence.store import Store
from persistence.tables import sealed_tables
from security.cipher import SealBroken, seal, unseal

PAGE: Final = 100
GRACE: Final = 2 * CACHED_SECONDS
"""Servers may seal under the key that they know for `CACHED_SECONDS`; the rest is for transactions under way."""


class Progress(Protocol):
    """What is told of the work: how many rows there are, and how many were looked at."""

    def __call__(self, *, total: int | None = None, done: int = 0) -> None:
        """Tell."""
        ...


@dataclass(slots=True)
class Resealed:
    """What came of it."""

    renewed: int = 0
    """Owners that got a new key."""
    moved: int = 0
    """Bodies that were sealed anew."""
    destroyed: int = 0
    """Old keys that seal nothing any more."""
    broken: list[tuple[str, int, Owner, int]] = field(default_factory=list)
    """Table, row, owner and key of bodies that don't open; they and their keys are left as they are."""


class _Statements:
    """How one table's bodies are read in pages and written back."""

    def __init__(self, table: type[SQLModel]) -> None:
        self.table = table
        columns = table.__table__.c  # type: ignore[attr-defined]
        self.key = [column.name for column in table.__table__.primary_key]  # type: ignore[attr-defined]
        owned = getattr(table, "__owner_column__", None)
        names = dict.fromkeys([*self.key, *([owned] if owned else []), "key_id", "version", "body"])
        keys = tuple_(*(columns[name] for name in self.key))
        after = tuple_(*(bindparam(f"after_{name}") for name in self.key))
        self.page = Statement(
            select(*(columns[name] for name in names)).where(keys > after).order_by(*keys).limit(PAGE)
        )
        write = update(table).values(key_id=bindparam("new_key_id"), body=bindparam("new_body"))
        for name in (*self.key, "key_id", "version"):
            write = write.where(columns[name] == bindparam(f"was_{name}"))
        self.write = Statement(write)
        self.count = Statement(select(func.count()).select_from(table))


async def reseal(store: Store, tell: Progress | None = None, grace: float = GRACE) -> Resealed:
    """Seal everything under new keys; goes on where a run that was killed has stopped.

    `grace` (seconds) must be longer than servers keep keys; 0 is right only where none runs.

    Raises:
        BlockingIOError: another run is under way.
    """
    done = Resealed()
    async with store.keys.driver.alone("reseal"):
        done.renewed = await rotation.renew_all(store.keys)
        await sweep(store, done, tell)
        while True:
            await asyncio.sleep(grace)
            if not await sweep(store, done, None):
                break
        kept = {(owner, number) for _, _, owner, number in done.broken}
        done.destroyed = await rotation.destroy_old(store.keys, kept)
    return done


async def sweep(store: Store, done: Resealed, tell: Progress | None) -> int:
    """Move every body that isn't under its owner's newest key; return how many were found that weren't."""
    store.keys.forget()  # old keys are destroyed if this finds nothing, so it must know the newest
    tables = [_Statements(table) for table in sealed_tables()]
    if tell:
        tell(total=sum([await _count(store, table) for table in tables]))
    done.broken.clear()
    moved = 0
    for table in tables:
        async for page in _pages(store, table):
            moved += await _page(store, table, page, done)
            if tell:
                tell(done=len(page))
    done.moved += moved
    return moved


async def _count(store: Store, table: _Statements) -> int:
    async with store.snapshot() as snapshot:
        return int(await snapshot.value(table.count))


async def _pages(store: Store, table: _Statements) -> AsyncGenerator[list[Record]]:
    """Yield a table in the order of its key; each page is a read of its own, so that no snapshot is held for hours."""
    last = [-1] * len(table.key)
    while True:
        async with store.snapshot() as snapshot:
            given = {f"after_{name}": value for name, value in zip(table.key, last, strict=True)}
            page = await snapshot.all(table.page, **given)
        if not page:
            return
        yield page
        last = [getattr(page[-1], name) for name in table.key]


async def _page(store: Store, table: _Statements, page: Sequence[Record], done: Resealed) -> int:
    changes = [change for row in page if (change := await _change(store, table, row, done))]
    if changes:
        began = asyncio.get_running_loop().time()
        await _write(store, table, changes)
        # Servers wait for the writer by looking now and then: leave them as much time as was taken.
        await asyncio.sleep(max(0.002, asyncio.get_running_loop().time() - began))
    return len(changes)


async def _change(store: Store, table: _Statements, row: Record, done: Resealed) -> dict[str, Any] | None:
    """Return a row's body under its owner's newest key; None if it stands under it, has none, or doesn't open."""
    if not row.key_id:
        return None
    owner = owner_of(table.table, row)
    bound = place(table.table, owner, row.id, row.version)
    try:
        old = await store.keys.key(owner, row.key_id)
        newest = await store.keys.newest(owner)
        if newest.number == row.key_id:
            return None
        body = seal(newest.aes, unseal(old.aes, row.body, bound), bound)
    except SealBroken:
        done.broken.append((str(table.table.__tablename__), row.id, owner, row.key_id))
        return None
    was = {f"was_{name}": getattr(row, name) for name in (*table.key, "key_id", "version")}
    return {"new_key_id": newest.number, "new_body": body, **was}


async def _write(store: Store, table: _Statements, changes: Sequence[dict[str, Any]]) -> None:
    """Write a page in one transaction; on PostgreSQL it gives way to a server that holds one of the rows."""
    compiled = table.write.on(store.driver.dialect)
    try:
        async with store.driver.write() as connection:
            if store.driver.dialect == "postgresql":
                await connection.execute("set local lock_timeout = '100ms'", ())  # a deadlock is looked for after 1 s
            await connection.many(compiled.sql, [compiled.arguments(change) for change in changes])
    except asyncpg.LockNotAvailableError:
        return  # the next sweep finds them
