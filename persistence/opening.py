"""Bodies of loaded rows, opened: only of rows that someone may read."""

from collections.abc import Sequence
from typing import Any

import msgspec

from persistence.columns import Owned, Sealed, SealedRow
from persistence.sealing import Key, KeyRing, Owner, place
from persistence.tree import Branch, Loaded
from security.cipher import unseal

_DECODERS: dict[type[Sealed], msgspec.msgpack.Decoder[Any]] = {}


async def open_bodies(keys: KeyRing, rows: Sequence[Loaded]) -> None:
    """Put each row's body in place.

    Raises:
        SealBroken: a body doesn't belong where it lies.
    """
    found: dict[tuple[Owner, int], Key] = {}
    for row in rows:
        branch = row.branch
        owner = _owner(branch, row)
        number = row.column("key_id")
        key = found.get((owner, number))
        if key is None:
            key = found[owner, number] = await keys.key(owner, number)
        opened = unseal(
            key.aes, row.column("body"), place(branch.table, owner, row.column("id"), row.column("version"))
        )
        assert branch.body is not None
        row.body = _decoder(branch.body).decode(opened)


def _owner(branch: Branch, row: Loaded) -> Owner:
    table = branch.table
    if issubclass(table, Owned):
        return Owner("patient", row.column("patient_id"), table.__retention__)
    assert issubclass(table, SealedRow)
    column = table.__owner_column__
    return Owner(table.__owner_kind__, row.column(column) if column else 0, table.__retention__)


def _decoder(body: type[Sealed]) -> msgspec.msgpack.Decoder[Any]:
    if body not in _DECODERS:
        _DECODERS[body] = msgspec.msgpack.Decoder(body)
    return _DECODERS[body]
