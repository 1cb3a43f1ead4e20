"""Results as a laboratory sends them: a report with observations, about a person named by identifiers."""

from datetime import date, datetime
from enum import StrEnum

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


class ReportStatus(StrEnum):
    """How final a report is (HL7 v2.5, table 0123; FHIR DiagnosticReport.status)."""

    PRELIMINARY = "PRELIMINARY"
    FINAL = "FINAL"
    CORRECTED = "CORRECTED"
    CANCELLED = "CANCELLED"


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
