"""SQLite: WAL, every commit on disk, one writer a process and a few readers."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiosqlite

from persistence.drivers import Connection, DialectName, Row

READERS: Final = 4
PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose acknowledged commits when power fails
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32000",
)


class SqliteConnection:
    """A connection whose every call is one hop to its thread."""

    def __init__(self, raw: aiosqlite.Connection) -> None:
        self._raw = raw

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        """Return all rows."""
        return list(await self._raw.execute_fetchall(sql, arguments))

    async def execute(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it touched."""
        cursor = await self._raw.execute(sql, arguments)
        return cursor.rowcount

    async def later(self, sql: str, arguments: Sequence[Any]) -> None:
        """Run a statement; there are no round trips to save."""
        await self._raw.execute(sql, arguments)

    async def beside(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        """Return all rows."""
        return await self.fetch(sql, arguments)

    async def many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each set of arguments."""
        await self._raw.executemany(sql, arguments)


class SqliteDriver:
    """One file."""

    dialect: DialectName = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = asyncio.Lock()
        self._readers: asyncio.Queue[SqliteConnection] = asyncio.Queue()
        self._all: list[aiosqlite.Connection] = []
        self._writer: SqliteConnection | None = None

    async def open(self) -> None:
        """Open the writer and the readers."""
        self._writer = await self._connect()
        for _ in range(READERS):
            self._readers.put_nowait(await self._connect())

    async def close(self) -> None:
        """Close every connection."""
        for raw in self._all:
            await raw.close()
        self._all.clear()

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Connection]:
        """Take the writer: BEGIN IMMEDIATE … COMMIT, in turn."""
        assert self._writer is not None, "open() comes first"
        async with self._writing:
            try:
                await self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                await self._writer.execute("COMMIT")
            except BaseException:
                await asyncio.shield(self._rollback(self._writer))
                raise

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Connection]:
        """Take a reader: BEGIN … ROLLBACK."""
        reader = await self._readers.get()
        try:
            await reader.execute("BEGIN")  # inside, so that a cancelled BEGIN is rolled back too
            yield reader
        finally:
            try:
                await asyncio.shield(self._rollback(reader))
            finally:  # also when cancelled once more: its rollback stands before anything else on its thread
                self._readers.put_nowait(reader)

    @asynccontextmanager
    async def look(self) -> AsyncGenerator[Connection]:
        """Take a reader; a statement alone is its own transaction."""
        reader = await self._readers.get()
        try:
            yield reader
        finally:
            self._readers.put_nowait(reader)

    @asynccontextmanager
    async def alone(self, work: str) -> AsyncGenerator[None]:
        """Lock a file beside the database; the system frees it when the process dies."""
        descriptor = os.open(self._path.with_name(f"{self._path.name}.{work}"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(descriptor)

    async def _connect(self) -> SqliteConnection:
        raw = await aiosqlite.connect(self._path, isolation_level=None, cached_statements=512)
        self._all.append(raw)
        connection = SqliteConnection(raw)
        for pragma in PRAGMAS:
            await connection.execute(pragma)
        return connection

    @staticmethod
    async def _rollback(connection: SqliteConnection) -> None:
        try:
            await connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if "no transaction" not in str(error):
                raise
