"""From what a client sent, already decoded, to a Request that is well formed."""

from typing import Any

import msgspec

from gql.exchange import Request
from gql.transport.refusals import (
    BAD_DOCUMENT_ID,
    BAD_EXTENSIONS,
    BAD_OPERATION_NAME,
    BAD_QUERY,
    BAD_VARIABLES,
    BATCH,
    NO_QUERY,
    NOT_AN_OBJECT,
    Refusal,
    Refused,
)


def request(message: Any) -> Request:
    """Return the request in a decoded JSON message; unknown keys are ignored, as the specification asks.

    Raises:
        Refused: a part is missing or of a wrong type.
    """
    if not isinstance(message, dict):
        raise Refused(BATCH if isinstance(message, list) else NOT_AN_OBJECT)
    query = _text(message, "query", BAD_QUERY)
    document_id = _text(message, "documentId", BAD_DOCUMENT_ID)
    extensions = _object(message, "extensions", BAD_EXTENSIONS)
    if query is None and document_id is None and "persistedQuery" not in extensions:
        raise Refused(BAD_QUERY if "query" in message else NO_QUERY)
    return Request(
        query=query,
        operation_name=_text(message, "operationName", BAD_OPERATION_NAME),
        variables=_object(message, "variables", BAD_VARIABLES),
        extensions=extensions,
        document_id=document_id,
    )


def errors_of(body: bytes) -> bytes:
    """Return the JSON list of errors in a GraphQL response."""
    return bytes(msgspec.json.decode(body, type=dict[str, msgspec.Raw])["errors"])


def _text(message: dict[str, Any], name: str, refusal: Refusal) -> str | None:
    value = message.get(name)
    if value is None or isinstance(value, str):
        return value
    raise Refused(refusal)


def _object(message: dict[str, Any], name: str, refusal: Refusal) -> dict[str, Any]:
    value = message.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise Refused(refusal)
