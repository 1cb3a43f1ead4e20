"""Restores a backup: all of it is read and checked before the first row is written, and counted afterwards."""

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from persistence import migrate
from persistence.backup.file import BackupDamaged, Chunk, Header, Reader, Summary
from persistence.drivers import Connection, DialectName, Driver
from persistence.masters import MasterKeys
from persistence.migrate import SchemaMismatch

SEEDED: Final = frozenset({"counter", "request_move"})
"""What migrations themselves put rows into; a restore puts the backup's in their place."""
_NUMBER_EVENTS: Final = (
    "update event set position = numbered.position from (select id, row_number() over (order by id) + "
    "(select value from counter where name = 'positions') as position from event where position is null) as numbered "
    "where event.id = numbered.id",
    "update counter set value = max(value, (select coalesce(max(position), 0) from event)) where name = 'positions'",
)
"""On SQLite the writer numbers events itself; those that PostgreSQL's sequencer had not come to are numbered here."""


class TargetNotEmpty(Exception):
    """A restore needs an empty place, or databases that were just migrated."""


class Restored(NamedTuple):
    """What was restored, from how many bytes, in how many seconds (checking included)."""

    data: Summary
    keys: Summary
    bytes: int
    seconds: float


class Place(NamedTuple):
    """One database to restore into, and the file to restore from."""

    which: migrate.Which
    url: str
    driver: Driver
    file: Path


class _Checked(NamedTuple):
    """A file that was read to its end and found whole."""

    header: Header
    summary: Summary


async def restore(data: Place, keys: Place, masters: MasterKeys) -> Restored:
    """Put a backup into an empty place; what goes wrong leaves no row there.

    Raises:
        BackupDamaged: a file is damaged, cut off, no backup, or the two don't belong together.
        MasterKeyMissing: the master key that opens it isn't at hand.
        SchemaMismatch: the backup is of a newer program, or the place has another schema than it.
        TargetNotEmpty: there is something in the place.
    """
    began = time.monotonic()
    checked = {place.which: check(place.file, place.which, masters) for place in (data, keys)}
    if checked["data"].header.pair != checked["keys"].header.pair:
        raise BackupDamaged("the data and the keys are of two different backups")
    for place in (data, keys):
        await _refuse_used(place, checked[place.which].header.schema)
    for place in (data, keys):
        await migrate.upgrade(place.url, place.which, checked[place.which].header.schema)
    async with AsyncExitStack() as stack:  # left from its end: the keys are committed before what they seal
        for place in (data, keys):
            connection = await stack.enter_async_context(_writing(place.driver))
            await _load(connection, place, masters, checked[place.which].summary)
    for place in (data, keys):
        await migrate.upgrade(place.url, place.which)
    size = data.file.stat().st_size + keys.file.stat().st_size
    return Restored(checked["data"].summary, checked["keys"].summary, size, time.monotonic() - began)


def check(file: Path, which: migrate.Which, masters: MasterKeys) -> _Checked:
    """Read a whole backup file and return what it holds; touches no database.

    Raises:
        BackupDamaged: it isn't whole, or is of the other kind.
        MasterKeyMissing: the master key that opens it isn't at hand.
        SchemaMismatch: a newer program made it.
    """
    with file.open("rb") as opened:
        reader = Reader(opened, masters)
        if reader.header.which != which:
            raise BackupDamaged(f"{file.name} is a backup of the {reader.header.which}, not of the {which}")
        checked = _Checked(reader.header, reader.verified())
    if not migrate.knows(which, checked.header.schema):
        raise SchemaMismatch(f"the backup's {which} schema {checked.header.schema} is newer than this program")
    return checked


async def _refuse_used(place: Place, schema: str) -> None:
    """Check that a place is empty, or has the backup's schema and no row."""
    have = await migrate.refuse_newer(place.url, place.which)
    if have is None:
        if await migrate.tables(place.url):
            raise TargetNotEmpty(f"the {place.which} database holds other tables")
        return
    if have != schema:
        raise SchemaMismatch(f"the backup's {place.which} schema is {schema}, the place's {have}: empty the place")
    await place.driver.open()
    try:
        async with place.driver.read() as connection:
            await _require_empty(connection, place)
    finally:
        await place.driver.close()


async def _require_empty(connection: Connection, place: Place) -> list[str]:
    """Return the place's tables.

    Raises:
        TargetNotEmpty: one has a row.
    """
    tables = [table for table in await migrate.tables(place.url) if table != "alembic_version"]
    for table in set(tables) - SEEDED:
        if await connection.fetch(f"select 1 from {_quoted(table)} limit 1", ()):
            raise TargetNotEmpty(f"the {place.which} database isn't empty: {table} has rows")
    return tables


async def _load(connection: Connection, place: Place, masters: MasterKeys, expected: Summary) -> None:
    tables = await _require_empty(connection, place)
    if set(expected.rows) != set(tables):
        raise BackupDamaged(f"the backup's {place.which} tables aren't those of its schema")
    for table in SEEDED & set(tables):
        await connection.execute(f"delete from {_quoted(table)}", ())
    with place.file.open("rb") as opened:
        for table, chunk in Reader(opened, masters).chunks():
            await connection.many(_insert(place.driver.dialect, table, chunk), chunk.rows)
    for table, count in expected.rows.items():
        ((found,),) = await connection.fetch(f"select count(*) from {_quoted(table)}", ())
        if found != count:
            raise BackupDamaged(f"{table} has {found} rows after the restore, the backup {count}")
    if "counter" in tables:  # its numbers of transactions are another place's: every entry is looked at anew
        await connection.execute("delete from counter where name = 'audit_mark'", ())
    if place.driver.dialect == "sqlite" and "event" in tables:
        for statement in _NUMBER_EVENTS:
            await connection.execute(statement, ())


def _insert(dialect: DialectName, table: str, chunk: Chunk) -> str:
    columns = ", ".join(_quoted(column) for column in chunk.columns)
    marks = ", ".join("?" if dialect == "sqlite" else f"${n + 1}" for n in range(len(chunk.columns)))
    return f"insert into {_quoted(table)} ({columns}) values ({marks})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@asynccontextmanager
async def _writing(driver: Driver) -> AsyncGenerator[Connection]:
    await driver.open()
    try:
        async with driver.write() as connection:
            yield connection
    finally:
        await driver.close()
