"""Appeals of data subjects, and copies of their data."""

from datetime import datetime

import strawberry

from domain.appeals import AppealKind, AppealState
from gql.planning.sources import column, computed, node, reference, sealed, to_one
from gql.schema.audit import AuditEntry
from gql.schema.errors import UserError
from gql.schema.payloads import Payload
from gql.schema.refs import appeal_ref
from gql.schema.scalars import AS_OF, key_field
from persistence.appeals import AppealBody, AppealRow
from persistence.tasks import TaskRow, TaskState


def download(state: str, patient_id: int | None, number: int) -> str | None:
    """Return where a copy is fetched; None until it is ready."""
    return f"/copies/{patient_id}/{number}" if state == TaskState.DONE else None


@node(TaskRow, description="A copy being made.")
class DataCopy:
    """Its progress."""

    state: str = column(TaskRow.state, "WAITING, RUNNING, DONE or FAILED.")
    progress: int = column(TaskRow.progress, "Per cent.")
    created_at: datetime = column(TaskRow.created_at, "When it was asked for.")
    done_at: datetime | None = column(TaskRow.done_at, "When it was ready.")
    download: str | None = computed(
        download,
        "Path to fetch it by, with a session; null until it is ready.",
        columns=[TaskRow.state, TaskRow.patient_id, TaskRow.id],
    )


@node(AppealRow, AppealBody, description="What a person asks about the own data, with the law's clock.")
class Appeal:
    """An appeal."""

    id: strawberry.ID = computed(appeal_ref, "For answering it.", columns=[AppealRow.id])
    kind: AppealKind = column(AppealRow.kind, "What is asked for.")
    state: AppealState = column(AppealRow.state, "Where it stands.")
    received_at: datetime = column(AppealRow.received_at, "When it was made.")
    due_at: datetime = column(AppealRow.due_at, "When the answer is due by law.")
    extended_at: datetime | None = column(AppealRow.extended_at, "When the answer was put off.")
    closed_at: datetime | None = column(AppealRow.closed_at, "When it was answered.")
    text: str = sealed("text", "In the person's words.")
    answer: str | None = sealed("answer", "The answer.")
    extended_because: str | None = sealed("extended_because", "Why the answer was put off.")
    entry: AuditEntry | None = to_one(AppealRow.entry_id, "The entry of the log that is asked about.")
    copy: DataCopy | None = to_one(AppealRow.task_id, "The copy that is asked for.")


@strawberry.input(description="What is asked about whose data.")
class SubmitAppealInput:
    """A new appeal."""

    patient_id: strawberry.ID = strawberry.field(description="Whose data.")
    kind: AppealKind = strawberry.field(description="What is asked for; about an entry, `askAboutAuditEntry` asks.")
    text: str = strawberry.field(description="In the person's words, 1 to 4,000 characters.")
    key: str | None = key_field()


@strawberry.input(description="Which entry, and what is to be known of it.")
class AskAboutAuditEntryInput:
    """A question about an entry."""

    entry_id: strawberry.ID = strawberry.field(description="The entry, as `accessLog` names it.")
    text: str = strawberry.field(description="The question, 1 to 4,000 characters.")
    key: str | None = key_field()


@strawberry.input(description="The answer.")
class AnswerAppealInput:
    """An answer."""

    appeal_id: strawberry.ID = strawberry.field(description="The appeal.")
    granted: bool = strawberry.field(description="Whether what was asked for is done.")
    text: str = strawberry.field(description="The answer, 1 to 4,000 characters.")
    key: str | None = key_field()


@strawberry.input(description="Why the answer takes longer.")
class ExtendAppealInput:
    """A putting off."""

    appeal_id: strawberry.ID = strawberry.field(description="The appeal.")
    reason: str = strawberry.field(description="Why, 1 to 4,000 characters; the person reads it.")
    key: str | None = key_field()


@strawberry.type(description="What came of it.")
class AppealPayload(Payload):
    """The appeal, or why not."""

    appeal: Appeal | None = reference("The appeal.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)
