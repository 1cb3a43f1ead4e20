"""Appeals of data subjects: asked, put off once, answered, within the law's clocks (H3)."""

from typing import Final

from actions import access, factors
from actions.call import Acting, Ref, action
from actions.text import text
from domain.access import Category, Permission, StaffPermission
from domain.appeals import EXTENSION, WORKING_DAYS, AppealKind, AppealState, due
from domain.audit import AuditAction, AuditEntry
from domain.errors import IllegalTransition, InvalidInput, NotFound
from domain.events import Event, EventKind
from persistence import appeals, audit, tasks
from persistence.appeals import AppealBody, AppealRow

LONGEST: Final = 4000
EXPORT: Final = "export"
"""The kind of the task that makes a copy."""
ERASE: Final = "erase"


@action(AuditAction.DATA_REQUEST)
async def submit(acting: Acting, *, patient_id: int, kind: AppealKind, said: str) -> Ref:
    """Ask for a copy, a correction, a restriction or an erasure; a copy is begun at once.

    Raises:
        NotFound: the viewer may not learn that there is such a record.
        InvalidInput: the text is empty or too long, or an entry is asked about without naming it.
        StepUpNeeded: a copy is for whoever has shown a second factor lately.
    """
    if kind is AppealKind.ENTRY:
        raise InvalidInput("kind")
    said = text(said, "text", LONGEST)
    await access.require(acting, Permission.APPEAL, patient_id)
    task_id = None
    if kind is AppealKind.COPY:
        await access.require(acting, Permission.READ_RECORD, patient_id)
        factors.require_fresh(acting)
        task_id = await tasks.add(acting.tx, EXPORT, patient_id=patient_id, account_id=acting.viewer.account_id)
    what = AuditAction.EXPORT if kind is AppealKind.COPY else AuditAction.DATA_REQUEST
    return await _add(acting, patient_id, kind, said, what, task_id=task_id)


@action(AuditAction.ASK_ENTRY)
async def ask_about(acting: Acting, *, entry_id: int, said: str) -> Ref:
    """Ask why somebody has opened the record; security sees the question beside the entry.

    Raises:
        NotFound: there is no such entry about a record of the viewer's.
        InvalidInput: the text is empty or too long.
    """
    said = text(said, "text", LONGEST)
    patient_id = await audit.patient_of(acting.tx, entry_id)
    if patient_id is None:
        raise NotFound("entryId")
    await access.require(acting, Permission.APPEAL, patient_id)
    return await _add(acting, patient_id, AppealKind.ENTRY, said, AuditAction.ASK_ENTRY, entry_id=entry_id)


@action(AuditAction.ANSWER_ENTRY)
async def answer(acting: Acting, *, appeal_id: int, granted: bool, said: str) -> Ref:
    """Answer an appeal; an erasure that is granted is begun.

    Raises:
        Forbidden: the viewer handles no appeals.
        NotFound: there is none such.
        IllegalTransition: it is answered.
    """
    said = text(said, "answer", LONGEST)
    row, body = await _open(acting, appeal_id)
    row.state = (AppealState.GRANTED if granted else AppealState.REFUSED).value
    row.closed_at, row.closed_by = acting.tx.now, acting.viewer.account_id
    if granted and row.kind == AppealKind.ERASURE:
        row.task_id = await tasks.add(acting.tx, ERASE, patient_id=row.patient_id, account_id=row.closed_by)
    await _change(acting, row, AppealBody(body.text, said, body.extended_because), AuditAction.ANSWER_ENTRY)
    return Ref(row.patient_id, row.id)


@action(AuditAction.DATA_REQUEST_EXTEND)
async def extend(acting: Acting, *, appeal_id: int, because: str) -> Ref:
    """Put an answer off by five working days, once; the person is told why (152-FZ, articles 14 and 20).

    Raises:
        Forbidden: the viewer handles no appeals.
        NotFound: there is none such.
        IllegalTransition: it is answered, overdue, or was put off before.
    """
    because = text(because, "reason", LONGEST)
    row, body = await _open(acting, appeal_id)
    if row.extended_at is not None or row.due_at < acting.tx.now:
        raise IllegalTransition("appealId")
    row.extended_at, row.due_at = acting.tx.now, due(row.due_at, EXTENSION)
    await _change(acting, row, AppealBody(body.text, body.answer, because), AuditAction.DATA_REQUEST_EXTEND)
    return Ref(row.patient_id, row.id)


async def _add(
    acting: Acting,
    patient_id: int,
    kind: AppealKind,
    said: str,
    what: AuditAction,
    *,
    entry_id: int | None = None,
    task_id: int | None = None,
) -> Ref:
    tx = acting.tx
    row = AppealRow(
        id=tx.new_id(),
        patient_id=patient_id,
        account_id=acting.viewer.account_id,
        kind=kind.value,
        state=AppealState.OPEN.value,
        received_at=tx.now,
        due_at=due(tx.now, WORKING_DAYS[kind]),
        entry_id=entry_id,
        task_id=task_id,
    )
    await tx.insert(row, AppealBody(said))
    _tell(acting, row, what)
    return Ref(patient_id, row.id)


async def _open(acting: Acting, appeal_id: int) -> tuple[AppealRow, AppealBody]:
    """Return an appeal that waits for its answer, if the viewer may give it."""
    access.places(acting, StaffPermission.HANDLE_APPEALS)
    found = await appeals.by_id(acting.tx, appeal_id)
    if found is None:
        raise NotFound("appealId")
    if found[0].state != AppealState.OPEN:
        raise IllegalTransition("appealId")
    return found


async def _change(acting: Acting, row: AppealRow, body: AppealBody, what: AuditAction) -> None:
    if not await acting.tx.reseal(row, body):
        raise IllegalTransition("appealId")
    _tell(acting, row, what)


def _tell(acting: Acting, row: AppealRow, what: AuditAction) -> None:
    categories = (Category.ACCESS_LOG,)
    acting.tx.audit(AuditEntry(what, patient_id=row.patient_id, categories=categories, subject_id=row.id))
    acting.tx.emit(Event(EventKind.APPEAL_CHANGED, row.id, patient_id=row.patient_id, organization_id=0))
