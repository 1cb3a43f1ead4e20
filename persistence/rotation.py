"""Turning keys over: every key under the current master key, a newer key for every owner, old keys destroyed."""

from collections.abc import AsyncGenerator, Collection
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, func, select, tuple_, update

from persistence.columns import Retention
from persistence.sealing import ADD_KEY, KEYS, OWN, KeyRing, Owner, of_owner
from persistence.statements import Record, Statement
from security.cipher import KEY, new_key

BATCH: Final = 200
_OWNER: Final = (KEYS.c.owner_kind, KEYS.c.owner_id, KEYS.c.retention)
_UNDER_OTHERS = Statement(select(*KEYS.c).where(KEYS.c.master != bindparam("current")).limit(BATCH))
_REWRAP = Statement(
    update(KEYS)
    .where(OWN & (KEYS.c.number == bindparam("key_number")))
    .values(master=bindparam("new_master"), wrapped=bindparam("new_wrapped"))
)
_MASTERS = Statement(select(KEYS.c.master, func.count().label("keys")).group_by(KEYS.c.master))
_OWNERS = Statement(
    select(*_OWNER, func.count().label("keys"), func.max(KEYS.c.number).label("newest"))
    .where(tuple_(*_OWNER) > tuple_(bindparam("after_kind"), bindparam("after_id"), bindparam("after_retention")))
    .group_by(*_OWNER)
    .order_by(*_OWNER)
    .limit(BATCH)
)
_KEY = Statement(select(*KEYS.c).where(OWN & (KEYS.c.number == bindparam("key_number"))))
_NUMBERS = Statement(select(KEYS.c.number).where(OWN))
_DESTROY = Statement(delete(KEYS).where(OWN & (KEYS.c.number == bindparam("key_number"))))


class Held(NamedTuple):
    """An owner, how many keys it has and which is the newest."""

    owner: Owner
    keys: int
    newest: int


async def rewrap(ring: KeyRing) -> int:
    """Wrap every key under the current master key; return how many were not yet.

    Each batch is a transaction of its own, so it goes on where a killed one stopped, and servers hardly wait.
    """
    done = 0
    while rewrapped := await _rewrap_some(ring):
        done += rewrapped
    return done


async def _rewrap_some(ring: KeyRing) -> int:
    dialect = ring.driver.dialect
    find, write = _UNDER_OTHERS.on(dialect), _REWRAP.on(dialect)
    async with ring.driver.write() as connection:
        found = await connection.fetch(find.sql, find.arguments({"current": ring.masters.current}))
        rows = find.records(found)
        given = [write.arguments(_rewrapped(ring, row)) for row in rows]
        await connection.many(write.sql, given)
    return len(rows)


def _rewrapped(ring: KeyRing, row: Record) -> dict[str, Any]:
    owner = _owner(row)
    return {
        **of_owner(owner),
        "key_number": row.number,
        **ring.wrapped(owner, row.number, ring.unwrapped(owner, row)),
    }


async def masters_in_use(ring: KeyRing) -> dict[str, int]:
    """Return how many keys each master key wraps."""
    compiled = _MASTERS.on(ring.driver.dialect)
    async with ring.driver.read() as connection:
        rows = await connection.fetch(compiled.sql, compiled.arguments({}))
    return {name: count for name, count in rows}


async def renew_all(ring: KeyRing) -> int:
    """Give every owner that has one key a newer one; return to how many.

    Who has several is left alone: an earlier run, broken off, gave it the newer one.
    """
    done = 0
    async for page in owners(ring):
        alone = [held for held in page if held.keys == 1]
        if alone:
            await _renew(ring, alone)
        done += len(alone)
    return done


async def _renew(ring: KeyRing, page: Collection[Held]) -> None:
    dialect = ring.driver.dialect
    find, add = _KEY.on(dialect), ADD_KEY.on(dialect)
    async with ring.driver.write() as connection:
        given = []
        for held in page:
            one = find.arguments({**of_owner(held.owner), "key_number": held.newest})
            for row in find.records(await connection.fetch(find.sql, one)):
                lookup = ring.unwrapped(held.owner, row)[KEY:]  # what is looked up keeps its hashes
                number = held.newest + 1
                values = {f"new_{name}": value for name, value in _named(held.owner).items()}
                wrapped = ring.wrapped(held.owner, number, new_key() + lookup)
                given.append(add.arguments({**values, "new_number": number, **wrapped}))
        await connection.many(add.sql, given)


async def destroy_old(ring: KeyRing, kept: Collection[tuple[Owner, int]]) -> int:
    """Destroy every key but each owner's newest and those `kept`; return how many."""
    done = 0
    async for page in owners(ring):
        several = [held for held in page if held.keys > 1]
        if several:
            done += await _destroy(ring, several, kept)
    return done


async def _destroy(ring: KeyRing, page: Collection[Held], kept: Collection[tuple[Owner, int]]) -> int:
    numbers, destroy = _NUMBERS.on(ring.driver.dialect), _DESTROY.on(ring.driver.dialect)
    async with ring.driver.write() as connection:
        doomed = []
        for held in page:
            for (number,) in await connection.fetch(numbers.sql, numbers.arguments(of_owner(held.owner))):
                if number < held.newest and (held.owner, number) not in kept:
                    doomed.append(destroy.arguments({**of_owner(held.owner), "key_number": number}))
        await connection.many(destroy.sql, doomed)
    return len(doomed)


async def destroy_all(ring: KeyRing, owner: Owner) -> None:
    """Destroy every key of an owner: what they sealed is gone, wherever copies of it lie."""
    await _destroy_below(ring, owner, None)


async def destroy_old_of(ring: KeyRing, owner: Owner) -> None:
    """Destroy an owner's keys but the newest."""
    newest = await ring.newest_fresh(owner)
    await _destroy_below(ring, owner, newest.number)


async def _destroy_below(ring: KeyRing, owner: Owner, kept: int | None) -> None:
    numbers, destroy = _NUMBERS.on(ring.driver.dialect), _DESTROY.on(ring.driver.dialect)
    async with ring.driver.write() as connection:
        found = await connection.fetch(numbers.sql, numbers.arguments(of_owner(owner)))
        doomed = [number for (number,) in found if number != kept]
        given = [destroy.arguments({**of_owner(owner), "key_number": number}) for number in doomed]
        await connection.many(destroy.sql, given)
    ring.forget()


async def owners(ring: KeyRing) -> AsyncGenerator[list[Held]]:
    """Yield all owners, in pages, each page a read of its own."""
    compiled = _OWNERS.on(ring.driver.dialect)
    last: tuple[str, int, str] = ("", 0, "")
    while True:
        given = dict(zip(("after_kind", "after_id", "after_retention"), last, strict=True))
        async with ring.driver.read() as connection:
            rows = compiled.records(await connection.fetch(compiled.sql, compiled.arguments(given)))
        if not rows:
            return
        yield [Held(_owner(row), row.keys, row.newest) for row in rows]
        last = (rows[-1].owner_kind, rows[-1].owner_id, rows[-1].retention)


def _owner(row: Record) -> Owner:
    return Owner(row.owner_kind, row.owner_id, Retention(row.retention))


def _named(owner: Owner) -> dict[str, Any]:
    return {"owner_kind": owner.kind, "owner_id": owner.id, "retention": owner.retention}
