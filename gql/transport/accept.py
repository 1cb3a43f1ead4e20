"""Content negotiation: which media type answers a request, and which carries a stream."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from gql.transport import headers

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"
SSE: Final = "text/event-stream"
MULTIPART: Final = "multipart/mixed"

Single = Literal["application/json", "application/graphql-response+json"]
Streaming = Literal["text/event-stream", "multipart/mixed"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the client takes: a media type for one answer and one for a stream, None where it takes none of ours."""

    single: Single | None
    stream: Streaming | None


@lru_cache(maxsize=256)
def negotiate(accept: str | None) -> Accepted:
    """Return the best of our media types; of equals the one that the client lists first.

    No Accept at all, and `*/*`, mean application/json (the specification's legacy rule, which its audits hold).
    A stream is given only to who names its type: everybody's `*/*` is no wish for one.
    """
    if accept is None or not accept.strip():
        return Accepted(JSON, None)
    single: Single | None = None
    stream: Streaming | None = None
    best_single = best_stream = 0.0
    for member, weight in headers.weighted(accept):
        one, many = _single(member), _stream(member)
        if one and weight > best_single:
            single, best_single = one, weight
        if many and weight > best_stream:
            stream, best_stream = many, weight
    return Accepted(single, stream)


def _single(member: str) -> Single | None:
    """Return what an Accept member allows for one answer; another charset than UTF-8 allows nothing."""
    name, *options = (part.strip().lower() for part in member.split(";"))
    if any(option.startswith("charset=") and option[8:].strip('"') not in ("utf-8", "utf8") for option in options):
        return None
    if name == GRAPHQL:
        return GRAPHQL
    return JSON if name in (JSON, "application/*", "*/*") else None


def _stream(member: str) -> Streaming | None:
    """Return what an Accept member allows for a stream; multipart only in Apollo's format for subscriptions."""
    name, *options = (part.strip().lower() for part in member.split(";"))
    if name in (SSE, "text/*"):
        return SSE
    specified = any(option.replace('"', "") == "subscriptionspec=1.0" for option in options)
    return MULTIPART if name == MULTIPART and specified else None
