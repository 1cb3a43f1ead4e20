"""The history of a person's requests as a table to take away (B3)."""

from datetime import datetime
from typing import Final

from actions.call import Call
from domain.access import Category, Permission, Rights
from domain.appeals import MOSCOW
from domain.audit import AuditAction, AuditEntry, Outcome
from domain.errors import Forbidden, NotFound, NotSignedIn, Refusal
from domain.requests import RequestKind, RequestStatus
from domain.spreadsheets import table
from persistence import access, requests, sessions

HEAD: Final = ("Номер", "Что", "Подано", "Срок ответа", "Шаг", "Состояние", "Когда", "Текст", "Комментарий")
KINDS: Final = {
    RequestKind.DATA_CHANGE: "Изменение данных",
    RequestKind.POLICY_EXTENSION: "Продление полиса",
    RequestKind.POLICY_QUESTION: "Вопрос о полисе",
    RequestKind.REFERRAL: "Направление",
    RequestKind.FEEDBACK: "Обратная связь",
    RequestKind.TICKET: "Обращение в поддержку",
}
STATES: Final = {
    RequestStatus.SUBMITTED: "Подано",
    RequestStatus.IN_WORK: "В работе",
    RequestStatus.NEEDS_INFO: "Нужны сведения",
    RequestStatus.APPROVED: "Одобрено",
    RequestStatus.APPLIED: "Изменения применены",
    RequestStatus.REJECTED: "Отказано",
    RequestStatus.WITHDRAWN: "Отозвано",
}


async def as_csv(call: Call, *, patient_id: int) -> bytes:
    """Return every step of every request of a person, oldest first; recorded before it leaves.

    Raises:
        NotSignedIn: the session is over.
        NotFound: the viewer may not learn that there is such a record.
        Forbidden: the viewer may not read all of these requests.
    """
    rights = None
    try:
        async with call.app.store.snapshot() as snapshot:
            viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
            if viewer is None:
                raise NotSignedIn
            rights = Rights(viewer, await access.facts(snapshot, viewer, [patient_id]), snapshot.now)
            decision = rights.decide(Permission.READ_REQUESTS, patient_id)
            if not decision.allowed:
                raise Forbidden if decision.known else NotFound
            asked = await requests.of_patient(snapshot, patient_id)
            steps = await requests.steps_of_patient(snapshot, patient_id)
    except Refusal as refusal:
        entry = AuditEntry(AuditAction.DOWNLOAD, Outcome.REFUSED, patient_id, reason=refusal.code)
        await call.app.audit.recorded([entry], call.origin(rights.viewer if rights else None))
        raise
    entry = AuditEntry(
        AuditAction.DOWNLOAD,
        patient_id=patient_id,
        categories=(Category.REQUESTS,),
        ground=rights.ground(patient_id),
    )
    await call.app.audit.recorded([entry], call.origin(rights.viewer))
    rows: list[tuple[str | None, ...]] = [HEAD]
    for row, body in asked:
        for step, said in steps.get(row.id, ()):
            what = (row.number, KINDS[RequestKind(row.kind)], _told(row.submitted_at), _told(row.due_at))
            moved = (str(step.number), STATES[RequestStatus(step.status)], _told(step.at))
            rows.append((*what, *moved, body.text if step.number == 1 else None, said.comment))
    return table(rows)


def _told(moment: datetime) -> str:
    return moment.astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M")
