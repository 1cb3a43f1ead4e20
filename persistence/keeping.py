"""Whether data and keys are at one: checked at every start, before anything is written."""

from sqlalchemy import literal, select

from persistence.masters import MasterKeyMissing
from persistence.statements import Statement
from persistence.store import Snapshot, Store
from persistence.tables import sealed_tables


async def require_keys(store: Store) -> None:
    """Check that what is stored can be opened with the keys at hand; changes nothing.

    Raises:
        MasterKeyMissing: a master key isn't at hand, or there is sealed data but no key (its database was lost).
        SealBroken: a master key isn't the one that wrapped the keys.
    """
    await store.keys.verify()
    if await store.keys.empty():
        async with store.snapshot() as snapshot:
            if await _any_sealed(snapshot):
                raise MasterKeyMissing("the keys of what is stored are gone: restore the keys' database")


async def _any_sealed(snapshot: Snapshot) -> bool:
    for table in sealed_tables():
        one = Statement(
            select(literal(1)).where(table.__table__.c.key_id > 0).limit(1)  # type: ignore[attr-defined]
        )
        if await snapshot.value(one):
            return True
    return False
