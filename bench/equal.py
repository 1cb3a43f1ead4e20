"""Equal answers: checked before anything is measured."""

from datetime import datetime
from typing import Any

import msgspec

from bench import operations
from bench.servers import Server
from bench.sizes import Size


class Different(Exception):
    """Two servers answer the same question differently."""


def check(servers: list[Server], size: Size) -> int:
    """Ask every server the same; return how many questions there were.

    Raises:
        Different: an answer isn't the first server's.
    """
    asked = 0
    for operation in operations.NAMES:
        who = operations.viewers(size, operation)
        for number in who[:: max(1, len(who) // 10)] if operation != "book" else who[:1]:
            for n, server in enumerate(servers[1:]):
                first, other = (_answer(one, operation, number, n) for one in (servers[0], server))
                if first != other:
                    raise Different(_tell(operation, number, servers[0], server, first, other))
                asked += 1
    return asked


def _answer(server: Server, operation: str, number: int, slot: int) -> Any:
    answer = msgspec.json.decode(server.ask(number, operations.body(server.kind.dialect, operation, number, slot)))
    if "errors" in answer:
        raise Different(f"{server.kind.title} refuses {operation}: {answer['errors']}")
    return plain(answer["data"])


def plain(value: Any, name: str = "") -> Any:
    """Return an answer without ids, which are each server's own, and with its moments as moments."""
    if isinstance(value, dict):
        return {key: plain(item, key) for key, item in value.items() if key != "id"}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return datetime.fromisoformat(value) if name.endswith("At") and isinstance(value, str) else value


def _tell(operation: str, number: int, one: Server, other: Server, first: Any, second: Any) -> str:
    where = f"{operation} of patient {number}: {one.kind.title} and {other.kind.title} differ"
    return f"{where}\n{msgspec.json.encode(first)[:1500]!r}\n{msgspec.json.encode(second)[:1500]!r}"
