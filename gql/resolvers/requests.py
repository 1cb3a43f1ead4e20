"""Requests: the person's verbs, the reviewer's queue and verbs, and requests as they move."""

from collections.abc import Awaitable, Callable

import strawberry
from strawberry.types import Info

from actions import queues, requests
from actions.call import Ref
from domain.access import StaffPermission
from domain.appeals import MOSCOW
from domain.changes import FORMS, ChangeCategory, faults
from domain.events import EventKind
from domain.requests import RequestKind, RequestStatus
from gql.context import Context
from gql.permissions.record import CanSubmitRequest, CanWorkRequests
from gql.permissions.session import SignedIn
from gql.permissions.staff import CanWorkQueue
from gql.planning.sources import Connection, Where, root_connection, watched
from gql.resolvers.mutations import mutation, owned_key, shared_id
from gql.resolvers.queries import question
from gql.schema.changes import DataChangeFault, DataChangeForm, DataValueInput, SubmitDataChangeInput
from gql.schema.queues import RequestQueueSummary
from gql.schema.requests import (
    PatientRequest,
    RequestInput,
    RequestPayload,
    RequestStatusChanged,
    SubmitRequestInput,
)
from persistence.requests import QueuedRequestRow
from persistence.tree import Op


@strawberry.type
class RequestQueries:
    """Queues."""

    request_queue: Connection[PatientRequest] | None = root_connection(
        "Requests to the organizations where the viewer is a reviewer, the most urgent first.",
        CanWorkQueue,
        order=[QueuedRequestRow.due_at, QueuedRequestRow.id],
        where={
            "status": Where(QueuedRequestRow.status, Op.EQ, RequestStatus, "Where they stand."),
            "kind": Where(QueuedRequestRow.kind, Op.EQ, RequestKind, "What is asked for."),
        },
        through=QueuedRequestRow,
        at=(QueuedRequestRow.organization_id, StaffPermission.WORK_QUEUE),
    )

    @question(
        "The queues where the viewer is a reviewer in numbers; ask again when `requestQueueChanged` tells of a move.",
        CanWorkQueue,
    )
    async def request_queue_summary(self, info: Info[Context, None]) -> RequestQueueSummary | None:
        """Count."""
        return RequestQueueSummary.of(await queues.summary(info.context.call))

    @question("The forms for changing personal data, so that a client can draw them.", SignedIn)
    async def data_change_forms(self) -> list[DataChangeForm] | None:
        """Return them."""
        return [DataChangeForm.of(form) for form in FORMS.values()]

    @question(
        "What is wrong with a form that isn't sent yet; nothing of it is kept.",
        SignedIn,
        category="What is to change.",
        values="The form as far as it is filled in.",
    )
    async def data_change_faults(
        self, info: Info[Context, None], category: ChangeCategory, values: list[DataValueInput]
    ) -> list[DataChangeFault] | None:
        """Check it."""
        today = info.context.call.app.store.clock().astimezone(MOSCOW).date()
        given = tuple((value.field, value.value) for value in values)
        return [DataChangeFault.of(fault) for fault in faults(category, given, today)]


@strawberry.type
class RequestMutations:
    """Verbs on a request."""

    @mutation("Ask a clinic for something; the request gets its number.", CanSubmitRequest)
    async def submit_request(self, info: Info[Context, None], input: SubmitRequestInput) -> RequestPayload | None:
        """Submit."""
        done = await requests.submit(
            info.context.call.with_key(input.key),
            patient_id=owned_key(input.patient_id, "Patient", "patientId")[0],
            organization_id=shared_id(input.organization_id, "Organization", "organizationId"),
            kind=input.kind,
            words=input.text,
        )
        return _payload(done)

    @mutation("Ask for a change of personal data; every fault of the form is named.", CanSubmitRequest)
    async def submit_data_change(
        self, info: Info[Context, None], input: SubmitDataChangeInput
    ) -> RequestPayload | None:
        """Submit."""
        done = await requests.submit_change(
            info.context.call.with_key(input.key),
            patient_id=owned_key(input.patient_id, "Patient", "patientId")[0],
            organization_id=shared_id(input.organization_id, "Organization", "organizationId"),
            category=input.category,
            values=tuple((value.field, value.value) for value in input.values),
            reason=input.reason,
        )
        return _payload(done)

    @mutation("Give what was asked for.", CanSubmitRequest)
    async def answer_request(self, info: Info[Context, None], input: RequestInput) -> RequestPayload | None:
        """Answer."""
        return await _moved(requests.answer, info, input)

    @mutation("Take a request back.", CanSubmitRequest)
    async def withdraw_request(self, info: Info[Context, None], input: RequestInput) -> RequestPayload | None:
        """Withdraw."""
        return await _moved(requests.withdraw, info, input)

    @mutation("Take a request from the queue into work.", CanWorkRequests)
    async def take_request(self, info: Info[Context, None], input: RequestInput) -> RequestPayload | None:
        """Take."""
        return await _moved(requests.take, info, input)

    @mutation("Ask the person for more.", CanWorkRequests)
    async def ask_for_more(self, info: Info[Context, None], input: RequestInput) -> RequestPayload | None:
        """Ask."""
        return await _moved(requests.ask, info, input)

    @mutation(
        "Grant a request; an approved change of data is applied, by a second reviewer where two must agree.",
        CanWorkRequests,
    )
    async def approve_request(self, info: Info[Context, None], input: RequestInput) -> RequestPayload | None:
        """Approve."""
        return await _moved(requests.approve, info, input)

    @mutation("Refuse a request, with the reason.", CanWorkRequests)
    async def reject_request(self, info: Info[Context, None], input: RequestInput) -> RequestPayload | None:
        """Reject."""
        return await _moved(requests.reject, info, input)


@strawberry.type
class RequestSubscriptions:
    """Requests on screens."""

    request_status_changed: RequestStatusChanged = watched(
        "A request of the viewer, or in a reviewer's queue, moved.",
        SignedIn,
        events={EventKind.REQUEST_STATUS_CHANGED: RequestStatusChanged},
        only="Patient",
    )
    request_queue_changed: RequestStatusChanged = watched(
        "A request came into the queues of the organizations where the viewer is a reviewer, or moved in them.",
        CanWorkQueue,
        events={EventKind.REQUEST_STATUS_CHANGED: RequestStatusChanged},
        at=StaffPermission.WORK_QUEUE,
    )


async def _moved(verb: Callable[..., Awaitable[Ref]], info: Info[Context, None], input: RequestInput) -> RequestPayload:
    patient_id, request_id = owned_key(input.request_id, "PatientRequest", "requestId")
    call = info.context.call.with_key(input.key)
    return _payload(await verb(call, patient_id=patient_id, request_id=request_id, comment=input.comment))


def _payload(done: Ref) -> RequestPayload:
    return RequestPayload(as_of=done.as_of).refer(request=done[:2])
