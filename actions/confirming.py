"""Registration, the house's side: matched with the registry behind the answers, decided by an operator, confirmed."""

from typing import Final

import msgspec
import structlog

from actions import access, registry
from actions.call import Acting, Call, Ref, action
from actions.population import Answer
from actions.registry import Person
from actions.tasks import Work
from actions.text import optional_text
from domain.access import Facts, Rights, StaffPermission
from domain.accounts import IdentityLevel, Viewer
from domain.audit import AuditAction, AuditEntry, Outcome
from domain.errors import IllegalTransition, InvalidInput, NotFound, NotSignedIn
from domain.events import Event, EventKind
from domain.lifecycles import require_move
from domain.patients import IdentifierSystem
from domain.registration import NEXT, Complaint, ComplaintCode, PersonalData, RegistrationState, doubts
from persistence import accounts, patients, sessions, tasks
from persistence import registration as registrations
from persistence.registration import RegistrationBody, RegistrationRow
from persistence.store import Snapshot, Transaction

S = RegistrationState
MATCH: Final = "match-registry"
"""The kind of the task that asks the population registry."""
PATIENCE: Final = 6
"""Attempts, some three minutes, until a registry that doesn't answer is given up for a person's eyes."""
log = structlog.get_logger()


async def moved(tx: Transaction, row: RegistrationRow, body: RegistrationBody, to: RegistrationState) -> None:
    """Move a registration and tell of it.

    Raises:
        IllegalTransition: the table has no such move.
    """
    require_move(NEXT, S(row.state), to)
    row.state = to.value
    await change(tx, row, body)


async def change(tx: Transaction, row: RegistrationRow, body: RegistrationBody) -> None:
    """Write a registration, record it, and tell its owner's screens."""
    row.changed_at = tx.now
    if not await tx.reseal(row, body):
        raise IllegalTransition  # pragma: no cover - the row is locked
    tx.audit(AuditEntry(AuditAction.REGISTER, subject_id=row.id, reason=row.state))
    tx.emit(Event(EventKind.REGISTRATION_CHANGED, row.id, account_id=row.id))


async def match(work: Work) -> None:
    """Ask the registry about a registration; an answer to an earlier question counts no more."""
    store = work.app.store
    async with store.snapshot() as snapshot:
        given = await snapshot.opened(tasks.TaskRow, tasks.TaskBody, work.task)
    account_id, number = msgspec.json.decode(given.given, type=tuple[int, int])
    async with store.begin() as tx:
        found = await _waiting(tx, account_id, number)
    person = registrations.personal(found[1]) if found else None
    if person is None:
        return
    answer = await _asked(work, person)
    async with store.begin() as tx:
        found = await _waiting(tx, account_id, number)
        if found is not None:
            await _answered(tx, *found, person, answer)


async def _waiting(tx: Transaction, account_id: int, number: int) -> tuple[RegistrationRow, RegistrationBody] | None:
    found = await registrations.locked(tx, account_id)
    return found if found and found[0].state == S.CHECKING and found[0].round == number else None


async def _asked(work: Work, person: PersonalData) -> Answer | None:
    """Return the registry's answer; None where it has none to give."""
    population = work.app.population
    if population is None:
        return None
    try:
        return await population.match(person)
    except Exception as error:
        if work.task.attempts < PATIENCE:
            raise
        log.warning("the population registry is given up", error=type(error).__name__)
        return None


async def _answered(
    tx: Transaction, row: RegistrationRow, body: RegistrationBody, person: PersonalData, answer: Answer | None
) -> None:
    found = list(doubts(person))
    to = S.FACTOR
    if answer is None:
        found.append(Complaint("", ComplaintCode.REGISTRY_AWAY))
    elif not answer.known:
        to = S.CORRECTION
        found.append(Complaint("", ComplaintCode.REGISTRY_UNKNOWN))
    elif answer.disagreeing:
        to = S.CORRECTION
        found += [Complaint(field, ComplaintCode.REGISTRY_DISAGREES) for field in answer.disagreeing]
    else:
        account = await accounts.opened(tx, row.id)
        assert account is not None, "a registration has an account"
        obstacle = await _obstacle(tx, person, account[1].phone, row.id, seen=False)
        found += [Complaint("snils", obstacle)] if obstacle else []
        account[0].level = IdentityLevel.STANDARD.value
        await accounts.change(tx, *account)
    await moved(tx, row, msgspec.structs.replace(body, complaints=tuple(found)), to)


async def confirmed(tx: Transaction, row: RegistrationRow, body: RegistrationBody, *, seen: bool) -> None:
    """Confirm an identity: the account gets its record, and level CONFIRMED; or it is said what stands against it.

    `seen`: a person has compared face and document.
    """
    person, account = registrations.personal(body), await accounts.opened(tx, row.id)
    assert person is not None, "a registration that far has data"
    if account is None:
        raise NotFound
    obstacle = await _obstacle(tx, person, account[1].phone, row.id, seen=seen)
    if obstacle is not None:
        complaints = (Complaint("snils", obstacle),)
        await moved(tx, row, msgspec.structs.replace(body, complaints=complaints), S.CORRECTION)
        return
    known = await patients.by_identifier(tx, IdentifierSystem.SNILS, person.snils)
    patient_id = known[0] if known else await _new_patient(tx, person, account[1].phone, account[1].email)
    account[0].level, account[0].patient_id = IdentityLevel.CONFIRMED.value, patient_id
    await accounts.change(tx, *account, name=f"{person.given} {person.family}")
    await registrations.forget_scans(tx, row.id)
    await moved(tx, row, msgspec.structs.replace(body, complaints=()), S.CONFIRMED)


async def _new_patient(tx: Transaction, person: PersonalData, phone: str | None, email: str | None) -> int:
    numbers = [
        (IdentifierSystem.SNILS, person.snils),
        (IdentifierSystem.PASSPORT, person.passport),
        (IdentifierSystem.OMS, person.policy),
    ]
    names = (person.family, person.given, person.patronymic, person.birth_date, person.sex)
    return await registry.add_patient(tx, Person(*names, phone, email, None, numbers))


async def _obstacle(
    tx: Transaction, person: PersonalData, phone: str | None, account_id: int, *, seen: bool
) -> ComplaintCode | None:
    """Return what keeps a person from the record that there is already under the SNILS."""
    known = await patients.by_identifier(tx, IdentifierSystem.SNILS, person.snils)
    if not known:
        return None
    if len(known) > 1:
        return ComplaintCode.RECORD_ELSEWHERE
    if await accounts.holder(tx, known[0]) not in (None, account_id):
        return ComplaintCode.ALREADY_REGISTERED
    found = await patients.by_id(tx, known[0])
    same = found is not None and found[1].birth_date == person.birth_date
    if not same or (not seen and (found is None or found[1].phone != phone)):
        return ComplaintCode.RECORD_ELSEWHERE
    return None


@action(AuditAction.DECIDE_IDENTITY, ids=lambda _: 32)
async def decide(acting: Acting, *, account_id: int, granted: bool, comment: str | None) -> Ref:
    """Say whether the face is the document's; a refusal says why.

    Raises:
        Forbidden: the viewer checks no identities.
        NotFound: nobody such waits for it.
        InvalidInput: a refusal has no comment.
    """
    access.places(acting, StaffPermission.CHECK_IDENTITY)
    said = optional_text(comment, "comment", 1000)
    if said is None and not granted:
        raise InvalidInput("comment")
    found = await registrations.locked(acting.tx, account_id)
    if found is None or found[0].state != S.VIDEO or account_id == acting.viewer.account_id:
        raise NotFound("registrationId")
    row, body = found
    row.decided_by = acting.viewer.account_id
    if granted:
        await confirmed(acting.tx, row, body, seen=True)
    else:
        complaints = (Complaint("", ComplaintCode.OPERATOR, said),)
        await moved(acting.tx, row, msgspec.structs.replace(body, complaints=complaints), S.CORRECTION)
    acting.tx.audit(AuditEntry(AuditAction.DECIDE_IDENTITY, subject_id=account_id))
    return Ref(0, account_id)


async def fetch_scan(call: Call, *, scan_id: int) -> tuple[str, bytes]:
    """Return a file's type and bytes: to its owner, or to an operator while the owner waits for a video check.

    Raises:
        NotSignedIn: the session is over.
        NotFound: there is no such file that the viewer may see.
    """
    viewer = None
    try:
        async with call.app.store.snapshot() as snapshot:
            viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
            if viewer is None:
                raise NotSignedIn
            media_type, content, account_id = await _scan(snapshot, viewer, scan_id)
    except (NotSignedIn, NotFound) as refusal:
        entry = AuditEntry(AuditAction.OPEN_SCAN, Outcome.REFUSED, reason=refusal.code)
        await call.app.audit.recorded([entry], call.origin(viewer))
        refusal.recorded = True
        raise
    await call.app.audit.recorded([AuditEntry(AuditAction.OPEN_SCAN, subject_id=account_id)], call.origin(viewer))
    return media_type, content


async def _scan(snapshot: Snapshot, viewer: Viewer, scan_id: int) -> tuple[str, bytes, int]:
    """Return type, bytes and owner of a file that the viewer may see."""
    scan = await registrations.scan(snapshot, scan_id)
    if scan is None or not scan.accepted:
        raise NotFound
    if scan.account_id != viewer.account_id:
        checks = Rights(viewer, Facts(), snapshot.now).places(StaffPermission.CHECK_IDENTITY)
        if not checks or await registrations.state(snapshot, scan.account_id) != S.VIDEO:
            raise NotFound
    content = await registrations.content(snapshot, scan_id)
    if not content:
        raise NotFound
    return str(scan.media_type), content, scan.account_id
