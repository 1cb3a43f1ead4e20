"""Strict JSON: UTF-8 only, no NaN, bounded numbers and depth; nothing that a client sends can crash it."""

from typing import Any

import msgspec

from gql.transport.refusals import NOT_JSON, TOO_DEEP, Refused

MAX_DEPTH = 64
"""Deeper than any real input; what walks the values after us (coercion, hashing) may recurse."""


def decode(raw: bytes | str) -> Any:
    """Return the value of a JSON text.

    Raises:
        Refused: it isn't JSON, isn't UTF-8, holds a number beyond 4,300 digits or a double's range, or is too deep.
    """
    try:
        value = msgspec.json.decode(raw)
    except RecursionError:
        raise Refused(TOO_DEEP) from None
    except (ValueError, UnicodeError):
        # msgspec's own text is not passed on: it may quote what was sent.
        raise Refused(NOT_JSON) from None
    _bound(raw, value)
    return value


def _bound(raw: bytes | str, value: Any) -> None:
    """Refuse what is too deep; a text with few brackets can't be, so that most requests are never walked."""
    brackets = raw.count(b"[") + raw.count(b"{") if isinstance(raw, bytes) else raw.count("[") + raw.count("{")
    level = [value] if brackets > MAX_DEPTH else []
    for _ in range(MAX_DEPTH + 1):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise Refused(TOO_DEEP)


def _children(value: Any) -> list[Any]:
    """Return the values inside `value` that may hold others."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in inside if isinstance(child, dict | list)]
