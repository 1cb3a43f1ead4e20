"""Keys of owners, wrapped by a master key and kept apart from the data; bodies sealed under them (law 5)."""

import time
from collections import OrderedDict
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, bindparam, select
from sqlmodel import SQLModel

from persistence.columns import Owned, Retention, Sealed, SealedRow
from persistence.drivers import Driver
from persistence.masters import MasterKeys
from persistence.statements import Statement, insert_new
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

OWN: Final = (
    (KEYS.c.owner_kind == bindparam("kind"))
    & (KEYS.c.owner_id == bindparam("id"))
    & (KEYS.c.retention == bindparam("retention"))
)
_OF_OWNER = Statement(select(KEYS.c.number, KEYS.c.master, KEYS.c.wrapped).where(OWN).order_by(KEYS.c.number))
ADD_KEY = Statement(
    lambda dialect: insert_new(dialect, KEYS).values(
        {column.name: bindparam(f"new_{column.name}") for column in KEYS.c}
    )
)
_MASTERS = Statement(select(KEYS.c.master).distinct())
_ONE_UNDER = Statement(select(*KEYS.c).where(KEYS.c.master == bindparam("under")).limit(1))


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
    return places(table, owner) % (row_id, version)


def places(table: type[SQLModel], owner: Owner) -> bytes:
    """Return the same for all rows of one owner, to be filled with row and version."""
    return f"{table.__tablename__}|{owner.kind}|{owner.id}|%d|%d".encode()


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

    def __init__(self, driver: Driver, masters: MasterKeys, cached_seconds: float = CACHED_SECONDS) -> None:
        self.driver = driver
        self.masters = masters
        self.cached_seconds = cached_seconds
        self._cache: OrderedDict[Owner, tuple[float, dict[int, Key]]] = OrderedDict()

    async def open(self) -> None:
        """Connect."""
        await self.driver.open()

    async def close(self) -> None:
        """Let go of the database and forget every key."""
        self.forget()
        await self.driver.close()

    def forget(self) -> None:
        """Forget every key, so that the next use reads what the database has."""
        self._cache.clear()

    async def newest(self, owner: Owner) -> Key:
        """Return the key that seals now, made at its first use."""
        keys = await self._of(owner)
        if not keys:
            await self._add(owner, 1, new_key() + new_key())
            keys = await self._of(owner, fresh=True)
        return keys[max(keys)]

    async def existing(self, owner: Owner) -> Key | None:
        """Return the key that seals now, if the owner has one."""
        keys = await self._of(owner)
        return keys[max(keys)] if keys else None

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
        """Add a new sealing key; what is looked up keeps its hashes.

        Raises:
            SealBroken: the owner has no key.
        """
        keys = await self._of(owner, fresh=True)
        if not keys:
            raise SealBroken
        newest = keys[max(keys)]
        await self._add(owner, newest.number + 1, new_key() + newest.lookup)
        return await self.newest_fresh(owner)

    async def newest_fresh(self, owner: Owner) -> Key:
        """Return the newest key as the database has it now."""
        keys = await self._of(owner, fresh=True)
        return keys[max(keys)]

    async def verify(self) -> None:
        """Check that every master key in use is at hand and opens what it wrapped.

        Raises:
            SealBroken: one doesn't.
            MasterKeyMissing: a key is wrapped under one that isn't at hand.
        """
        used, one = _MASTERS.on(self.driver.dialect), _ONE_UNDER.on(self.driver.dialect)
        async with self.driver.read() as connection:
            for (master,) in await connection.fetch(used.sql, used.arguments({})):
                rows = one.records(await connection.fetch(one.sql, one.arguments({"under": master})))
                for row in rows:
                    self.unwrapped(Owner(row.owner_kind, row.owner_id, Retention(row.retention)), row)

    async def empty(self) -> bool:
        """Return whether there is no key at all, as at a first start."""
        used = _MASTERS.on(self.driver.dialect)
        async with self.driver.read() as connection:
            return not await connection.fetch(used.sql, used.arguments({}))

    async def _of(self, owner: Owner, *, fresh: bool = False) -> dict[int, Key]:
        cached = self._cache.get(owner)
        if cached and not fresh and cached[0] > time.monotonic():
            self._cache.move_to_end(owner)
            return cached[1]
        compiled = _OF_OWNER.on(self.driver.dialect)
        until = time.monotonic() + self.cached_seconds  # from before the read: a rotation counts on it
        async with self.driver.look() as connection:
            rows = compiled.records(await connection.fetch(compiled.sql, compiled.arguments(of_owner(owner))))
        keys = {row.number: Key(row.number, self.unwrapped(owner, row)) for row in rows}
        self._cache[owner] = (until, keys)
        if len(self._cache) > CACHED:
            self._cache.popitem(last=False)
        return keys

    async def _add(self, owner: Owner, number: int, material: bytes) -> None:
        compiled = ADD_KEY.on(self.driver.dialect)
        values = {
            "new_owner_kind": owner.kind,
            "new_owner_id": owner.id,
            "new_retention": owner.retention,
            "new_number": number,
        } | self.wrapped(owner, number, material)
        async with self.driver.write() as connection:
            await connection.execute(compiled.sql, compiled.arguments(values))

    def wrapped(self, owner: Owner, number: int, material: bytes) -> dict[str, Any]:
        """Return a key's material wrapped under the current master key, as columns."""
        master = self.masters.current
        sealed = seal(self.masters.cipher(master), material, _wrap_place(owner, number))
        return {"new_master": master, "new_wrapped": sealed}

    def unwrapped(self, owner: Owner, row: Any) -> bytes:
        """Return a key's material.

        Raises:
            SealBroken: the master key of that name isn't the one that wrapped it.
            MasterKeyMissing: it isn't at hand.
        """
        return unseal(self.masters.cipher(row.master), row.wrapped, _wrap_place(owner, row.number))


def of_owner(owner: Owner) -> dict[str, Any]:
    """Return what names an owner's rows in the keys' statements."""
    return {"kind": owner.kind, "id": owner.id, "retention": owner.retention}


def _wrap_place(owner: Owner, number: int) -> bytes:
    return f"key|{owner.kind}|{owner.id}|{owner.retention.value}|{number}".encode()
