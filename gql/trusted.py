"""Trusted documents: known clients send a document's SHA-256 instead of its text; a mode refuses everything else.

They are listed when a client is built, never learnt from a request. An id is the hash of the very text, so a list can't
pass one document off as another.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec
from graphql import GraphQLError

from gql.documents import Refusal
from gql.exchange import Request

PREFIX: Final = "sha256:"
NONE: Final[Mapping[str, str]] = MappingProxyType({})


class ManifestBroken(ValueError):
    """The file is no list of documents, or an id isn't the hash of its document."""


class Trusted:
    """The documents of known clients, by the hash of their text."""

    def __init__(self, documents: Mapping[str, str] = NONE, *, only: bool = False) -> None:
        self._documents = documents
        self._only = only

    def text(self, request: Request) -> str:
        """Return the document that a request means: the text that it sends, else what its id stands for.

        Raises:
            Refusal: it names one that isn't known, or sends its own where only known ones are served.
        """
        if request.query is not None:
            if self._only and hash_of(request.query) not in self._documents:
                raise _refusal("PERSISTED_DOCUMENT_REQUIRED", "Only trusted documents are served here.")
            return request.query
        known = self._documents.get(_named(request) or "")
        if known is None:
            raise self._unknown(request)
        return known

    def _unknown(self, request: Request) -> Refusal:
        """Return why an id is no document: in the words that Apollo's clients look for, where it is one of theirs."""
        if request.document_id is not None:
            return _refusal("PERSISTED_DOCUMENT_NOT_FOUND", "No trusted document has this id.")
        if self._documents:  # they send this document's text, and the ids of others as before
            return _refusal("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
        return _refusal("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")  # they stop sending ids


def hash_of(text: str) -> str:
    """Return a document's id."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_manifest(file: Path) -> dict[str, str]:
    """Return the documents of a manifest: `{"id": "document"}`, or Apollo's `{"operations": [{"id", "body"}]}`.

    Raises:
        ManifestBroken: it is neither, or an id isn't its document's SHA-256.
        OSError: it can't be read.
    """
    try:
        found: dict[str, Any] = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        listed = {item["id"]: item["body"] for item in found["operations"]} if "operations" in found else found
        documents = {name.removeprefix(PREFIX).lower(): str(text) for name, text in listed.items()}
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        raise ManifestBroken(f"{file.name} is no manifest of documents") from None
    for name, text in documents.items():
        if hash_of(text) != name:
            raise ManifestBroken(f"{name[:16]}… in {file.name} isn't the SHA-256 of its document")
    return documents


def _named(request: Request) -> str | None:
    name = request.document_id
    if name is None:
        persisted = request.extensions.get("persistedQuery")
        name = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return name.removeprefix(PREFIX).lower() if isinstance(name, str) else None


def _refusal(code: str, message: str) -> Refusal:
    return Refusal([GraphQLError(message)], code)
