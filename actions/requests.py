"""The life of a patient's request: the person's verbs and the reviewer's."""

import msgspec

from actions import access, changes
from actions.call import Acting, Ref, action
from actions.text import optional_text, text
from domain.access import Category, Permission
from domain.appeals import MOSCOW
from domain.audit import AuditAction, AuditEntry
from domain.changes import FORMS, ChangeCategory, Values
from domain.errors import AnotherReviewerNeeded, Forbidden, IllegalTransition, InvalidInput, NotFound
from domain.events import Event, EventKind
from domain.lifecycles import require_move
from domain.requests import BEGUN, RequestKind, RequestStatus, due_at, moves
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
        InvalidInput: the text is empty or too long, or the kind has a form of its own.
    """
    if kind is RequestKind.DATA_CHANGE:
        raise InvalidInput("kind", "submitDataChange")
    body = PatientRequestBody(text(words, "text", 4000))
    return await _begin(acting, patient_id, organization_id, kind, body)


@action(AuditAction.SUBMIT)
async def submit_change(
    acting: Acting, *, patient_id: int, organization_id: int, category: ChangeCategory, values: Values, reason: str
) -> Ref:
    """Ask for a change of personal data by its category's form.

    Raises:
        NotFound: the viewer may not know this patient, or there is no such clinic.
        Forbidden: the viewer may not ask for this patient.
        InvalidInput: something is wrong with the form; every fault is named, with what was probably meant.
    """
    said = text(reason, "reason", 4000)
    good = changes.checked(category, values, acting.tx.now.astimezone(MOSCOW).date())
    body = PatientRequestBody(said, category=category.value, values=good)
    return await _begin(acting, patient_id, organization_id, RequestKind.DATA_CHANGE, body)


@action(AuditAction.TAKE)
async def take(acting: Acting, *, patient_id: int, request_id: int, comment: str | None = None) -> Ref:
    """Take a request from the queue into work; the viewer is its reviewer from then on."""
    return await _work(acting, patient_id, request_id, RequestStatus.IN_WORK, comment, AuditAction.TAKE)


@action(AuditAction.ASK)
async def ask(acting: Acting, *, patient_id: int, request_id: int, comment: str | None = None) -> Ref:
    """Ask the person for more; the comment says what."""
    said = _needed(comment)
    return await _work(acting, patient_id, request_id, RequestStatus.NEEDS_INFO, said, AuditAction.ASK)


@action(AuditAction.APPROVE)
async def approve(acting: Acting, *, patient_id: int, request_id: int, comment: str | None = None) -> Ref:
    """Grant a request; an approved change of data is applied at once, or by a second reviewer where two must agree.

    Raises:
        AnotherReviewerNeeded: the viewer has approved this change already.
        PatientAmbiguous: the new number is another person's.
    """
    row, body = await _mine(acting, patient_id, request_id)
    category = ChangeCategory(body.category) if body.category else None
    if category is None or row.status != RequestStatus.APPROVED:
        body = msgspec.structs.replace(body, approved_by=acting.viewer.account_id)
        body = await _move(acting, row, body, RequestStatus.APPROVED, comment, AuditAction.APPROVE)
        if category is None or FORMS[category].four_eyes:
            return Ref(patient_id, request_id)
    elif body.approved_by == acting.viewer.account_id:
        raise AnotherReviewerNeeded
    former = await changes.apply(acting.tx, patient_id, body)
    body = msgspec.structs.replace(body, former=former)
    await _move(acting, row, body, RequestStatus.APPLIED, comment, AuditAction.APPLY)
    return Ref(patient_id, request_id)


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
    row, body = await _mine(acting, patient_id, request_id)
    if what is AuditAction.TAKE:
        row.assignee_id = acting.viewer.account_id
    await _move(acting, row, body, to, comment, what)
    return Ref(patient_id, request_id)


async def _begin(
    acting: Acting, patient_id: int, organization_id: int, kind: RequestKind, body: PatientRequestBody
) -> Ref:
    tx = acting.tx
    await access.require(acting, Permission.SUBMIT_REQUEST, patient_id)
    if await organizations.by_id(tx, organization_id) is None:
        raise NotFound("organizationId")
    row = _submitted(tx, patient_id, organization_id, kind)
    await tx.insert(row, body)
    await tx.insert(_queued(row))
    await _step(acting, row, None, AuditAction.SUBMIT)
    return Ref(patient_id, row.id)


async def _mine(acting: Acting, patient_id: int, request_id: int) -> tuple[PatientRequestRow, PatientRequestBody]:
    """Return a request that the viewer may work on: of an organization of theirs, and not about themselves."""
    row, body = await _found(acting, patient_id, request_id)
    await access.require(acting, Permission.WORK_REQUESTS, patient_id, row.organization_id)
    if acting.viewer.patient_id == patient_id:
        raise Forbidden
    return row, body


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
) -> PatientRequestBody:
    said = optional_text(comment, "comment", 2000)
    require_move(moves(RequestKind(row.kind)), RequestStatus(row.status), to)
    row.was, row.status, row.changed_at = row.status, to.value, acting.tx.now
    row.steps += 1
    by_reviewer = what not in (AuditAction.ANSWER, AuditAction.WITHDRAW)
    new = msgspec.structs.replace(body, answer=said if by_reviewer and said else body.answer)
    if not await acting.tx.reseal(row, new):
        raise IllegalTransition  # the row was locked by no one, so someone else moved it just now
    await requests.requeue(acting.tx, row, acting.tx.now if by_reviewer else None)
    await _step(acting, row, said, what)
    return new


async def _step(acting: Acting, row: PatientRequestRow, comment: str | None, what: AuditAction) -> None:
    tx = acting.tx
    step = RequestStepRow(
        patient_id=row.patient_id,
        id=tx.new_id(),
        request_id=row.id,
        number=row.steps,
        kind=row.kind,
        was=row.was,
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
        was=BEGUN,
        status=RequestStatus.SUBMITTED.value,
        steps=1,
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
        submitted_at=row.submitted_at,
    )


def _needed(comment: str | None) -> str:
    if comment is None:
        raise InvalidInput("comment")
    return text(comment, "comment", 2000)
