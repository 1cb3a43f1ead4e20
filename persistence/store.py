"""Store.begin() → Transaction, Store.snapshot() → Snapshot: all that the actions see of a database."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import bindparam, insert, update
from sqlmodel import SQLModel

from domain.audit import AuditEntry
from domain.events import Event
from persistence import audit, events
from persistence.columns import Owned, Sealed, SealedRow, argument
from persistence.drivers import Connection, DialectName, Driver
from persistence.ids import IDS_AHEAD, LOW_WATER, Ids
from persistence.sealing import KeyRing, owner_of
from persistence.statements import DIALECTS, Record, Statement, insert_new
from persistence.together import together

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

    async def together(
        self, statements: Sequence[Statement], given: Mapping[str, Any], *, beside: bool = False
    ) -> list[list[Record]]:
        """Return the rows of several statements, read in one round trip.

        `beside`: they needn't see what a transaction has put off writing, which may so come with them.
        """
        rows = await together(self.dialect, *statements).rows(self.connection, given, beside=beside)
        return [statement.on(self.dialect).records(part) for statement, part in zip(statements, rows, strict=True)]

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
        self.auditor: audit.Origin | None = None
        """Who acts, for the entries."""
        self.grounds: dict[int, str] = {}
        """By patient, on what ground the checks of this transaction let the actor through."""
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
        if rows:
            table = type(rows[0][0])
            await self.insert_values(table, [await self._sealed(row, body) for row, body in rows])

    async def insert_values(self, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows whose bodies are sealed already; written before the next read, or with the commit."""
        if self.dialect == "postgresql" and len(rows) > 1:
            columns = [[argument(row[name]) for row in rows] for name in table.model_fields]
            await self.connection.later(_insert_arrays(table), columns)
        elif self.dialect == "postgresql":
            for row in rows:
                await self.later(_insert(table), **row)
        elif rows:
            compiled = _insert(table).on(self.dialect)
            await self.connection.many(compiled.sql, [compiled.arguments(values) for values in rows])

    async def later(self, statement: Statement, **arguments: Any) -> None:
        """Run a writing statement before the next read, or with the commit; nobody asks how many rows it touched."""
        compiled = statement.on(self.dialect)
        await self.connection.later(compiled.sql, compiled.arguments(arguments))

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


@cache
def _insert_arrays(table: type[SQLModel]) -> str:
    """Return the insert of many rows at once, an array a column (PostgreSQL)."""
    columns = table.__table__.c  # type: ignore[attr-defined]
    kinds = [columns[name].type.compile(DIALECTS["postgresql"]).partition("(")[0] for name in table.model_fields]
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(kinds, 1))
    return f"insert into {table.__tablename__} ({', '.join(table.model_fields)}) select * from unnest({arrays})"


def _claim(table: type[SQLModel]) -> Statement:
    if table not in _CLAIMS:
        values: dict[str, Any] = {name: bindparam(name) for name in table.model_fields}
        _CLAIMS[table] = Statement(lambda dialect: insert_new(dialect, table).values(values))
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
            tx.auditor = auditor
            yield tx
            await audit.write(tx, tx.entries, tx.auditor)
            tx.as_of = await events.write(tx, tx.events)
        if tx.events:
            for hook in self.committed:
                hook(tx)

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Snapshot]:
        """Open a snapshot."""
        async with self.driver.read() as connection:
            yield Snapshot(connection, self.driver.dialect, self.keys, self.clock())

    def moment(self) -> "Moment":
        """Open a snapshot for one statement: a second one in it sees a later moment."""
        return Moment(self)

    async def _refill(self, wanted: int) -> None:
        async with self._refilling:
            if self._ids.left < wanted + LOW_WATER:
                async with self.driver.write() as connection:
                    block = await self._ids.reserve(connection, self.driver.dialect, wanted)
                self._ids.use(block)  # after the commit: a block that was rolled back would be given out twice


class Moment:
    """A snapshot for one statement at a time; no generator, since every read passes here."""

    __slots__ = ("_looking", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looking = store.driver.look()

    async def __aenter__(self) -> Snapshot:
        connection = await self._looking.__aenter__()
        return Snapshot(connection, self._store.driver.dialect, self._store.keys, self._store.clock())

    async def __aexit__(self, *error: Any) -> None:
        await self._looking.__aexit__(*error)
