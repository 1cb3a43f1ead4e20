"""Reports and measurements, by the rules of results: a correction is a new edition, the earlier one stays readable."""

from collections.abc import Sequence
from typing import NamedTuple

from actions import judging
from actions.importing.directory import Directory
from actions.importing.tally import Change, Tally
from actions.results import tell
from domain.flags import Whom
from domain.record import LooseObservation, RecordSent, ReportFound
from persistence import imported, results
from persistence.results import DiagnosticReportBody, DiagnosticReportRow, ObservationBody, ObservationRow
from persistence.sealing import Key, Owner
from persistence.statements import Record
from persistence.store import Transaction


class _Measured(NamedTuple):
    """A measurement as it would be written, and what is there of it."""

    sent: LooseObservation
    name: bytes
    body: ObservationBody
    known: Record | None
    same: bool


async def file_results(tx: Transaction, directory: Directory, patient_id: int, sent: RecordSent, tally: Tally) -> None:
    """File what a bundle measured of one person."""
    if not (sent.reports or sent.observations):
        return
    key = await tx.keys.newest(Owner("patient", patient_id))
    known = dict(await imported.of_patient(tx, ObservationRow, patient_id))
    measured = [each.observation for each in (*sent.observations, *_of_reports(sent))]
    person = await judging.whom(tx, patient_id, measured)
    filing = _Filing(tx, directory.partner_id, patient_id, key, known, tally, person)
    for report in sent.reports:
        await filing.report(report)
    for observation in sent.observations:
        await filing.loose(observation)
    await filing.done()


def _of_reports(sent: RecordSent) -> list[LooseObservation]:
    return [each for report in sent.reports for each in report.observations]


class _Filing:
    """One person's results being filed."""

    def __init__(
        self,
        tx: Transaction,
        partner_id: int,
        patient_id: int,
        key: Key,
        known: dict[bytes, Record],
        tally: Tally,
        person: Whom,
    ) -> None:
        self._tx = tx
        self._partner_id = partner_id
        self._patient_id = patient_id
        self._key = key
        self._known = known
        self._tally = tally
        self._person = person
        self._reports: list[tuple[DiagnosticReportRow, DiagnosticReportBody]] = []
        self._observations: list[tuple[ObservationRow, ObservationBody]] = []

    async def done(self) -> None:
        """Write all that is new."""
        await self._tx.insert_all(list(self._reports))
        await self._tx.insert_all(list(self._observations))

    async def report(self, found: ReportFound) -> None:
        """File a report, unless its newest edition says the same."""
        study = self._key.hash(f"study|{self._partner_id}|{found.source}")
        versions = await results.versions(self._tx, self._patient_id, study)
        latest = results.current(versions)
        measured = [await self._measured(each) for each in found.observations]
        row = self._report_row(found, study, latest, len(versions) + 1)
        if latest is not None and (_late(row, latest) or await self._same(latest, found, measured)):
            self._note(found, Change.UNCHANGED, measured)
            return
        if latest is not None:
            await results.replace(self._tx, self._patient_id, latest.id)
            self._known = {name: row for name, row in self._known.items() if row.report_id != latest.id}
        body = DiagnosticReportBody(found.report.study, found.report.title, found.report.code, found.report.conclusion)
        self._reports.append((row, body))
        await self._file(row, measured)
        self._note(found, Change.CHANGED if latest else Change.CREATED, measured)
        tell(self._tx, row, [each.body.flag for each in measured if not each.sent.withdrawn])

    async def loose(self, sent: LooseObservation) -> None:
        """File a measurement that is in no report of this bundle; in one that came before it stays there."""
        each = await self._measured(sent)
        if not each.same or sent.withdrawn:
            report_id = each.known.report_id if each.known else None
            await self._replaced(each)
            if not sent.withdrawn:
                self._add(each, report_id, None)
        self._tally.note(sent, _change(each))

    async def _file(self, report: DiagnosticReportRow, measured: Sequence[_Measured]) -> None:
        for each in measured:
            await self._replaced(each)
            if not each.sent.withdrawn:
                self._add(each, report.id, report)

    async def _replaced(self, each: _Measured) -> None:
        if each.known is not None:
            await results.replace_one(self._tx, self._patient_id, each.known.id)
            self._known.pop(each.name, None)

    def _add(self, each: _Measured, report_id: int | None, report: DiagnosticReportRow | None) -> None:
        taken_at = each.sent.observation.taken_at
        if taken_at is None:
            taken_at = report.issued_at if report else each.known.taken_at if each.known else self._tx.now
        row = ObservationRow(
            patient_id=self._patient_id,
            id=self._tx.new_id(),
            report_id=report_id,
            taken_at=taken_at,
            analyte=self._key.hash(each.body.code),
            source_hash=each.name,
        )
        self._observations.append((row, each.body))

    async def _measured(self, sent: LooseObservation) -> _Measured:
        name = self._key.hash(f"source|{self._partner_id}|{sent.source}")
        o = sent.observation
        known = self._known.get(name)
        body = judging.judged(o, self._person, o.taken_at or (known.taken_at if known else self._tx.now))
        same = known is not None and o.taken_at in (None, known.taken_at)
        if known is not None and same:
            same = await self._tx.opened(ObservationRow, ObservationBody, known) == body
        return _Measured(sent, name, body, known, same)

    async def _same(self, latest: Record, found: ReportFound, measured: Sequence[_Measured]) -> bool:
        """Return whether the newest edition says what was sent, of the same things with the same values."""
        if latest.status != found.report.status.value or (found.dated and latest.issued_at != found.report.issued_at):
            return False
        wanted = [each for each in measured if not each.sent.withdrawn]
        if not all(each.same and each.known and each.known.report_id == latest.id for each in wanted):
            return False
        if len(wanted) != sum(1 for row in self._known.values() if row.report_id == latest.id):
            return False
        body = await self._tx.opened(DiagnosticReportRow, DiagnosticReportBody, latest)
        sent = found.report
        return (body.study, body.title, body.code, body.conclusion) == (
            sent.study,
            sent.title,
            sent.code,
            sent.conclusion,
        )

    def _report_row(self, found: ReportFound, study: bytes, latest: Record | None, edition: int) -> DiagnosticReportRow:
        undated = latest.issued_at if latest else self._tx.now
        return DiagnosticReportRow(
            patient_id=self._patient_id,
            id=self._tx.new_id(),
            organization_id=self._partner_id,
            study_hash=study,
            edition=edition,
            status=found.report.status.value,
            issued_at=found.report.issued_at if found.dated else undated,
            received_at=self._tx.now,
        )

    def _note(self, found: ReportFound, change: Change, measured: Sequence[_Measured]) -> None:
        self._tally.note(found, change)
        for each in measured:
            self._tally.note(each.sent, Change.UNCHANGED if change is Change.UNCHANGED else _change(each))


def _late(row: DiagnosticReportRow, latest: Record) -> bool:
    """Return whether the edition that counts is newer: a bundle is a state, and an old state changes nothing."""
    return results.moment_of(row).outdated_by(results.moment_of(latest))


def _change(each: _Measured) -> Change:
    if each.sent.withdrawn:
        return Change.WITHDRAWN
    if each.known is None:
        return Change.CREATED
    return Change.UNCHANGED if each.same else Change.CHANGED
