"""Messages of graphql-transport-ws: what a client may send, and how ours are written."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from gql.transport import json
from gql.transport.refusals import Refused

REASON_BYTES = 120
"""A close frame holds 123 bytes of reason; more would break the connection instead of closing it."""
ID_LENGTH = 255
ACK = '{"type":"connection_ack"}'


class Close(Exception):
    """The protocol was broken, or the session is over: the socket closes with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code)
        self.code = code
        # A character cut in half is dropped, and so is what UTF-8 can't say.
        self.reason = reason.encode("utf-8", "ignore")[:REASON_BYTES].decode("utf-8", "ignore")


BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, BAD_PROTOCOL = 4400, 4401, 4403, 4406
INIT_TIMEOUT, TAKEN, TOO_MANY_INITS, TOO_BIG, INTERNAL, RESTART = 4408, 4409, 4429, 1009, 4500, 1012
LATER = 1013
"""Try again later: clients come back after it, and never after 4500."""
RECONNECT, TOO_SLOW = 4499, 4498
"""Our own, which clients take for a reason to come back: graphql-ws retries after every code that it doesn't know."""


@dataclass(frozen=True, slots=True)
class Message:
    """One well-formed message of a client."""

    type: str
    id: str
    payload: Any


def parse(message: dict[str, Any], limit: int) -> Message:
    """Return the message in an ASGI event.

    Raises:
        Close: it breaks the protocol (4400) or is over `limit` bytes (1009).
    """
    text = message.get("text")
    if text is None:
        raise Close(BAD_REQUEST, "Messages must be text")
    # Two looks: characters are counted at once, their bytes only where they might be too many.
    if len(text) > limit or (len(text) * 4 > limit and len(text.encode()) > limit):
        raise Close(TOO_BIG, "Message too big")
    try:
        value = json.decode(text)
    except Refused:
        raise Close(BAD_REQUEST, "Invalid message received") from None
    if not (isinstance(value, dict) and isinstance(value.get("type"), str)):
        raise Close(BAD_REQUEST, "Invalid message received")
    kind, payload = value["type"], value.get("payload")
    if kind in ("connection_init", "ping", "pong"):
        return Message(kind, "", _optional_object(payload))
    if kind == "subscribe" and isinstance(payload, dict):
        return Message(kind, _id(value), payload)
    if kind == "complete":
        return Message(kind, _id(value), None)
    raise Close(BAD_REQUEST, f"Invalid message '{kind}'")


@lru_cache(maxsize=4)
def framed(operation: str, kind: str, payload: bytes) -> str:
    """Return a message around ready JSON; what is told to many is written once."""
    return f'{{"id":{_encoded(operation)},"type":"{kind}","payload":{payload.decode()}}}'


def complete(operation: str) -> str:
    """Return the message that ends an operation."""
    return f'{{"id":{_encoded(operation)},"type":"complete"}}'


def pong(payload: Any) -> str:
    """Return the answer to a ping, with its own payload."""
    body = {"type": "pong"} if payload is None else {"type": "pong", "payload": payload}
    return msgspec.json.encode(body).decode()


def _encoded(operation: str) -> str:
    return msgspec.json.encode(operation).decode()


def _id(value: dict[str, Any]) -> str:
    operation = value.get("id")
    if isinstance(operation, str) and 0 < len(operation) <= ID_LENGTH:
        return operation
    raise Close(BAD_REQUEST, "Invalid id")


def _optional_object(payload: Any) -> Any:
    if payload is None or isinstance(payload, dict):
        return payload
    raise Close(BAD_REQUEST, "Invalid payload")
