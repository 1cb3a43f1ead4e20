"""ORU^R01 of versions 2.1–2.8 → persons and reports, one report an OBR group."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple
from urllib.parse import quote

from domain.messages import Filing, MessageReason
from domain.results import ObservationSent, ReportSent, ReportStatus
from integrations.hl7 import values
from integrations.hl7.parsing import Parsed, Segment
from integrations.hl7.persons import AUTHORITIES, person

LOINC: Final = "http://loinc.org"
CODINGS: Final[Mapping[str, str]] = {
    "LN": LOINC,
    "LOINC": LOINC,
    "SCT": "http://snomed.info/sct",
    "1.2.643.5.1.13.13.11.1080": "urn:oid:1.2.643.5.1.13.13.11.1080",
    "ФСЛИ": "urn:oid:1.2.643.5.1.13.13.11.1080",
}
"""HL7 table 0396, what laboratories send of it, and ФСЛИ."""
S = ReportStatus
STATUSES: Final[Mapping[str, ReportStatus]] = {
    **dict.fromkeys("FUV", S.FINAL),
    "C": S.CORRECTED,
    **dict.fromkeys("PROISAMYZB", S.PRELIMINARY),
    **dict.fromkeys("XDW", S.CANCELLED),
}
"""HL7 tables 0123 (OBR-25) and 0085 (OBX-11)."""
WITHDRAWN: Final = frozenset({"D", "W"})
"""Observations that the laboratory takes back (table 0085): a version without them replaces the one with them."""
UNNAMED: Final = "Исследование"
LONGEST_VALUE: Final = 4000
"""A longer text belongs to the report, not into a table of values."""


class Origin(NamedTuple):
    """What of the header the reports need."""

    control_id: str
    sender: str
    issued_at: datetime
    zone: tzinfo


@dataclass(slots=True)
class _Observed:
    """An OBX with its notes."""

    segment: Segment
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """An OBR with what follows it."""

    segment: Segment
    order: Segment | None
    number: int
    observed: list[_Observed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Patient:
    """A PID with its groups."""

    segment: Segment
    groups: list[_Group] = field(default_factory=list)
    early: list[_Observed] = field(default_factory=list)
    """Observations before the first OBR (v2.7: about the patient); they go with the first report."""


def filings(
    message: Parsed, received_at: datetime, zone: tzinfo = UTC, authorities: Mapping[str, str] = AUTHORITIES
) -> tuple[tuple[Filing, ...], MessageReason | None]:
    """Return what an ORU^R01 says, or why it can't be told; `zone` is for times that name none."""
    header = message.segments[0]
    zone = values.zone_of(header.text(7), zone)
    origin = Origin(
        header.text(10),
        header.text(4) or header.text(3) or "UNKNOWN",
        values.moment(header.text(7), zone) or received_at,
        zone,
    )
    patients = _patients(message.segments)
    if not patients:
        return (), MessageReason.PATIENT_MISSING
    found = tuple(
        Filing(person(patient.segment, origin.sender, authorities), tuple(_reports(patient, origin)))
        for patient in patients
        if patient.groups
    )
    return found, None if found else MessageReason.REPORT_MISSING


def _patients(segments: Sequence[Segment]) -> list[_Patient]:
    """Return the message's tree: segments belong to what stands before them."""
    patients: list[_Patient] = []
    order: Segment | None = None
    target: list[str] | None = None
    """Where the next NTE goes; a note to the patient goes nowhere."""
    for segment in segments:
        if segment.name == "PID":
            patients.append(_Patient(segment))
            order = target = None
        elif segment.name == "ORC":
            order, target = segment, None
        elif segment.name == "OBR" and patients:
            group = _Group(segment, order, len(patients[-1].groups) + 1)
            patients[-1].groups.append(group)
            order, target = None, group.notes
        elif segment.name == "OBX" and patients:
            target = _observed(patients[-1], segment).notes
        elif segment.name == "NTE" and target is not None:
            target.extend(filter(None, (segment.whole(3, n + 1) for n in range(segment.repetitions(3)))))
        elif segment.name in ("PV1", "SPM"):
            target = None
    return patients


def _observed(patient: _Patient, segment: Segment) -> _Observed:
    observed = _Observed(segment)
    (patient.groups[-1].observed if patient.groups else patient.early).append(observed)
    return observed


def _reports(patient: _Patient, origin: Origin) -> Iterator[ReportSent]:
    """Yield a report an OBR; OBRs of one number and code are parts of one report."""
    patient.groups[0].observed[:0] = patient.early
    together: dict[tuple[str, str], list[_Group]] = {}
    for group in patient.groups:
        together.setdefault((_study(group, origin), _code(group)), []).append(group)
    for (study, code), groups in together.items():
        yield _report(study, code, groups, origin)


def _study(group: _Group, origin: Origin) -> str:
    """Return the laboratory's number of the study: the filler's, else the placer's, else the message's own."""
    obr, orc = group.segment, group.order
    numbers = [obr.text(3), orc.text(3) if orc else "", obr.text(2), orc.text(2) if orc else ""]
    return next(filter(None, numbers), f"{origin.control_id}-{group.number}")


def _code(group: _Group) -> str:
    return group.segment.text(4, 1) or group.segment.text(4, 4)


def _report(study: str, code: str, groups: list[_Group], origin: Origin) -> ReportSent:
    first = groups[0].segment
    title = first.text(4, 2) or first.text(4, 5) or first.text(4, 9) or code or UNNAMED
    observations: list[ObservationSent] = []
    words: list[str] = []
    for group in groups:
        seen, said = _contents(group, origin)
        observations += seen
        words += group.notes + said
    return ReportSent(
        study=study,
        title=title,
        status=_status(groups),
        issued_at=_first_time(first, (22, 7), origin) or origin.issued_at,
        observations=tuple(observations),
        code=code,
        conclusion="\n".join(words) or None,
        panel=code,
    )


def _status(groups: list[_Group]) -> ReportStatus:
    """Return OBR-25, or what the observations' own statuses come to where it says nothing."""
    for group in groups:
        status = STATUSES.get(group.segment.text(25).upper())
        if status is not None:
            return status
    found = {STATUSES.get(seen.segment.text(11).upper()) for group in groups for seen in group.observed}
    ranked = (S.CORRECTED, S.PRELIMINARY, S.FINAL, S.CANCELLED)
    return next((status for status in ranked if status in found), S.PRELIMINARY)


def _contents(group: _Group, origin: Origin) -> tuple[list[ObservationSent], list[str]]:
    """Return a group's observations, and what is text of the report rather than a value."""
    taken_at = _first_time(group.segment, (7,), origin)
    found: list[ObservationSent] = []
    words: list[str] = []
    for observed in _merged(group.observed, origin.zone):
        obx, value = observed.segment, observed.value
        code, title, system = _named(obx)
        if obx.text(11).upper() in WITHDRAWN:
            continue
        if code and value and len(value) <= LONGEST_VALUE:
            moment = _first_time(obx, (14,), origin) or taken_at
            found.append(_observation((code, title, system), observed, moment))
            continue
        said = [part for part in (value, *observed.notes) if part]
        words += [f"{title}: {said[0]}", *said[1:]] if said and title else said
    return found, words


class _Value(NamedTuple):
    """An observation's value, the lines of a longer text put together."""

    segment: Segment
    value: str
    notes: list[str]


def _merged(observed: Sequence[_Observed], zone: tzinfo) -> list[_Value]:
    """Return values; a text sent a line an OBX becomes one (TX and FT of the same code, one after another)."""
    merged: list[_Value] = []
    for each in observed:
        value = values.value(each.segment, zone)
        last = merged[-1] if merged else None
        if last is not None and _continues(last.segment, each.segment) and not last.notes:
            merged[-1] = _Value(last.segment, "\n".join(filter(None, (last.value, value))), each.notes)
        else:
            merged.append(_Value(each.segment, value, each.notes))
    return merged


def _continues(before: Segment, after: Segment) -> bool:
    texts = ("TX", "FT")
    same = before.text(3) == after.text(3) and before.text(11) == after.text(11)
    return same and before.text(2).upper() in texts and after.text(2).upper() in texts


def _observation(named: tuple[str, str, str], observed: _Value, taken_at: datetime | None) -> ObservationSent:
    obx = observed.segment
    unit = obx.text(6, 1) or obx.text(6, 2)
    normal = values.reference_range(obx.text(7), unit)
    notes = [*observed.notes, *([f"Норма: {normal.words}"] if normal.words else [])]
    code, title, system = named
    return ObservationSent(
        code=code,
        title=title,
        value=observed.value,
        unit=unit or None,
        low=normal.low,
        high=normal.high,
        flag=values.flag(obx),
        taken_at=taken_at,
        note="\n".join(notes) or None,
        system=system,
        worded=normal.words is not None,
    )


def _named(obx: Segment) -> tuple[str, str, str]:
    """Return OBX-3 as (code, title, system); LOINC wins where it is the alternative one, for trends to join."""
    own = (obx.text(3, 1), obx.text(3, 2), obx.text(3, 3))
    other = (obx.text(3, 4), obx.text(3, 5), obx.text(3, 6))
    by_loinc = other[0] and CODINGS.get(other[2].upper()) == LOINC and CODINGS.get(own[2].upper()) != LOINC
    code, title, coding = other if by_loinc or not own[0] else own
    return code, own[1] or title or other[1] or obx.text(3, 9) or code, _coding(coding)


def _coding(name: str) -> str:
    known = CODINGS.get(name.upper())
    return known or f"urn:hl7:coding:{quote(name or 'L')}"


def _first_time(segment: Segment, fields: Sequence[int], origin: Origin) -> datetime | None:
    moments = (values.moment(segment.text(number), origin.zone) for number in fields)
    return next((found for found in moments if found is not None), None)
