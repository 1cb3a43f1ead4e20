"""The life of a patient's request: the person's verbs and the reviewer's."""

from actions import access
from actions.call import Acting, Ref, action
from actions.text import optional_text, text
from domain.access import Category, Permission
from domain.audit import AuditAction, AuditEntry
from domain.errors import InvalidInput, NotFound
from domain.events import Event, EventKind
from domain.lifecycles import require_move
from domain.requests import NEXT, RequestKind, RequestStatus, due_at
from persistence import organizations, requests
from persistence.requests import (
    PatientRequestBody,
    PatientRequestRow,
    QueuedRequestRow,
    RequestStepBody,
    RequestStepRow,
)
from persistence.store import Transaction


@action(AuditAction.SUBMIT)
async def submit(acting: Acting, *, patient_id: int, organization_id: int, kind: RequestKind, words: str) -> Ref:
    """Submit a request to a clinic; it gets its number here.

    Raises:
        NotFound: the viewer may not know this patient, or there is no such clinic.
        Forbidden: the viewer may not ask for this patient.
        InvalidInput: the text is empty or too long.
    """
    tx = acting.tx
    said = text(words, "text", 4000)
    await access.require(acting, Permission.SUBMIT_REQUEST, patient_id)
    if await organizations.by_id(tx, organization_id) is None:
        raise NotFound("organizationId")
    row = _submitted(tx, patient_id, organization_id, kind)
    await tx.insert(row, PatientRequestBody(said))
    await tx.insert(_queued(row))
    await _step(acting, row, None, AuditAction.SUBMIT)
    return Ref(patient_id, row.id)


@action(AuditAction.TAKE)
async def take(acting: Acting, *, patient_id: int, request_id: int, comment: str | None = None) -> Ref:
    """Take a request from the queue into work."""
    return await _work(acting, patient_id, request_id, RequestStatus.IN_WORK, comment, AuditAction.TAKE)


@action(AuditAction.ASK)
async def ask(acting: Acting, *, patient_id: int, request_id: int, comment: str | None = None) -> Ref:
    """Ask the person for more; the comment says what."""
    said = _needed(comment)
    return await _work(acting, patient_id, request_id, RequestStatus.NEEDS_INFO, said, AuditAction.ASK)


@action(AuditAction.APPROVE)
async def approve(acting: Acting, *, patient_id: int, request_id: int, comment: str | None = None) -> Ref:
    """Grant a request."""
    return await _work(acting, patient_id, request_id, RequestStatus.APPROVED, comment, AuditAction.APPROVE)


@action(AuditAction.REJECT)
async def reject(acting: Acting, *, patient_id: int, request_id: int, comment: str | None = None) -> Ref:
    """Refuse a request; the comment says why."""
    said = _needed(comment)
    return await _work(acting, patient_id, request_id, RequestStatus.REJECTED, said, AuditAction.REJECT)


@action(AuditAction.ANSWER)
async def answer(acting: Acting, *, patient_id: int, request_id: int, comment: str | None = None) -> Ref:
    """Give what was asked for; the request goes back into work."""
    said = _needed(comment)
    await access.require(acting, Permission.SUBMIT_REQUEST, patient_id)
    row, body = await _found(acting, patient_id, request_id)
    if row.status != RequestStatus.NEEDS_INFO:
        require_move({}, RequestStatus(row.status), RequestStatus.IN_WORK)
    await _move(acting, row, body, RequestStatus.IN_WORK, said, AuditAction.ANSWER)
    return Ref(patient_id, request_id)


@action(AuditAction.WITHDRAW)
async def withdraw(acting: Acting, *, patient_id: int, request_id: int, comment: str | None = None) -> Ref:
    """Take a request back."""
    await access.require(acting, Permission.SUBMIT_REQUEST, patient_id)
    row, body = await _found(acting, patient_id, request_id)
    await _move(acting, row, body, RequestStatus.WITHDRAWN, comment, AuditAction.WITHDRAW)
    return Ref(patient_id, request_id)


async def _work(
    acting: Acting, patient_id: int, request_id: int, to: RequestStatus, comment: str | None, what: AuditAction
) -> Ref:
    """Move a request as a reviewer of the organization that it belongs to."""
    row, body = await _found(acting, patient_id, request_id)
    await access.require(acting, Permission.WORK_REQUESTS, patient_id, row.organization_id)
    await _move(acting, row, body, to, comment, what)
    return Ref(patient_id, request_id)


async def _found(acting: Acting, patient_id: int, request_id: int) -> tuple[PatientRequestRow, PatientRequestBody]:
    found = await requests.by_id(acting.tx, patient_id, request_id)
    if found is None:
        raise NotFound
    return found


async def _move(
    acting: Acting,
    row: PatientRequestRow,
    body: PatientRequestBody,
    to: RequestStatus,
    comment: str | None,
    what: AuditAction,
) -> None:
    said = optional_text(comment, "comment", 2000)
    require_move(NEXT, RequestStatus(row.status), to)
    row.status, row.changed_at = to.value, acting.tx.now
    by_reviewer = what not in (AuditAction.ANSWER, AuditAction.WITHDRAW)
    new = PatientRequestBody(body.text, said if by_reviewer and said else body.answer)
    if not await acting.tx.reseal(row, new):
        raise NotFound  # pragma: no cover - the row was locked by no one, so someone else moved it just now
    await requests.requeue(acting.tx, row)
    await _step(acting, row, said, what)


async def _step(acting: Acting, row: PatientRequestRow, comment: str | None, what: AuditAction) -> None:
    tx = acting.tx
    step = RequestStepRow(
        patient_id=row.patient_id,
        id=tx.new_id(),
        request_id=row.id,
        status=row.status,
        at=tx.now,
        account_id=acting.viewer.account_id,
    )
    await tx.insert(step, RequestStepBody(comment))
    tx.audit(AuditEntry(what, patient_id=row.patient_id, categories=(Category.REQUESTS,), subject_id=row.id))
    tx.emit(
        Event(
            EventKind.REQUEST_STATUS_CHANGED,
            row.id,
            patient_id=row.patient_id,
            organization_id=row.organization_id,
        )
    )


def _submitted(tx: Transaction, patient_id: int, organization_id: int, kind: RequestKind) -> PatientRequestRow:
    row_id = tx.new_id()
    return PatientRequestRow(
        patient_id=patient_id,
        id=row_id,
        number=f"{tx.now.year}-{row_id:09d}",
        kind=kind.value,
        status=RequestStatus.SUBMITTED.value,
        organization_id=organization_id,
        submitted_at=tx.now,
        changed_at=tx.now,
        due_at=due_at(kind, tx.now),
    )


def _queued(row: PatientRequestRow) -> QueuedRequestRow:
    return QueuedRequestRow(
        organization_id=row.organization_id,
        id=row.id,
        patient_id=row.patient_id,
        status=row.status,
        kind=row.kind,
        due_at=row.due_at,
    )


def _needed(comment: str | None) -> str:
    if comment is None:
        raise InvalidInput("comment")
    return text(comment, "comment", 2000)
