"""Keys of owners, wrapped by a master key and kept apart from the data; bodies sealed under them (law 5)."""

import time
from collections import OrderedDict
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, bindparam, select
from sqlalchemy import update as sql_update
from sqlmodel import SQLModel

from persistence.columns import Owned, Retention, Sealed, SealedRow
from persistence.drivers import Driver
from persistence.masters import MasterKeys
from persistence.statements import Statement
from security.cipher import KEY, SealBroken, keyed_hash, new_key, seal, unseal

B = TypeVar("B", bound=Sealed)
CACHED: Final = 50_000
CACHED_SECONDS: Final = 60.0
"""How long a destroyed key may live on in a process."""

key_metadata = MetaData()
KEYS = Table(
    "wrapped_key",
    key_metadata,
    Column("owner_kind", String(16), primary_key=True),
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("retention", String(16), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("master", String(64), nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
)


class Owner(NamedTuple):
    """Whose key, of which class."""

    kind: str
    id: int
    retention: Retention = Retention.RECORD


SYSTEM: Final = Owner("system", 0, Retention.ACCOUNT)
"""Owner of the global lookup key (sign-in names, national numbers) and of the audit log's bodies."""

_OWN = (
    (KEYS.c.owner_kind == bindparam("kind"))
    & (KEYS.c.owner_id == bindparam("id"))
    & (KEYS.c.retention == bindparam("retention"))
)
_OF_OWNER = Statement(select(KEYS.c.number, KEYS.c.master, KEYS.c.wrapped).where(_OWN).order_by(KEYS.c.number))
_ADD = Statement(
    lambda dialect: _on_conflict_do_nothing(dialect).values(
        {column.name: bindparam(f"new_{column.name}") for column in KEYS.c}
    )
)
_UNDER_OTHERS = Statement(select(*KEYS.c).where(KEYS.c.master != bindparam("current")).limit(500))
_REWRAP = Statement(
    sql_update(KEYS)
    .where(_OWN & (KEYS.c.number == bindparam("key_number")))
    .values(master=bindparam("new_master"), wrapped=bindparam("new_wrapped"))
)


def _on_conflict_do_nothing(dialect: str) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite

    return (postgresql if dialect == "postgresql" else sqlite).insert(KEYS).on_conflict_do_nothing()


def owner_of(table: type[SQLModel], row: Any) -> Owner:
    """Return whose key seals a row; `row` is a row object or a record with the owner's column."""
    if issubclass(table, Owned):
        return Owner("patient", row.patient_id, table.__retention__)
    if issubclass(table, SealedRow):
        column = table.__owner_column__
        return Owner(table.__owner_kind__, getattr(row, column) if column else 0, table.__retention__)
    raise TypeError(f"{table.__name__} has no owner")


def place(table: type[SQLModel], owner: Owner, row_id: int, version: int) -> bytes:
    """Return what a body is bound to: moved to another row, or put back from an earlier version, it doesn't open."""
    return f"{table.__tablename__}|{owner.kind}|{owner.id}|{row_id}|{version}".encode()


class Key:
    """One key of an owner, unwrapped: half seals, half hashes."""

    __slots__ = ("aes", "lookup", "number")

    def __init__(self, number: int, material: bytes) -> None:
        self.number = number
        self.aes = AESGCM(material[:KEY])
        self.lookup = material[KEY:]

    def seal(self, table: type[SQLModel], owner: Owner, row_id: int, version: int, body: Sealed) -> bytes:
        """Return the sealed body."""
        return seal(self.aes, msgspec.msgpack.encode(body), place(table, owner, row_id, version))

    def open(self, table: type[SQLModel], owner: Owner, row_id: int, version: int, sealed: bytes, body: type[B]) -> B:
        """Return the body.

        Raises:
            SealBroken: it was sealed elsewhere or was changed.
        """
        return msgspec.msgpack.decode(unseal(self.aes, sealed, place(table, owner, row_id, version)), type=body)

    def hash(self, text: str) -> bytes:
        """Return what a value is looked up by within this owner's rows."""
        return keyed_hash(self.lookup, text)


class KeyRing:
    """The owners' keys, in a database of their own."""

    def __init__(self, driver: Driver, masters: MasterKeys) -> None:
        self._driver = driver
        self._masters = masters
        self._cache: OrderedDict[Owner, tuple[float, dict[int, Key]]] = OrderedDict()

    async def open(self) -> None:
        """Connect."""
        await self._driver.open()

    async def close(self) -> None:
        """Let go of the database and forget every key."""
        self._cache.clear()
        await self._driver.close()

    async def newest(self, owner: Owner) -> Key:
        """Return the key that seals now, made at its first use."""
        keys = await self._of(owner)
        if not keys:
            await self._add(owner, 1, new_key() + new_key())
            keys = await self._of(owner, fresh=True)
        return keys[max(keys)]

    async def key(self, owner: Owner, number: int) -> Key:
        """Return the key that a row was sealed under.

        Raises:
            SealBroken: it was destroyed.
        """
        keys = await self._of(owner)
        if number not in keys:
            keys = await self._of(owner, fresh=True)
        if number not in keys:
            raise SealBroken
        return keys[number]

    async def renew(self, owner: Owner) -> Key:
        """Add a new sealing key; what is looked up keeps its hashes."""
        keys = await self._of(owner, fresh=True)
        newest = keys[max(keys)]
        await self._add(owner, newest.number + 1, new_key() + newest.lookup)
        return await self.newest_fresh(owner)

    async def newest_fresh(self, owner: Owner) -> Key:
        """Return the newest key as the database has it now."""
        keys = await self._of(owner, fresh=True)
        return keys[max(keys)]

    async def verify(self) -> None:
        """Check that the master keys at hand open what is wrapped; makes the system's own key at the first start.

        Raises:
            SealBroken: they don't.
            MasterKeyMissing: a key is wrapped under one that isn't at hand.
        """
        await self.newest(SYSTEM)

    async def rewrap(self) -> int:
        """Wrap every key under the current master key; return how many were not yet. Resumable."""
        done = 0
        while rewrapped := await self._rewrap_some():
            done += rewrapped
        return done

    async def _rewrap_some(self) -> int:
        current = self._masters.current
        compiled, update = _UNDER_OTHERS.on(self._driver.dialect), _REWRAP.on(self._driver.dialect)
        async with self._driver.write() as connection:
            rows = compiled.records(await connection.fetch(compiled.sql, compiled.arguments({"current": current})))
            for row in rows:
                owner = Owner(row.owner_kind, row.owner_id, Retention(row.retention))
                material = self._unwrapped(owner, row)
                given = _owned(owner) | {
                    "key_number": row.number,
                    "new_master": current,
                    "new_wrapped": self._wrapped(owner, row.number, material),
                }
                await connection.execute(update.sql, update.arguments(given))
        return len(rows)

    async def _of(self, owner: Owner, *, fresh: bool = False) -> dict[int, Key]:
        cached = self._cache.get(owner)
        if cached and not fresh and cached[0] > time.monotonic():
            self._cache.move_to_end(owner)
            return cached[1]
        compiled = _OF_OWNER.on(self._driver.dialect)
        async with self._driver.read() as connection:
            rows = compiled.records(await connection.fetch(compiled.sql, compiled.arguments(_owned(owner))))
        keys = {row.number: Key(row.number, self._unwrapped(owner, row)) for row in rows}
        self._cache[owner] = (time.monotonic() + CACHED_SECONDS, keys)
        if len(self._cache) > CACHED:
            self._cache.popitem(last=False)
        return keys

    async def _add(self, owner: Owner, number: int, material: bytes) -> None:
        compiled = _ADD.on(self._driver.dialect)
        values = {
            "new_owner_kind": owner.kind,
            "new_owner_id": owner.id,
            "new_retention": owner.retention,
            "new_number": number,
            "new_master": self._masters.current,
            "new_wrapped": self._wrapped(owner, number, material),
        }
        async with self._driver.write() as connection:
            await connection.execute(compiled.sql, compiled.arguments(values))

    def _wrapped(self, owner: Owner, number: int, material: bytes) -> bytes:
        return seal(self._masters.cipher(self._masters.current), material, _wrap_place(owner, number))

    def _unwrapped(self, owner: Owner, row: Any) -> bytes:
        return unseal(self._masters.cipher(row.master), row.wrapped, _wrap_place(owner, row.number))


def _owned(owner: Owner) -> dict[str, Any]:
    return {"kind": owner.kind, "id": owner.id, "retention": owner.retention}


def _wrap_place(owner: Owner, number: int) -> bytes:
    return f"key|{owner.kind}|{owner.id}|{owner.retention.value}|{number}".encode()
