"""PostgreSQL on asyncpg itself: prepared statements, no reset between uses."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import lru_cache
from typing import Any, Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from persistence.drivers import Connection, DialectName, Row

POOL: Final = 16
MOST_ARGUMENTS: Final = 2_000
"""Of statements that are written together; PostgreSQL takes 32,767, and takes ever longer to read such a text."""
PLACE: Final = re.compile(r"\$(\d+)")
LOOKING: Final = 4
"""How many read at once: beyond a few, the server's processes push each other's plans out of its cores' caches."""
WAIT_SECONDS: Final = 5.0


class PostgresConnection:
    """A connection inside a transaction, or for single statements."""

    __slots__ = ("_put_off", "_raw", "_to_begin", "_waiting")

    def __init__(
        self, raw: "PoolConnectionProxy[Any] | asyncpg.Connection[Any]", to_begin: AsyncExitStack | None = None
    ) -> None:
        """`to_begin`: where a transaction is kept open, once there is more than one statement."""
        self._raw = raw
        self._to_begin = to_begin
        self._waiting: list[tuple[str, Sequence[Any]]] = []
        self._put_off = 0
        """The arguments of what waits, or more: counted anew when there are too many."""

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        """Return all rows."""
        await self._ready()
        return await self._raw.fetch(sql, *arguments)

    async def execute(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it touched."""
        await self._ready()
        tag = await self._raw.execute(sql, *arguments)
        last = tag.rpartition(" ")[2]
        return int(last) if last.isdigit() else 0

    async def many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each set of arguments, in one round trip."""
        await self._ready()
        await self._raw.executemany(sql, arguments)

    async def later(self, sql: str, arguments: Sequence[Any]) -> None:
        """Put a writing statement off; it must not rest on what another that is put off writes."""
        self._put_off += len(arguments)
        if self._put_off > MOST_ARGUMENTS:
            await self._ready()
            self._put_off = len(arguments)
        self._waiting.append((sql, arguments))

    async def beside(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        """Return the rows of a `with` query, and write what was put off in the same statement."""
        await self._begun()
        waiting, self._waiting = self._waiting, []
        text, given = _combined([*waiting, (sql, arguments)])
        return await self._raw.fetch(text, *given)

    async def _ready(self) -> None:
        await self._begun()
        await self.flush()

    async def _begun(self) -> None:
        if self._to_begin is not None:
            stack, self._to_begin = self._to_begin, None
            await stack.enter_async_context(self._raw.transaction())

    async def flush(self) -> None:
        """Write what was put off; if that is all there is, the one statement is its own transaction."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            text, given = _combined(waiting)
            await self._raw.execute(text, *given)


def _combined(statements: Sequence[tuple[str, Sequence[Any]]]) -> tuple[str, list[Any]]:
    """Return statements as one, the last as the main one; each sees the database as it was before all of them."""
    parts: list[str] = []
    given: list[Any] = []
    for sql, arguments in statements:
        parts.append(_moved(sql, len(given)))
        given += arguments
    *others, main = parts
    if not others:
        return main, given
    written = ", ".join(f"w{number} as ({sql})" for number, sql in enumerate(others))
    return f"with {written}{', ' + main.removeprefix('with ') if main.startswith('with ') else ' ' + main}", given


@lru_cache(maxsize=1024)
def _moved(sql: str, by: int) -> str:
    """Return a statement whose arguments stand behind others."""
    return PLACE.sub(lambda found: f"${int(found[1]) + by}", sql) if by else sql


class Lookers:
    """The connections that single statements take in turn; they stay out of the pool, whose every release is a task."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool
        self._turn = asyncio.Semaphore(LOOKING)
        self._idle: list[PoolConnectionProxy[Any]] = []

    async def take(self) -> "PoolConnectionProxy[Any]":
        """Wait for one's turn and return a connection."""
        await self._turn.acquire()
        try:
            while self._idle:
                raw = self._idle.pop()
                if not raw.is_closed():
                    return raw
                await self._pool.release(raw)
            return await self._pool.acquire(timeout=WAIT_SECONDS)
        except BaseException:
            self._turn.release()
            raise

    async def give(self, raw: "PoolConnectionProxy[Any]", *, well: bool) -> None:
        """Take a connection back; one that isn't well is the pool's to repair."""
        try:
            if well:
                self._idle.append(raw)
            else:
                await self._pool.release(raw)
        finally:
            self._turn.release()

    async def close(self) -> None:
        """Give all back to the pool."""
        while self._idle:
            await self._pool.release(self._idle.pop())


class Look:
    """A connection for single statements; no generator, since every read passes here."""

    __slots__ = ("_lookers", "_raw")

    def __init__(self, lookers: Lookers) -> None:
        self._lookers = lookers

    async def __aenter__(self) -> PostgresConnection:
        self._raw = await self._lookers.take()
        return PostgresConnection(self._raw)

    async def __aexit__(self, kind: object, *_: object) -> None:
        await self._lookers.give(self._raw, well=kind is None)


class PostgresDriver:
    """One database; the pool is shared by writers and readers."""

    dialect: DialectName = "postgresql"

    def __init__(self, url: str, size: int = POOL) -> None:
        self._url = url
        self._size = size
        self._open: asyncpg.Pool[Any] | None = None
        self._lookers: Lookers | None = None

    async def open(self) -> None:
        """Connect the pool."""
        self._open = await asyncpg.create_pool(
            self._url,
            min_size=LOOKING,
            max_size=self._size,
            statement_cache_size=1024,
            max_cached_statement_lifetime=0,
            reset=_nothing,  # a RESET would be a second round trip; nothing here changes a session's state
            server_settings={"timezone": "UTC", "jit": "off"},
            command_timeout=30,
            timeout=5,
        )
        self._lookers = Lookers(self._open)

    async def close(self) -> None:
        """Close the pool."""
        if self._lookers is not None:
            await self._lookers.close()
        if self._open is not None:
            await self._open.close()

    @property
    def _pool(self) -> "asyncpg.Pool[Any]":
        assert self._open is not None, "open() comes first"
        return self._open

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Connection]:
        """Begin … COMMIT at READ COMMITTED: claims are single statements and unique constraints."""
        async with self._pool.acquire(timeout=WAIT_SECONDS) as raw, AsyncExitStack() as stack:
            connection = PostgresConnection(raw, stack)
            yield connection
            await connection.flush()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Connection]:
        """Begin a read-only snapshot (REPEATABLE READ)."""
        async with (
            self._pool.acquire(timeout=WAIT_SECONDS) as raw,
            raw.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield PostgresConnection(raw)

    def look(self) -> Look:
        """Take a connection; a statement alone is its own transaction."""
        assert self._lookers is not None, "open() comes first"
        return Look(self._lookers)

    @asynccontextmanager
    async def apart(self, silence: float) -> AsyncGenerator[Connection]:
        """Open a connection of its own for single statements; the server ends it after `silence` seconds without."""
        mute = {"idle_session_timeout": str(round(silence * 1000)), "jit": "off"}
        raw = await asyncpg.connect(self._url, timeout=5, command_timeout=5, server_settings=mute)
        try:
            yield PostgresConnection(raw)
        finally:
            await raw.close(timeout=5)

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


async def _nothing(connection: "asyncpg.Connection[Any]") -> None:
    """Stand in for asyncpg's RESET."""
