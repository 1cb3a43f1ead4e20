"""Receiving a laboratory's result: once, filed with the right person, corrections versioned."""

from collections.abc import Sequence
from datetime import datetime

from actions import access, judging
from actions.call import Acting, Ref, action
from actions.text import optional_text, text
from domain.access import Category, Permission
from domain.accounts import Role, Viewer
from domain.audit import AuditAction, AuditEntry
from domain.errors import Forbidden, InvalidInput, PatientAmbiguous, PatientUnknown
from domain.events import Event, EventKind
from domain.flags import Whom, is_abnormal, is_critical
from domain.patients import Sex
from domain.results import Flag, ObservationSent, PersonNamed, ReportSent, ReportStatus
from persistence import patients, results
from persistence.results import DiagnosticReportBody, DiagnosticReportRow, ObservationBody, ObservationRow
from persistence.sealing import Key, Owner
from persistence.statements import Record
from persistence.store import Snapshot, Transaction

MOST_OBSERVATIONS = 200


@action(AuditAction.RECEIVE)
async def receive(acting: Acting, *, person: PersonNamed, report: ReportSent) -> Ref:
    """File a study's report, or a new version of it; the same version again changes nothing.

    Raises:
        PatientUnknown: no identifier names a person here.
        PatientAmbiguous: more than one is named, or birth date or sex disagree.
        InvalidInput: a text is empty or too long.
    """
    patient_id = await admit(acting, person, [report])
    return await file(acting.tx, patient_id, laboratory(acting.viewer), report)


async def admit(acting: Acting, person: PersonNamed, reports: Sequence[ReportSent]) -> int:
    """Return the patient, once all that could refuse these reports has been asked; writes nothing.

    Raises:
        PatientUnknown: no identifier names a person here.
        PatientAmbiguous: more than one is named, or birth date or sex disagree.
        InvalidInput: a text is empty or too long.
        Forbidden: the viewer is no laboratory.
    """
    laboratory(acting.viewer)
    for report in reports:
        _check(report)
    patient_id = await find(acting.tx, person)
    await access.require(acting, Permission.RECEIVE_RESULTS, patient_id)
    return patient_id


async def find(snapshot: Snapshot, person: PersonNamed) -> int:
    """Return the one patient whom a message names; birth date and sex must agree where both sides know them.

    Raises:
        PatientUnknown: no identifier names a person here.
        PatientAmbiguous: more than one is named, or birth date or sex disagree.
    """
    found: set[int] = set()
    for system, value in person.identifiers[:20]:
        found.update(await patients.by_identifier(snapshot, system, value))
    if not found:
        raise PatientUnknown("person")
    known = await patients.by_id(snapshot, next(iter(found)))
    if len(found) > 1 or known is None or not agrees(person, known[1]):
        raise PatientAmbiguous("person")
    return found.pop()


async def file(
    tx: Transaction, patient_id: int, organization_id: int, report: ReportSent, received_at: datetime | None = None
) -> Ref:
    """Write a version of a study, unless it is there already; versions that come at once take turns.

    One older than what counts (a late one, or a message replayed) is kept among the versions and changes nothing else.
    `received_at` is when it came in, if that was before now.
    """
    await patients.lock(tx, patient_id)
    key = await tx.keys.newest(Owner("patient", patient_id))
    panel = f"|{report.panel}" if report.panel else ""
    study_hash = key.hash(f"study|{organization_id}|{report.study}{panel}")
    person = await judging.whom(tx, patient_id, report.observations)
    known = await results.versions(tx, patient_id, study_hash)
    row, body = _report(tx, patient_id, organization_id, study_hash, len(known) + 1, report)
    row.received_at = received_at or tx.now
    observed = [_observation(tx, key, row, sent, person) for sent in _counting(report)]
    counts = results.current(known)
    late = counts is not None and results.moment_of(row).outdated_by(results.moment_of(counts))
    for version in known if late else filter(None, [counts]):
        if await _same(tx, version, row, body, [seen for _, seen in observed]):
            return Ref(patient_id, version.id)
    if late:
        row.replaced_at = tx.now
        for seen, _ in observed:
            seen.replaced_at = tx.now
    elif counts is not None:
        await results.replace(tx, patient_id, counts.id)
    await tx.insert(row, body)
    await tx.insert_all(list(observed))
    tx.audit(AuditEntry(AuditAction.RECEIVE, patient_id=patient_id, categories=(Category.RESULTS,), subject_id=row.id))
    if not late:
        tell(tx, row, [seen.flag for _, seen in observed])
    return Ref(patient_id, row.id)


def _counting(report: ReportSent) -> tuple[ObservationSent, ...]:
    """Return what a version observes; a laboratory that withdraws a study takes its values back with it."""
    return () if report.status is ReportStatus.CANCELLED else report.observations


def tell(tx: Transaction, row: DiagnosticReportRow, flags: Sequence[Flag | None]) -> None:
    """Tell of a version that counts; what is critical is abnormal too."""
    kinds = [EventKind.RESULT_ARRIVED]
    if any(is_abnormal(flag) for flag in flags):
        kinds.append(EventKind.ABNORMAL_RESULT_ARRIVED)
    if any(is_critical(flag) for flag in flags):
        kinds.append(EventKind.CRITICAL_RESULT_ARRIVED)
    for kind in kinds:
        tx.emit(Event(kind, row.id, patient_id=row.patient_id))


async def _same(
    tx: Transaction, version: Record, row: DiagnosticReportRow, body: DiagnosticReportBody, seen: list[ObservationBody]
) -> bool:
    """Return whether a version says what was sent: the same values, judged alike, of the same things."""
    if version.status != row.status:
        return False
    stored = await results.observations(tx, version.patient_id, version.id)
    if [each for _, each in stored] != seen:
        return False
    before = await tx.opened(DiagnosticReportRow, DiagnosticReportBody, version)
    return (before.title, before.conclusion) == (body.title, body.conclusion)


def _report(
    tx: Transaction, patient_id: int, organization_id: int, study_hash: bytes, edition: int, report: ReportSent
) -> tuple[DiagnosticReportRow, DiagnosticReportBody]:
    row = DiagnosticReportRow(
        patient_id=patient_id,
        id=tx.new_id(),
        organization_id=organization_id,
        study_hash=study_hash,
        edition=edition,
        status=report.status.value,
        issued_at=report.issued_at,
        received_at=tx.now,
    )
    return row, DiagnosticReportBody(report.study, report.title, report.code, report.conclusion)


def _observation(
    tx: Transaction, key: Key, report: DiagnosticReportRow, sent: ObservationSent, person: Whom
) -> tuple[ObservationRow, ObservationBody]:
    row = ObservationRow(
        patient_id=report.patient_id,
        id=tx.new_id(),
        report_id=report.id,
        taken_at=sent.taken_at or report.issued_at,
        analyte=key.hash(sent.code),
    )
    return row, judging.judged(sent, person, row.taken_at)


def _check(report: ReportSent) -> None:
    text(report.study, "study", 100)
    text(report.title, "title", 300)
    optional_text(report.conclusion, "conclusion", 20_000)
    if len(report.observations) > MOST_OBSERVATIONS:
        raise InvalidInput("observations")
    for sent in report.observations:
        text(sent.code, "observations.code", 100)
        text(sent.title, "observations.title", 300)
        text(sent.value, "observations.value", 4000)
        for name, value in (("unit", sent.unit), ("low", sent.low), ("high", sent.high), ("flag", sent.flag)):
            optional_text(value, f"observations.{name}", 100)
        optional_text(sent.note, "observations.note", 4000)


def laboratory(viewer: Viewer) -> int:
    """Return the organization that a partner sends results for.

    Raises:
        Forbidden: it is no laboratory and no record system.
    """
    places = viewer.organizations(Role.LABORATORY) + viewer.organizations(Role.RECORD_SYSTEM)
    if not places:
        raise Forbidden
    return places[0]


def agrees(person: PersonNamed, known: patients.PatientBody) -> bool:
    """Return whether birth date and sex agree, where both sides know them."""
    if person.birth_date and known.birth_date and person.birth_date != known.birth_date:
        return False
    return Sex.UNKNOWN in (person.sex, known.sex) or person.sex is known.sex
