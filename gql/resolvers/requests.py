"""Requests: the person's verbs, the reviewer's queue and verbs, and requests as they move."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import strawberry
from strawberry.types import Info

from actions import requests
from actions.call import Ref
from domain.access import StaffPermission
from domain.events import EventKind
from domain.requests import RequestStatus
from gql.context import Context
from gql.permissions.record import CanSubmitRequest, CanWorkRequests
from gql.permissions.session import SignedIn
from gql.permissions.staff import CanWorkQueue
from gql.planning.sources import Connection, Where, root_connection
from gql.resolvers.mutations import mutation, owned_key, shared_id
from gql.resolvers.subscriptions import events_of, subscription
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
        where={"status": Where(QueuedRequestRow.status, Op.EQ, RequestStatus, "Where they stand.")},
        through=QueuedRequestRow,
        at=(QueuedRequestRow.organization_id, StaffPermission.WORK_QUEUE),
    )


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

    @mutation("Grant a request.", CanWorkRequests)
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

    @subscription("A request of the viewer, or in a reviewer's queue, moved.", SignedIn)
    async def request_status_changed(
        self, info: Info[Context, None], after: str | None = None
    ) -> AsyncGenerator[RequestStatusChanged, None]:
        """Yield each move."""
        async for placed in events_of(info, EventKind.REQUEST_STATUS_CHANGED, after):
            yield RequestStatusChanged(cursor=placed.cursor, at=placed.at).refer(request=placed.key)


async def _moved(verb: Callable[..., Awaitable[Ref]], info: Info[Context, None], input: RequestInput) -> RequestPayload:
    patient_id, request_id = owned_key(input.request_id, "PatientRequest", "requestId")
    call = info.context.call.with_key(input.key)
    return _payload(await verb(call, patient_id=patient_id, request_id=request_id, comment=input.comment))


def _payload(done: Ref) -> RequestPayload:
    return RequestPayload(as_of=done.as_of).refer(request=done[:2])
