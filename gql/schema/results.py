"""Results: reports and observations, laboratory, instrumental and conclusions alike."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.patients import Sex
from domain.results import Flag, RangeOrigin, ReportStatus
from gql.permissions.record import CanReadProfile, CanReadResults
from gql.planning.sources import (
    Connection,
    Node,
    Where,
    column,
    computed,
    connection,
    identity,
    node,
    reference,
    same,
    sealed,
    to_one,
)
from gql.schema.errors import UserError
from gql.schema.happenings import Happening
from gql.schema.organizations import Organization
from gql.schema.payloads import Payload
from gql.schema.scalars import AS_OF, key_field
from persistence.results import DiagnosticReportBody, DiagnosticReportRow, ObservationBody, ObservationRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.patients import Patient


@lru_cache(maxsize=4096)
def number(value: str) -> Decimal | None:
    """Return a value as a number with the digits that were sent, or None if it is text."""
    try:
        parsed = Decimal(value.replace(",", "."))
    except ArithmeticError:
        return None
    return parsed if parsed.is_finite() else None


def bound(value: str | None) -> Decimal | None:
    """Return a bound of a range as a number."""
    return None if value is None else number(value)


def origin(low: str | None, high: str | None, own: bool) -> RangeOrigin | None:
    """Return whose range it is."""
    if low is None and high is None:
        return None
    return RangeOrigin.OWN if own else RangeOrigin.LABORATORY


@node(ObservationRow, ObservationBody, guard=CanReadResults, description="What is measured.")
class Analyte:
    """An analyte, as the laboratory named it."""

    code: str = sealed("code", "Its code.")
    system: str = sealed("system", "The code's system, such as http://loinc.org.")
    title: str = sealed("title", "Its name.")


@node(
    ObservationRow,
    ObservationBody,
    guard=CanReadResults,
    description="What is normal: as the laboratory says, else as we do.",
)
class ReferenceRange:
    """A range, in the observation's unit."""

    low: Decimal | None = computed(bound, "Lower bound; itself normal.", attributes=["low"])
    high: Decimal | None = computed(bound, "Upper bound; itself normal.", attributes=["high"])
    origin: RangeOrigin | None = computed(
        origin, "Whose range it is; null where there is none.", attributes=["low", "high", "own_range"]
    )


@node(ObservationRow, ObservationBody, guard=CanReadResults, description="One measured or observed thing.")
class Observation(Node):
    """An observation."""

    id: strawberry.ID = identity()
    taken_at: datetime = column(ObservationRow.taken_at, "When the sample was taken.")
    analyte: Analyte | None = same("What was measured.", CanReadResults)
    value: Decimal | None = computed(
        number, "The value with its digits as sent; null if it is text.", CanReadResults, attributes=["value"]
    )
    text: str | None = sealed("value", "The value as sent, also where it is text or like `<0.1`.", CanReadResults)
    unit: str | None = sealed("unit", "UCUM unit.", CanReadResults)
    reference_range: ReferenceRange | None = same("What is normal.", CanReadResults)
    flag: Flag | None = sealed("flag", "Where the value lies.", CanReadResults)
    note: str | None = sealed("note", "The laboratory's remark.", CanReadResults)
    report: Annotated["DiagnosticReport", strawberry.lazy("gql.schema.results")] | None = to_one(
        ObservationRow.report_id, "The report it came in.", CanReadResults
    )


@node(DiagnosticReportRow, DiagnosticReportBody, guard=CanReadResults, description="A study's report.")
class DiagnosticReport(Node):
    """A report."""

    id: strawberry.ID = identity()
    status: ReportStatus = column(DiagnosticReportRow.status, "How final it is.")
    edition: int = column(DiagnosticReportRow.edition, "1 for the first version, then 2, 3, …")
    issued_at: datetime = column(DiagnosticReportRow.issued_at, "When the laboratory issued it.")
    received_at: datetime = column(DiagnosticReportRow.received_at, "When it came in here.")
    replaced_at: datetime | None = column(DiagnosticReportRow.replaced_at, "When a newer version replaced it.")
    study: str | None = sealed("study", "The laboratory's number of the study.", CanReadResults)
    title: str | None = sealed("title", "What was studied.", CanReadResults)
    conclusion: str | None = sealed("conclusion", "The conclusion.", CanReadResults)
    laboratory: Organization | None = to_one(DiagnosticReportRow.organization_id, "Who made it.")
    observations: Connection[Observation] | None = connection(
        ObservationRow.report_id, "What was found.", CanReadResults, order=[ObservationRow.id]
    )
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        DiagnosticReportRow.patient_id, "Whose result it is.", CanReadProfile
    )


OBSERVATION_FILTERS = {
    "analyte": Where(ObservationRow.analyte, Op.KEYED, str, "Code of the analyte, such as LOINC 2823-3."),
    "from": Where(ObservationRow.taken_at, Op.GE, datetime, "Not before."),
    "to": Where(ObservationRow.taken_at, Op.LT, datetime, "Before."),
}
REPORT_FILTERS = {
    "status": Where(DiagnosticReportRow.status, Op.EQ, ReportStatus, "How final."),
    "from": Where(DiagnosticReportRow.issued_at, Op.GE, datetime, "Not before."),
    "to": Where(DiagnosticReportRow.issued_at, Op.LT, datetime, "Before."),
}


@strawberry.input(description="A number that names a person.")
class IdentifierInput:
    """An identifier."""

    system: str = strawberry.field(description="URI of the system, such as https://fhir.ru/ig/core/systems/snils.")
    value: str = strawberry.field(description="The number.")


@strawberry.input(description="Whom a result is about, in the laboratory's words.")
class PersonInput:
    """A person."""

    identifiers: list[IdentifierInput] = strawberry.field(description="Numbers, one of which must name one person.")
    birth_date: str | None = strawberry.field(default=None, description="YYYY-MM-DD; must agree if given.")
    sex: Sex = strawberry.field(default=Sex.UNKNOWN, description="Must agree if known.")


@strawberry.input(description="One measured or observed thing.")
class ObservationInput:
    """An observation."""

    code: str = strawberry.field(description="LOINC code.")
    title: str = strawberry.field(description="Name of the analyte.")
    value: str = strawberry.field(description="The value, digits as measured.")
    unit: str | None = strawberry.field(default=None, description="UCUM unit.")
    low: str | None = strawberry.field(default=None, description="Lower bound of what is normal.")
    high: str | None = strawberry.field(default=None, description="Upper bound of what is normal.")
    flag: str | None = strawberry.field(default=None, description="HL7 table 0078: N, L, H, LL, HH, A.")
    taken_at: datetime | None = strawberry.field(default=None, description="When the sample was taken.")
    note: str | None = strawberry.field(default=None, description="A remark.")


@strawberry.input(description="A study's report.")
class ReceiveResultInput:
    """A result."""

    person: PersonInput = strawberry.field(description="Whom it is about.")
    study: str = strawberry.field(description="The laboratory's own number of the study.")
    title: str = strawberry.field(description="What was studied.")
    status: ReportStatus = strawberry.field(default=ReportStatus.FINAL, description="How final it is.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    conclusion: str | None = strawberry.field(default=None, description="The conclusion.")
    observations: list[ObservationInput] = strawberry.field(description="What was found, up to 200.")
    key: str | None = key_field()


@strawberry.type(description="What came of sending a result.")
class ReceiveResultPayload(Payload):
    """Whether it was filed. A laboratory reads nothing back but this."""

    filed: bool = strawberry.field(default=False, description="Whether the result is in a record.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(description="A result outside its range has come in.")
class AbnormalResultArrived(Happening):
    """An event."""

    report: DiagnosticReport | None = reference("The report as it is now.")


@strawberry.type(description="A result beyond a critical limit has come in: a doctor must act at once.")
class CriticalResultArrived(Happening):
    """An event."""

    report: DiagnosticReport | None = reference("The report as it is now.")


@strawberry.type(description="A result has come in.")
class ResultArrived(Happening):
    """An event."""

    report: DiagnosticReport | None = reference("The report as it is now.")
