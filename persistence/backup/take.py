"""Takes a backup while the service writes: one moment of the data, and the keys that it needs."""

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from sqlalchemy import BigInteger, Boolean, Table, bindparam, select, tuple_

from persistence import migrate
from persistence.backup.file import Summary, Writer
from persistence.drivers import Connection, DialectName
from persistence.statements import Statement
from persistence.store import Store

CHUNK_BYTES: Final = 2_000_000
MOST_ROWS: Final = 5_000
FIRST_ROWS: Final = 200
LONGEST_GAP: Final = 30.0
"""Seconds between the two snapshots. A key is destroyed only a good while after it sealed its last row
(`resealing.GRACE`), so no key can be lost between them."""


class Taken(NamedTuple):
    """What a backup holds."""

    data: Summary
    keys: Summary


async def take(store: Store, to: Path, keys_to: Path) -> Taken:
    """Write the data to one file and the wrapped keys to another; both appear whole or not at all.

    Everything that was committed before the call is in it. The data's moment is taken first: a key is always
    committed before the first row under it.

    Raises:
        FileExistsError: a file is there already; nothing is overwritten.
    """
    if to == keys_to:
        raise ValueError("data and keys are backed up into two files")
    pair, made_at = secrets.token_hex(16), store.clock().isoformat(timespec="seconds")
    masters, loop = store.keys.masters, asyncio.get_running_loop()
    with _appearing(keys_to) as keys_file, _appearing(to) as data_file:
        async with store.driver.read() as data:
            schema, began = await _schema(data), loop.time()
            writer = Writer(data_file, masters, which="data", pair=pair, schema=schema, made_at=made_at)
            async with store.keys.driver.read() as keys:
                schema = await _schema(keys)
                if loop.time() - began > LONGEST_GAP:
                    raise TimeoutError("the databases were too slow to be seen at one moment")
                keys_writer = Writer(keys_file, masters, which="keys", pair=pair, schema=schema, made_at=made_at)
                kept = await _write(keys, store.keys.driver.dialect, "keys", keys_writer)
            return Taken(await _write(data, store.driver.dialect, "data", writer), kept)


async def _schema(connection: Connection) -> str:
    """Return the migrations' revision; as the first statement, this is also what fixes the snapshot's moment."""
    ((revision,),) = await connection.fetch("select version_num from alembic_version", ())
    return str(revision)


async def _write(connection: Connection, dialect: DialectName, which: migrate.Which, writer: Writer) -> Summary:
    for table in migrate.METADATA[which].sorted_tables:
        name, columns = str(table.name), [str(column.name) for column in table.columns]
        writer.table(name)
        async for rows in _pages(connection, dialect, table):
            writer.write(name, columns, rows)
    return writer.end()


async def _pages(connection: Connection, dialect: DialectName, table: Table) -> AsyncGenerator[list[list[Any]]]:
    """Yield a table's rows as the drivers give them, in pages of about `CHUNK_BYTES`, in the order of its key."""
    key = [number for number, column in enumerate(table.columns) if column.primary_key]
    flags = [number for number, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
    limit, last = FIRST_ROWS, list[Any]()
    while True:
        given = {f"after_{number}": value for number, value in zip(key, last, strict=False)}
        compiled = _page(table, bool(last)).on(dialect)
        found = await connection.fetch(compiled.sql, compiled.arguments({**given, "limit": limit}))
        rows = [list(row) for row in found]
        if not rows:
            return
        for row in rows:
            for number in flags:
                row[number] = None if row[number] is None else bool(row[number])
        yield rows
        last = [rows[-1][number] for number in key]
        limit = max(1, min(MOST_ROWS, limit * 2, CHUNK_BYTES // _width(rows)))


@cache
def _page(table: Table, follows: bool) -> Statement:
    statement = select(*table.columns).order_by(*table.primary_key).limit(bindparam("limit", type_=BigInteger))
    if follows:
        numbers = [number for number, column in enumerate(table.columns) if column.primary_key]
        after = tuple_(*(bindparam(f"after_{number}") for number in numbers))
        statement = statement.where(tuple_(*(table.columns[number] for number in numbers)) > after)
    return Statement(statement)


def _width(rows: list[list[Any]]) -> int:
    """Return about how many bytes a row has, never none."""
    total = sum(len(value) if isinstance(value, bytes | str) else 8 for row in rows for value in row)
    return total // len(rows) + 1


@contextmanager
def _appearing(path: Path) -> Generator[BinaryIO]:
    """Open a file that gets its name once it is whole and on disk; only its owner can read it.

    Raises:
        FileExistsError: there is one of that name.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already")
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, path)
        _on_disk(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _on_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
