"""Documents that other record systems sent."""

from base64 import b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.record import DocumentStatus
from gql.permissions.record import CanReadProfile, CanReadRecord
from gql.planning.sources import Node, Where, column, computed, identity, node, sealed, to_one
from gql.schema.encounters import Encounter
from gql.schema.organizations import Organization
from gql.schema.practitioners import Practitioner
from gql.schema.record import CodedConcept
from persistence.documents import DocumentReferenceBody, DocumentReferenceRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.patients import Patient


def base64_of(content: bytes | None) -> str | None:
    """Return a file as text."""
    return None if content is None else b64encode(content).decode()


def text_of(content_type: str | None, content: bytes | None) -> str | None:
    """Return a text file's text; None where it is no text in UTF-8."""
    if content is None or not (content_type or "").startswith("text/"):
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


@node(
    DocumentReferenceRow, DocumentReferenceBody, guard=CanReadRecord, description="A document that another system sent."
)
class DocumentReference(Node):
    """A document."""

    id: strawberry.ID = identity()
    status: DocumentStatus = column(DocumentReferenceRow.status, "Whether it counts.")
    written_at: datetime = column(
        DocumentReferenceRow.recorded_at, "When it was written; when it came in, if the sender does not say."
    )
    title: str | None = sealed("title", "Its title.", CanReadRecord)
    kind: CodedConcept | None = sealed("kind", "What kind of document.", CanReadRecord)
    content_type: str | None = sealed("content_type", "Media type of the file.", CanReadRecord)
    text: str | None = computed(
        text_of, "The text, where the file is one.", CanReadRecord, attributes=["content_type", "content"]
    )
    content: str | None = computed(
        base64_of, "The file, base64; null where only an address came.", CanReadRecord, attributes=["content"]
    )
    url: str | None = sealed(
        "url", "Where the sender keeps the file; it may ask for the sender's own sign-in.", CanReadRecord
    )
    encounter: Encounter | None = to_one(DocumentReferenceRow.encounter_id, "During which visit.", CanReadRecord)
    practitioner: Practitioner | None = to_one(
        DocumentReferenceRow.practitioner_id, "Who wrote it, where they are in the directory."
    )
    practitioner_name: str | None = sealed("practitioner", "Who wrote it, in the sender's words.", CanReadRecord)
    sender: Organization | None = to_one(DocumentReferenceRow.partner_id, "Whose record system it came from.")
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        DocumentReferenceRow.patient_id, "Whose record it is in.", CanReadProfile
    )


DOCUMENT_FILTERS = {
    "status": Where(DocumentReferenceRow.status, Op.EQ, DocumentStatus, "Whether it counts."),
    "from": Where(DocumentReferenceRow.recorded_at, Op.GE, datetime, "Not before."),
    "to": Where(DocumentReferenceRow.recorded_at, Op.LT, datetime, "Before."),
}
