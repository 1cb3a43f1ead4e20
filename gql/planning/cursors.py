"""Cursors of connections: the order's values of one row, opaque to clients."""

import base64
import binascii
from typing import Any

import msgspec

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
    if len(values) != len(branch.order) or any(isinstance(v, int) and abs(v) >= 2**63 for v in values):
        raise ValueError("not a cursor")
    return tuple(values)
