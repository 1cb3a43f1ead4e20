"""Receiving a laboratory's result: once, filed with the right person, corrections versioned."""

from collections.abc import Sequence

from actions import access
from actions.call import Acting, Ref, action
from actions.text import optional_text, text
from domain.access import Category, Permission
from domain.accounts import Role, Viewer
from domain.audit import AuditAction, AuditEntry
from domain.errors import Forbidden, InvalidInput, PatientAmbiguous, PatientUnknown
from domain.events import Event, EventKind
from domain.flags import flag_of, is_abnormal
from domain.patients import Sex
from domain.results import ObservationSent, PersonNamed, ReportSent
from persistence import patients, results
from persistence.results import DiagnosticReportBody, DiagnosticReportRow, ObservationBody, ObservationRow
from persistence.sealing import Key, Owner
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


async def file(tx: Transaction, patient_id: int, organization_id: int, report: ReportSent) -> Ref:
    """Write a version of a study, unless the newest one says the same; versions that come at once take turns."""
    await patients.lock(tx, patient_id)
    key = await tx.keys.newest(Owner("patient", patient_id))
    panel = f"|{report.panel}" if report.panel else ""
    study_hash = key.hash(f"study|{organization_id}|{report.study}{panel}")
    latest = await results.latest(tx, patient_id, study_hash)
    if latest is not None:
        if await _same(tx, patient_id, latest.id, report):
            return Ref(patient_id, latest.id)
        await results.replace(tx, patient_id, latest.id)
    edition = latest.edition + 1 if latest else 1
    row, body = _report(tx, patient_id, organization_id, study_hash, edition, report)
    observed = [_observation(tx, key, row, sent) for sent in report.observations]
    await tx.insert(row, body)
    await tx.insert_all(list(observed))
    _tell(tx, row, any(is_abnormal(seen.flag) for _, seen in observed))
    return Ref(patient_id, row.id)


def _tell(tx: Transaction, row: DiagnosticReportRow, abnormal: bool) -> None:
    categories = (Category.RESULTS,)
    tx.audit(AuditEntry(AuditAction.RECEIVE, patient_id=row.patient_id, categories=categories, subject_id=row.id))
    tx.emit(Event(EventKind.RESULT_ARRIVED, row.id, patient_id=row.patient_id))
    if abnormal:
        tx.emit(Event(EventKind.ABNORMAL_RESULT_ARRIVED, row.id, patient_id=row.patient_id))


async def _same(tx: Transaction, patient_id: int, report_id: int, report: ReportSent) -> bool:
    """Return whether a version says what was sent: status aside, the same values of the same things."""
    stored = await results.observations(tx, patient_id, report_id)
    have = [(body.code, body.title, body.value, body.unit, body.low, body.high, body.note) for _, body in stored]
    sent = [(o.code, o.title, o.value, o.unit, o.low, o.high, o.note) for o in report.observations]
    row = await results.by_id(tx, patient_id, report_id)
    assert row is not None
    same_words = (row[1].title, row[1].conclusion) == (report.title, report.conclusion)
    return have == sent and same_words and row[0].status == report.status.value


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
    tx: Transaction, key: Key, report: DiagnosticReportRow, sent: ObservationSent
) -> tuple[ObservationRow, ObservationBody]:
    row = ObservationRow(
        patient_id=report.patient_id,
        id=tx.new_id(),
        report_id=report.id,
        taken_at=sent.taken_at or report.issued_at,
        analyte=key.hash(sent.code),
    )
    flag = flag_of(sent.value, sent.low, sent.high, sent.flag)
    body = ObservationBody(
        sent.code, sent.title, sent.value, sent.unit, sent.low, sent.high, flag, sent.note, sent.system
    )
    return row, body


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
