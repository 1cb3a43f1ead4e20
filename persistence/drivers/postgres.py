"""PostgreSQL on asyncpg itself: prepared statements, no reset between uses."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from persistence.drivers import Connection, DialectName, Row

POOL: Final = 16


class PostgresConnection:
    """A pooled connection inside a transaction."""

    def __init__(self, raw: "asyncpg.pool.PoolConnectionProxy[Any]") -> None:
        self._raw = raw

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        """Return all rows."""
        return await self._raw.fetch(sql, *arguments)

    async def execute(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it touched."""
        tag = await self._raw.execute(sql, *arguments)
        last = tag.rpartition(" ")[2]
        return int(last) if last.isdigit() else 0

    async def many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each set of arguments, in one round trip."""
        await self._raw.executemany(sql, arguments)


class PostgresDriver:
    """One database; the pool is shared by writers and readers."""

    dialect: DialectName = "postgresql"

    def __init__(self, url: str, size: int = POOL) -> None:
        self._url = url
        self._size = size
        self._pool: asyncpg.Pool[Any] | None = None

    async def open(self) -> None:
        """Connect the pool."""
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=1,
            max_size=self._size,
            statement_cache_size=1024,
            max_cached_statement_lifetime=0,
            reset=_nothing,  # a RESET would be a second round trip; nothing here changes a session's state
            server_settings={"timezone": "UTC", "jit": "off"},
            command_timeout=30,
            timeout=5,
        )

    async def close(self) -> None:
        """Close the pool."""
        if self._pool is not None:
            await self._pool.close()

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Connection]:
        """Begin … COMMIT at READ COMMITTED: claims are single statements and unique constraints."""
        async with self._taken() as raw, raw.transaction():
            yield PostgresConnection(raw)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Connection]:
        """Begin a read-only snapshot (REPEATABLE READ)."""
        async with self._taken() as raw, raw.transaction(isolation="repeatable_read", readonly=True):
            yield PostgresConnection(raw)

    @asynccontextmanager
    async def alone(self, work: str) -> AsyncGenerator[None]:
        """Hold an advisory lock on a connection of its own; the server frees it when the connection ends."""
        raw = await asyncpg.connect(self._url, timeout=5)
        try:
            if not await raw.fetchval("select pg_try_advisory_lock(hashtext($1))", f"medkabinet.{work}"):
                raise BlockingIOError(f"{work} is under way elsewhere")
            yield
        finally:
            await raw.close(timeout=5)

    @asynccontextmanager
    async def _taken(self) -> "AsyncGenerator[asyncpg.pool.PoolConnectionProxy[Any]]":
        assert self._pool is not None, "open() comes first"
        async with self._pool.acquire(timeout=5) as raw:
            yield raw


async def _nothing(connection: "asyncpg.Connection[Any]") -> None:
    """Stand in for asyncpg's RESET."""
