"""Observation and DiagnosticReport → measurements and reports, digits and units as sent."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from domain.record import LooseObservation, ReportFound
from domain.reference_ranges import flag_from_hl7
from domain.results import ObservationSent, ReportSent, ReportStatus
from integrations.fhir.elements import Element
from integrations.fhir.reading import Entries, Entry
from integrations.fhir.values import (
    attached,
    concept,
    concept_of,
    concepts,
    needed_concept,
    notes,
    quantity,
    quantity_text,
    range_text,
)

UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)
WITHDRAWN: Final = frozenset({"entered-in-error", "cancelled"})
OBSERVED: Final = frozenset({"registered", "preliminary", "final", "amended", "corrected", "unknown"}) | WITHDRAWN
REPORTED: Final = {
    "registered": ReportStatus.PRELIMINARY,
    "partial": ReportStatus.PRELIMINARY,
    "preliminary": ReportStatus.PRELIMINARY,
    "unknown": ReportStatus.PRELIMINARY,
    "final": ReportStatus.FINAL,
    "amended": ReportStatus.CORRECTED,
    "corrected": ReportStatus.CORRECTED,
    "appended": ReportStatus.CORRECTED,
    "cancelled": ReportStatus.CANCELLED,
    "entered-in-error": ReportStatus.CANCELLED,
}
EFFECTIVE: Final = ("effectiveDateTime", "effectiveInstant", "effectivePeriod.start", "effectivePeriod.end", "issued")


def observations(entry: Entry) -> list[LooseObservation]:
    """Return what a resource measures: its own value, and each component of a panel; none where there is no value."""
    element = entry.element
    status = element.needed("status")
    if status not in OBSERVED:
        raise element.broken("status", "must be a code of FHIR R4 (ObservationStatus)")
    taken_at = element.first_moment(*EFFECTIVE)
    needed_concept(element, "code")
    own = _value(element) is not None or (status in WITHDRAWN and not element.children("component"))
    found = [_loose(entry, entry.source, element, taken_at, status)] if own else []
    seen: dict[str, int] = {}
    for component in element.children("component"):
        name = needed_concept(component, "code")
        key = f"{name.system or ''}|{name.code or name.title}"
        seen[key] = seen.get(key, 0) + 1
        turn = f"~{seen[key]}" if seen[key] > 1 else ""
        if _value(component):
            found.append(_loose(entry, f"{entry.source}#{key}{turn}", component, taken_at, status))
    return found


def _loose(entry: Entry, source: str, part: Element, taken_at: datetime | None, status: str) -> LooseObservation:
    code = needed_concept(part, "code")
    value, unit = _value(part) or ("", None)
    low, high, words = _normal(part, unit)
    sent = ObservationSent(
        code=code.code or code.title,
        title=code.title,
        value=value,
        unit=unit,
        low=low,
        high=high,
        flag=_flag(part),
        taken_at=taken_at,
        note="\n".join(filter(None, [notes(part), words])) or None,
        system=code.system or "",
        worded=words is not None,
    )
    return LooseObservation(place=entry.place, source=source, observation=sent, withdrawn=status in WITHDRAWN)


def _value(part: Element) -> tuple[str, str | None] | None:
    """Return value[x] as text and its unit."""
    amount = part.child("valueQuantity")
    if amount is not None:
        value, unit = quantity(amount)
        return (value, unit) if value is not None else None
    for name, take in _TEXTS.items():
        if part.data.get(name) is not None:
            words = take(part, name)
            return (words, None) if words else None
    return None


def _ratio(part: Element, name: str) -> str | None:
    ratio = part.child(name)
    ends = [quantity_text(ratio.child("numerator")), quantity_text(ratio.child("denominator"))] if ratio else []
    return ":".join(end for end in ends if end) or None


def _concept_text(part: Element, name: str) -> str | None:
    found = concept(part, name)
    return found.title if found else None


def _range(part: Element, name: str) -> str | None:
    found = part.child(name)
    return range_text(found) if found else None


def _truth(part: Element, name: str) -> str | None:
    return "true" if part.boolean(name) else "false"


def _period(part: Element, name: str) -> str | None:
    period = part.child(name)
    return "–".join(filter(None, [period.text("start"), period.text("end")])) or None if period else None


_TEXTS: Final[dict[str, Callable[[Element, str], str | None]]] = {
    "valueCodeableConcept": _concept_text,
    "valueString": Element.text,
    "valueBoolean": _truth,
    "valueInteger": Element.number,
    "valueRange": _range,
    "valueRatio": _ratio,
    "valueTime": Element.text,
    "valueDateTime": Element.text,
    "valuePeriod": _period,
}


def _normal(part: Element, unit: str | None) -> tuple[str | None, str | None, str | None]:
    """Return the bounds of what is normal, and in words what can't be judged by: another unit, or words alone."""
    for each in part.children("referenceRange"):
        kind = each.child("type")
        if kind is not None and _kind_code(kind) not in (None, "normal"):
            continue
        (low, low_unit), (high, high_unit) = _bound(each.child("low")), _bound(each.child("high"))
        if (low or high) and {low_unit, high_unit} <= {unit, None}:
            return low, high, None
        return None, None, each.text("text") or range_text(each)
    return None, None, None


def _kind_code(kind: Element) -> str | None:
    found = concept_of(kind)
    return found.code if found else None


def _bound(element: Element | None) -> tuple[str | None, str | None]:
    return quantity(element) if element is not None else (None, None)


def _flag(part: Element) -> str | None:
    """Return the sender's own judgement, where it is one that HL7 table 0078 knows."""
    for each in part.children("interpretation"):
        for coding in each.children("coding"):
            code = coding.text("code")
            if code and flag_from_hl7(code.upper()):
                return code
    return None


def report(entry: Entry, found: list[LooseObservation]) -> ReportFound:
    """Return a report with the measurements that it refers to."""
    element = entry.element
    status = REPORTED.get(element.needed("status"))
    if status is None:
        raise element.broken("status", "must be a code of FHIR R4 (DiagnosticReportStatus)")
    code = needed_concept(element, "code")
    issued_at = element.first_moment("issued", *EFFECTIVE)
    sent = ReportSent(
        study=_number(element) or entry.source,
        title=code.title,
        status=status,
        issued_at=issued_at or UNDATED,
        code=code.code or "",
        conclusion=_conclusion(element),
    )
    return ReportFound(
        place=entry.place, source=entry.source, report=sent, dated=issued_at is not None, observations=tuple(found)
    )


def referred(entries: Entries, entry: Entry) -> Iterator[tuple[Element, Entry | None]]:
    """Yield a report's results, those of a panel's members too; None where the file doesn't hold one."""
    waiting = [(entry, each) for each in reversed(entry.element.children("result"))]
    seen: set[str] = set()
    while waiting:
        holder, reference = waiting.pop()
        found = entries.resolve(holder, reference)
        if found is not None and found.source in seen:
            continue
        yield reference, found
        if found is not None:
            seen.add(found.source)
            waiting += [(found, each) for each in reversed(found.element.children("hasMember"))]


def _number(element: Element) -> str | None:
    return next((value for each in element.children("identifier") if (value := each.text("value"))), None)


def _conclusion(element: Element) -> str | None:
    """Return the conclusion; else the report's own text, else the coded conclusions."""
    told = element.text("conclusion")
    if told is not None:
        return told
    for form in element.children("presentedForm"):
        content = attached(form)
        if content and (form.text("contentType") or "").startswith("text/"):
            return content.decode(errors="replace").replace("\0", "")
    return ", ".join(each.title for each in concepts(element, "conclusionCode")) or None
