"""Store.begin() → Transaction, Store.snapshot() → Snapshot: all that the actions see of a database."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from sqlalchemy import bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from domain.audit import AuditEntry
from domain.events import Event
from persistence import audit, events
from persistence.columns import Owned, Sealed, SealedRow
from persistence.drivers import Connection, DialectName, Driver
from persistence.ids import IDS_AHEAD, LOW_WATER, Ids
from persistence.sealing import KeyRing, owner_of
from persistence.statements import Record, Statement

Clock = Callable[[], datetime]
Committed = Callable[["Transaction"], None]

B = TypeVar("B", bound=Sealed)

_INSERTS: Final[dict[type[SQLModel], Statement]] = {}
_CLAIMS: Final[dict[type[SQLModel], Statement]] = {}
_UPDATES: Final[dict[type[SQLModel], Statement]] = {}


def utc_now() -> datetime:
    """Return the present; the one place where the system's clock is read."""
    return datetime.now(UTC)


class Snapshot:
    """One moment of the database, read only."""

    def __init__(self, connection: Connection, dialect: DialectName, keys: KeyRing, now: datetime) -> None:
        self.connection = connection
        self.dialect = dialect
        self.keys = keys
        self.now = now
        """The one clock of what is done in here, UTC."""

    async def all(self, statement: Statement, **arguments: Any) -> list[Record]:
        """Return all rows."""
        compiled = statement.on(self.dialect)
        return compiled.records(await self.connection.fetch(compiled.sql, compiled.arguments(arguments)))

    async def one(self, statement: Statement, **arguments: Any) -> Record | None:
        """Return the first row, if any."""
        rows = await self.all(statement, **arguments)
        return rows[0] if rows else None

    async def value(self, statement: Statement, **arguments: Any) -> Any:
        """Return the first column of the first row, or None."""
        compiled = statement.on(self.dialect)
        rows = await self.connection.fetch(compiled.sql, compiled.arguments(arguments))
        return rows[0][0] if rows else None

    async def opened(self, table: type[SQLModel], body: type[B], record: Record) -> B:
        """Return the sealed body of a record that carries id, key_id, version and body (and patient_id)."""
        owner = owner_of(table, record)
        key = await self.keys.key(owner, record.key_id)
        return key.open(table, owner, record.id, record.version, record.body, body)


class Transaction(Snapshot):
    """A transaction: what it emits and records is written with it or not at all."""

    def __init__(self, connection: Connection, dialect: DialectName, keys: KeyRing, now: datetime, ids: Ids) -> None:
        super().__init__(connection, dialect, keys, now)
        self._ids = ids
        self.events: list[Event] = []
        self.entries: list[AuditEntry] = []
        self.as_of = ""
        """The cursor after the commit: what this transaction changed lies before it."""

    def new_id(self) -> int:
        """Return an id that no other row of any table has."""
        return self._ids.take()

    def emit(self, event: Event) -> None:
        """Say what has happened."""
        self.events.append(event)

    def audit(self, entry: AuditEntry) -> None:
        """Record what was done."""
        self.entries.append(entry)

    async def execute(self, statement: Statement, **arguments: Any) -> int:
        """Run a statement; return how many rows it touched."""
        compiled = statement.on(self.dialect)
        return await self.connection.execute(compiled.sql, compiled.arguments(arguments))

    async def insert(self, row: SQLModel, body: Sealed | None = None) -> None:
        """Add a row, its body sealed under the newest key of its owner."""
        await self.insert_all([(row, body)])

    async def insert_all(self, rows: Sequence[tuple[SQLModel, Sealed | None]]) -> None:
        """Add rows of one table in one round trip."""
        if not rows:
            return
        table = type(rows[0][0])
        compiled = _insert(table).on(self.dialect)
        sealed = [await self._sealed(row, body) for row, body in rows]
        await self.connection.many(compiled.sql, [compiled.arguments(values) for values in sealed])

    async def claim(self, row: SQLModel, body: Sealed | None = None) -> bool:
        """Add a row unless a unique constraint says that it is there; waits for one who is just adding it."""
        compiled = _claim(type(row)).on(self.dialect)
        return await self.connection.execute(compiled.sql, compiled.arguments(await self._sealed(row, body))) == 1

    async def reseal(self, row: SQLModel, body: Sealed) -> bool:
        """Write a row's new version; False if someone else did since it was read (`row.version`)."""
        was = row.version  # type: ignore[attr-defined]
        row.version = was + 1
        values = await self._sealed(row, body)
        return await self.execute(_update(type(row)), was=was, **{f"new_{k}": v for k, v in values.items()}) == 1

    async def _sealed(self, row: SQLModel, body: Sealed | None) -> dict[str, Any]:
        table = type(row)
        values = {name: getattr(row, name) for name in table.model_fields}
        if body is not None and isinstance(row, Owned | SealedRow):
            owner = owner_of(table, row)
            key = await self.keys.newest(owner)
            values["key_id"] = key.number
            values["body"] = key.seal(table, owner, row.id, row.version, body)
        return values


def _insert(table: type[SQLModel]) -> Statement:
    if table not in _INSERTS:
        _INSERTS[table] = Statement(insert(table).values({name: bindparam(name) for name in table.model_fields}))
    return _INSERTS[table]


def _claim(table: type[SQLModel]) -> Statement:
    if table not in _CLAIMS:
        values: dict[str, Any] = {name: bindparam(name) for name in table.model_fields}

        def build(dialect: DialectName) -> Any:
            maker = postgresql if dialect == "postgresql" else sqlite
            return maker.insert(table).values(values).on_conflict_do_nothing()

        _CLAIMS[table] = Statement(build)
    return _CLAIMS[table]


def _update(table: type[SQLModel]) -> Statement:
    if table not in _UPDATES:
        columns = table.__table__.c  # type: ignore[attr-defined]
        keys = [column.name for column in table.__table__.primary_key]  # type: ignore[attr-defined]
        statement = update(table).values({n: bindparam(f"new_{n}") for n in table.model_fields if n not in keys})
        for name in keys:
            statement = statement.where(columns[name] == bindparam(f"new_{name}"))
        _UPDATES[table] = Statement(statement.where(columns["version"] == bindparam("was")))
    return _UPDATES[table]


class Store:
    """A database with its keys, its ids and its clock."""

    def __init__(self, driver: Driver, keys: KeyRing, clock: Clock = utc_now) -> None:
        self.driver = driver
        self.keys = keys
        self.clock = clock
        self._ids = Ids()
        self._refilling = asyncio.Lock()
        self.committed: list[Committed] = []
        """Called after each commit that emitted something; must not block."""

    async def open(self) -> None:
        """Connect to the data and to the keys."""
        await self.driver.open()
        await self.keys.open()

    async def close(self) -> None:
        """Let go of both."""
        await self.driver.close()
        await self.keys.close()

    @asynccontextmanager
    async def begin(
        self, *, ids: int = IDS_AHEAD, auditor: "audit.Origin | None" = None
    ) -> AsyncGenerator[Transaction]:
        """Open a transaction; `ids` says how many new ids it may need, `auditor` who acts."""
        await self._refill(ids)
        async with self.driver.write() as connection:
            tx = Transaction(connection, self.driver.dialect, self.keys, self.clock(), self._ids)
            yield tx
            await audit.write(tx, tx.entries, auditor)
            tx.as_of = await events.write(tx, tx.events)
        if tx.events:
            for hook in self.committed:
                hook(tx)

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Snapshot]:
        """Open a snapshot."""
        async with self.driver.read() as connection:
            yield Snapshot(connection, self.driver.dialect, self.keys, self.clock())

    async def _refill(self, wanted: int) -> None:
        async with self._refilling:
            if self._ids.left < wanted + LOW_WATER:
                async with self.driver.write() as connection:
                    block = await self._ids.reserve(connection, self.driver.dialect, wanted)
                self._ids.use(block)  # after the commit: a block that was rolled back would be given out twice
