"""Bodies of loaded rows, opened: only of rows that someone may read."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from sqlmodel import SQLModel

from persistence.columns import Owned, Sealed, SealedRow
from persistence.sealing import KeyRing, Owner, places
from persistence.tree import Branch, Loaded
from security.cipher import unseal


async def open_bodies(keys: KeyRing, rows: Sequence[Loaded]) -> None:
    """Put each row's body in place.

    Raises:
        SealBroken: a body doesn't belong where it lies.
    """
    for (branch, number, owner_id), alike in _by_key(rows).items():
        assert branch.body is not None
        table = branch.table
        assert issubclass(table, Owned | SealedRow)
        kind = "patient" if issubclass(table, Owned) else table.__owner_kind__
        owner = Owner(kind, owner_id, table.__retention__)
        aes = (await keys.key(owner, number)).aes
        decode, place = _decoder(branch.body).decode, places(table, owner)
        id_at, version_at, body_at = (branch.index[name] for name in ("id", "version", "body"))
        for row in alike:
            values = row.row
            row.body = decode(unseal(aes, values[body_at], place % (values[id_at], values[version_at])))


def _by_key(rows: Sequence[Loaded]) -> dict[tuple[Branch, int, int], list[Loaded]]:
    """Return rows by their branch, the number of their key, and its owner."""
    found: dict[tuple[Branch, int, int], list[Loaded]] = {}
    branch: Branch | None = None
    key_at = owner_at = 0
    for row in rows:
        if row.branch is not branch:
            branch = row.branch
            column = _owner_column(branch.table)
            key_at, owner_at = branch.index["key_id"], branch.index[column] if column else -1
        place = (branch, row.row[key_at], row.row[owner_at] if owner_at >= 0 else 0)
        if place in found:
            found[place].append(row)
        else:
            found[place] = [row]
    return found


@cache
def _owner_column(table: type[SQLModel]) -> str | None:
    """Return the column that says whose key seals a table's rows; None: the system's."""
    if issubclass(table, Owned):
        return "patient_id"
    assert issubclass(table, SealedRow)
    return table.__owner_column__


@cache
def _decoder(body: type[Sealed]) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(body)
