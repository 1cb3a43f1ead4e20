"""Appeals: asked by patients, answered by administrators and security officers."""

import strawberry
from strawberry.types import Info

from actions import appeals
from domain.appeals import AppealKind, AppealState
from gql.context import Context
from gql.permissions.record import CanAppeal
from gql.permissions.staff import CanHandleAppeals
from gql.planning.sources import Connection, Where, root_connection
from gql.resolvers.mutations import mutation, owned_key, shared_id
from gql.schema.appeals import (
    AnswerAppealInput,
    Appeal,
    AppealPayload,
    AskAboutAuditEntryInput,
    ExtendAppealInput,
    SubmitAppealInput,
)
from persistence.appeals import AppealRow
from persistence.tree import Op


@strawberry.type
class AppealQueries:
    """The queue."""

    appeal_queue: Connection[Appeal] | None = root_connection(
        "Appeals of data subjects, those first that are due first; reading it is recorded.",
        CanHandleAppeals,
        order=[AppealRow.due_at, AppealRow.id],
        where={
            "state": Where(AppealRow.state, Op.EQ, AppealState, "Where it stands."),
            "kind": Where(AppealRow.kind, Op.EQ, AppealKind, "What is asked for."),
        },
    )


@strawberry.type
class AppealMutations:
    """The verbs of both sides."""

    @mutation("Ask for a copy, a correction, a restriction or an erasure of the own data.", CanAppeal)
    async def submit_appeal(self, info: Info[Context, None], input: SubmitAppealInput) -> AppealPayload | None:
        """Ask."""
        asked = await appeals.submit(
            info.context.call.with_key(input.key),
            patient_id=owned_key(input.patient_id, "Patient", "patientId")[0],
            kind=input.kind,
            said=input.text,
        )
        return AppealPayload(as_of=asked.as_of).refer(appeal=(asked.id,))

    @mutation("Ask who that was and why: security answers within the law's ten working days.", CanAppeal)
    async def ask_about_audit_entry(
        self, info: Info[Context, None], input: AskAboutAuditEntryInput
    ) -> AppealPayload | None:
        """Ask."""
        entry_id = shared_id(input.entry_id, "AuditEntry", "entryId")
        asked = await appeals.ask_about(info.context.call.with_key(input.key), entry_id=entry_id, said=input.text)
        return AppealPayload(as_of=asked.as_of).refer(appeal=(asked.id,))

    @mutation("Answer an appeal.", CanHandleAppeals)
    async def answer_appeal(self, info: Info[Context, None], input: AnswerAppealInput) -> AppealPayload | None:
        """Answer."""
        done = await appeals.answer(
            info.context.call.with_key(input.key),
            appeal_id=shared_id(input.appeal_id, "Appeal", "appealId"),
            granted=input.granted,
            said=input.text,
        )
        return AppealPayload(as_of=done.as_of).refer(appeal=(done.id,))

    @mutation("Put an answer off by five working days, once; the person is told why.", CanHandleAppeals)
    async def extend_appeal(self, info: Info[Context, None], input: ExtendAppealInput) -> AppealPayload | None:
        """Put off."""
        appeal_id = shared_id(input.appeal_id, "Appeal", "appealId")
        done = await appeals.extend(info.context.call.with_key(input.key), appeal_id=appeal_id, because=input.reason)
        return AppealPayload(as_of=done.as_of).refer(appeal=(done.id,))
