"""DocumentReference → a document."""

from typing import Final

from domain.record import NOWHERE, DocumentSent, DocumentStatus, Link
from integrations.fhir.reading import Entries, Entry
from integrations.fhir.values import attached, concept

BIGGEST: Final = 5 * 1024 * 1024
"""Bytes of a file that lie in a record's row; a bigger one stays with its sender."""


def document(entries: Entries, entry: Entry) -> DocumentSent:
    """Return the document."""
    element = entry.element
    contents = element.children("content")
    attachment = contents[0].child("attachment") if contents else None
    if attachment is None:
        raise element.broken("content" if not contents else "content[0].attachment", "is missing")
    content = attached(attachment)
    if content is not None and len(content) > BIGGEST:
        raise attachment.broken("data", "is bigger than 5 MiB")
    kind = concept(element, "type")
    title = attachment.text("title") or element.text("description") or (kind.title if kind else None)
    return DocumentSent(
        place=entry.place,
        source=entry.source,
        status=element.bound(element.needed("status"), "status", DocumentStatus),
        title=title or "Document",
        kind=kind,
        content_type=attachment.text("contentType"),
        content=content,
        url=attachment.text("url"),
        at=element.first_moment("date") or attachment.moment("creation"),
        encounter=_encounter(entries, entry),
        practitioner=_author(entries, entry),
    )


def _encounter(entries: Entries, entry: Entry) -> Link:
    context = entry.element.child("context")
    for reference in context.children("encounter")[:1] if context else ():
        return entries.link(entry, reference)
    return NOWHERE


def _author(entries: Entries, entry: Entry) -> Link:
    for reference in entry.element.children("author")[:1]:
        return entries.link(entry, reference)
    return NOWHERE
