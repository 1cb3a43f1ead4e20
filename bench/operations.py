"""The four operations: what is asked, by whom, in whose words."""

import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.people import WATCHED
from bench.sizes import FIRST_SLOT, Size, person_id
from bench.tokens import token
from gql.planning.ids import NodeId

NAMES: Final = ("me", "dash", "trend", "book")
DOCUMENTS: Final = Path(__file__).parent / "documents"
Body = dict[str, Any]


def viewers(size: Size, operation: str) -> list[int]:
    """Return the numbers of those who ask, spread over all; a trend is asked by who has a long series."""
    if operation == "trend":
        return [number for number in range(size.patients) if size.long(number)][: size.viewers]
    return list(range(0, size.patients, size.patients // size.viewers))


@cache
def document(dialect: str, operation: str) -> str:
    """Return the operation in a server's own words, where it has any."""
    own = DOCUMENTS / dialect / f"{operation}.graphql"
    return (own if own.exists() else DOCUMENTS / f"{operation}.graphql").read_text()


def body(dialect: str, operation: str, number: int, slot: int = 0) -> Body:
    """Return the request's body; `slot` counts free times from 0."""
    given = _variables(dialect, operation, number, slot)
    if dialect == "raw":
        return {"operation": operation, "variables": given}
    return {"query": document(dialect, operation), "variables": given}


def _variables(dialect: str, operation: str, number: int, slot: int) -> Body:
    if operation == "trend":
        return {"code": WATCHED}
    if operation != "book":
        return {}
    wanted: Body = {"slotId": str(FIRST_SLOT + slot), "serviceType": "CONSULTATION", "reason": "Осмотр"}
    if dialect == "medkabinet":
        patient = person_id(number)
        wanted["slotId"] = NodeId("Slot", (FIRST_SLOT + slot,)).text()
        wanted |= {"patientId": NodeId("Patient", (patient, patient)).text(), "key": uuid.uuid4().hex}
    return {"input": wanted}


def request(number: int, sent: Body) -> bytes:
    """Return a whole HTTP request."""
    content = msgspec.json.encode(sent)
    head = (
        "POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {token(number)}\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def requests(dialect: str, operation: str, size: Size, slots: Iterator[int], most: int) -> list[bytes]:
    """Return the requests of a round: one a viewer, to be sent over and over, or `most` bookings, to be sent once."""
    who = viewers(size, operation)
    if operation != "book":
        return [request(number, body(dialect, operation, number)) for number in who]
    return [
        request(who[n % len(who)], body(dialect, operation, who[n % len(who)], slot))
        for n, slot in zip(range(most), slots, strict=False)
    ]
