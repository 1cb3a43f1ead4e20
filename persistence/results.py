"""Diagnostic reports and their observations."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, Integer, LargeBinary, String, bindparam, select, text, update
from sqlmodel import Field

from domain.results import Flag, ReportStatus, VersionMoment
from persistence.columns import BigInt, Moment, Owned, Sealed
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction


class DiagnosticReportRow(Owned, table=True):
    """One version of a study's report; the one that counts has no `replaced_at`."""

    __tablename__ = "diagnostic_report"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("diagnostic_report_issued", "patient_id", "issued_at", "id"),
        Index("diagnostic_report_study", "patient_id", "study_hash", "edition", unique=True),
    )

    organization_id: int = BigInt(nullable=False)
    study_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    """Laboratory and its study number, under the patient's hash key: one study, once (B4)."""
    edition: int = Field(sa_type=Integer, nullable=False)
    """1 for the first version, then 2, 3, …"""
    status: str = Field(sa_type=String(16), nullable=False)
    issued_at: datetime = Moment(nullable=False)
    received_at: datetime = Moment(nullable=False)
    replaced_at: datetime | None = Moment(nullable=True, default=None)


class DiagnosticReportBody(Sealed, frozen=True):
    """What the report says."""

    study: str
    title: str
    code: str = ""
    conclusion: str | None = None


class ObservationRow(Owned, table=True):
    """One measured or observed thing."""

    __tablename__ = "observation"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("observation_taken", "patient_id", "taken_at", "id"),
        Index("observation_analyte", "patient_id", "analyte", "taken_at", "id"),
        Index("observation_report", "patient_id", "report_id", "id"),
        Index(
            "observation_source",
            "patient_id",
            "source_hash",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
            sqlite_where=text("replaced_at IS NULL"),
        ),
    )

    report_id: int | None = BigInt(nullable=True, default=None)
    taken_at: datetime = Moment(nullable=False)
    analyte: bytes = Field(sa_type=LargeBinary, nullable=False)
    """The code under the patient's hash key: within one record it can be looked up, across records it can't."""
    replaced_at: datetime | None = Moment(nullable=True, default=None)
    source_hash: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    """Partner and the partner's name of it, under the patient's hash key; one that counts at a time."""


class ObservationBody(Sealed, frozen=True):
    """What was found; digits as sent."""

    code: str
    title: str
    value: str
    unit: str | None = None
    low: str | None = None
    high: str | None = None
    flag: Flag | None = None
    note: str | None = None
    system: str = "http://loinc.org"
    own_range: bool = False
    """Whether the range is ours: the laboratory sent none."""


_REPORT = DiagnosticReportRow.__table__  # type: ignore[attr-defined]
_OBSERVATION = ObservationRow.__table__  # type: ignore[attr-defined]
_VERSIONS = Statement(
    select(*_REPORT.c)
    .where(
        _REPORT.c.patient_id == bindparam("patient_id"),
        _REPORT.c.study_hash == bindparam("study_hash"),
    )
    .order_by(_REPORT.c.edition)
)
_REPLACE = Statement(
    update(_REPORT)
    .where(_REPORT.c.patient_id == bindparam("of_patient"), _REPORT.c.id == bindparam("of_report"))
    .values(replaced_at=bindparam("at"))
)
_REPLACE_OBSERVATIONS = Statement(
    update(_OBSERVATION)
    .where(_OBSERVATION.c.patient_id == bindparam("of_patient"), _OBSERVATION.c.report_id == bindparam("of_report"))
    .values(replaced_at=bindparam("at"))
)
_OF_REPORT = Statement(
    select(*_OBSERVATION.c)
    .where(_OBSERVATION.c.patient_id == bindparam("patient_id"), _OBSERVATION.c.report_id == bindparam("report_id"))
    .order_by(_OBSERVATION.c.id)
)


async def versions(snapshot: Snapshot, patient_id: int, study_hash: bytes) -> list[Record]:
    """Return the versions of a study, in the order of their editions: as they came in."""
    return await snapshot.all(_VERSIONS, patient_id=patient_id, study_hash=study_hash)


def current(known: Sequence[Record]) -> Record | None:
    """Return the version that counts; one that came too late has a higher edition and doesn't."""
    return next((version for version in known if version.replaced_at is None), None)


def moment_of(version: Record | DiagnosticReportRow) -> VersionMoment:
    """Return where a version stands among those of its study."""
    return VersionMoment(version.issued_at, ReportStatus(version.status), version.received_at)


async def replace(tx: Transaction, patient_id: int, report_id: int) -> None:
    """Mark a version, and what it observed, as replaced; it stays readable."""
    await tx.execute(_REPLACE, of_patient=patient_id, of_report=report_id, at=tx.now)
    await tx.execute(_REPLACE_OBSERVATIONS, of_patient=patient_id, of_report=report_id, at=tx.now)


async def observations(snapshot: Snapshot, patient_id: int, report_id: int) -> list[tuple[Record, ObservationBody]]:
    """Return a version's observations, opened."""
    rows = await snapshot.all(_OF_REPORT, patient_id=patient_id, report_id=report_id)
    return [(row, await snapshot.opened(ObservationRow, ObservationBody, row)) for row in rows]


_BY_ID = Statement(
    select(*_REPORT.c).where(_REPORT.c.patient_id == bindparam("patient_id"), _REPORT.c.id == bindparam("report_id"))
)


async def by_id(snapshot: Snapshot, patient_id: int, report_id: int) -> tuple[Record, DiagnosticReportBody] | None:
    """Return a version of a report, opened."""
    record = await snapshot.one(_BY_ID, patient_id=patient_id, report_id=report_id)
    if record is None:
        return None
    return record, await snapshot.opened(DiagnosticReportRow, DiagnosticReportBody, record)


_REPLACE_ONE = Statement(
    update(_OBSERVATION)
    .where(_OBSERVATION.c.patient_id == bindparam("of_patient"), _OBSERVATION.c.id == bindparam("of_observation"))
    .values(replaced_at=bindparam("at"))
)


async def replace_one(tx: Transaction, patient_id: int, observation_id: int) -> None:
    """Mark an observation as replaced; it stays readable."""
    await tx.execute(_REPLACE_ONE, of_patient=patient_id, of_observation=observation_id, at=tx.now)
