"""Results as a laboratory sends them: a report with observations, about a person named by identifiers."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from domain.patients import Sex


class Flag(StrEnum):
    """Where a value lies against its range (HL7 v2.5, table 0078)."""

    NORMAL = "NORMAL"
    LOW = "LOW"
    HIGH = "HIGH"
    CRITICAL_LOW = "CRITICAL_LOW"
    CRITICAL_HIGH = "CRITICAL_HIGH"
    ABNORMAL = "ABNORMAL"


class RangeOrigin(StrEnum):
    """Whose range a value was judged by."""

    LABORATORY = "LABORATORY"
    OWN = "OWN"


class ReportStatus(StrEnum):
    """How final a report is (HL7 v2.5, table 0123; FHIR DiagnosticReport.status)."""

    PRELIMINARY = "PRELIMINARY"
    FINAL = "FINAL"
    CORRECTED = "CORRECTED"
    CANCELLED = "CANCELLED"


_FINALITY = {
    ReportStatus.PRELIMINARY: 0,
    ReportStatus.FINAL: 1,
    ReportStatus.CORRECTED: 2,
    ReportStatus.CANCELLED: 2,
}


class VersionMoment(NamedTuple):
    """Where a version stands among those of its study."""

    issued_at: datetime
    status: ReportStatus
    received_at: datetime

    def outdated_by(self, other: "VersionMoment") -> bool:
        """Return whether the other is newer: issued later, else more final, else received later.

        Many laboratories don't move the time of issue when they correct; then a final report that comes late, or is
        replayed, must not undo its correction.
        """
        return self._order() < other._order()

    def _order(self) -> tuple[datetime, int, datetime]:
        return self.issued_at, _FINALITY[self.status], self.received_at


class PersonNamed(msgspec.Struct, frozen=True):
    """Whom a message is about, in the sender's words."""

    identifiers: tuple[tuple[str, str], ...]
    """(system URI or assigning authority, value)"""
    family: str = ""
    given: str = ""
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN


class ObservationSent(msgspec.Struct, frozen=True):
    """One measured or observed thing, digits as sent."""

    code: str
    title: str
    value: str
    unit: str | None = None
    low: str | None = None
    high: str | None = None
    flag: str | None = None
    """As sent: HL7 table 0078."""
    taken_at: datetime | None = None
    note: str | None = None
    system: str = "http://loinc.org"
    worded: bool = False
    """The laboratory's range came in words, which stand in the note: nothing is judged by ours then."""


class ReportSent(msgspec.Struct, frozen=True):
    """One study of a laboratory; `study` is the laboratory's own number of it."""

    study: str
    title: str
    status: ReportStatus
    issued_at: datetime
    observations: tuple[ObservationSent, ...] = ()
    code: str = ""
    conclusion: str | None = None
    panel: str = ""
    """Which part of the study, where the laboratory gives one number to several (HL7: one order, many OBR)."""
