"""Cursors of connections: the order's values of one row, opaque to clients."""

import base64
import binascii
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import String
from sqlmodel import SQLModel

from persistence.tree import Branch, Loaded


def cursor_of(row: Loaded) -> str:
    """Return the cursor of a row of a page."""
    values = [row.column(column) for column, _ in row.branch.order]
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(values)).decode().rstrip("=")


def parse_cursor(text: str, branch: Branch) -> tuple[Any, ...]:
    """Return the order's values that a cursor stands for.

    Raises:
        ValueError: it is none of this connection's.
    """
    try:
        packed = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = msgspec.msgpack.decode(packed, type=list[int | str])
    except (UnicodeError, binascii.Error, msgspec.DecodeError):
        raise ValueError("not a cursor") from None
    kinds = _kinds(branch.table, tuple(column for column, _ in branch.order))
    if tuple(map(type, values)) != kinds or any(isinstance(v, int) and abs(v) >= 2**63 for v in values):
        raise ValueError("not a cursor")
    return tuple(values)


@lru_cache(maxsize=1024)
def _kinds(table: type[SQLModel], order: tuple[str, ...]) -> tuple[type, ...]:
    """Return of which types the order's values are."""
    columns = table.__table__.c  # type: ignore[attr-defined]  # SQLModel's metaclass makes it
    return tuple(str if isinstance(columns[name].type, String) else int for name in order)
