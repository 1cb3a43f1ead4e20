"""MedicationRequest → a prescription."""

from domain.record import Coded, MedicationIntent, MedicationSent, MedicationStatus
from integrations.fhir.elements import Element
from integrations.fhir.reading import Entries, Entry
from integrations.fhir.values import concept, concepts, needed_concept, notes, quantity_text


def medication(entries: Entries, entry: Entry) -> MedicationSent:
    """Return the prescription."""
    element = entry.element
    return MedicationSent(
        place=entry.place,
        source=entry.source,
        status=element.bound(element.needed("status"), "status", MedicationStatus),
        intent=element.bound(element.needed("intent"), "intent", MedicationIntent),
        medication=_medication(entries, entry),
        at=element.first_moment("authoredOn"),
        dosage=tuple(words for each in element.children("dosageInstruction") if (words := _dosage(each))),
        reasons=_reasons(entries, entry),
        note=notes(element),
        encounter=entries.link(entry, element.child("encounter")),
        practitioner=entries.link(entry, element.child("requester")),
    )


def _medication(entries: Entries, entry: Entry) -> Coded:
    """Return what is prescribed: a concept, or a Medication in the bundle or contained."""
    reference = entry.element.child("medicationReference")
    if reference is None:
        return needed_concept(entry.element, "medicationCodeableConcept")
    found = entries.resolve(entry, reference)
    named = concept(found.element, "code") if found else None
    if named is None:
        display = reference.text("display")
        if display is None:
            raise entry.element.broken("medicationReference", "leads to no Medication with a code in the file")
        return Coded(display)
    return named


def _reasons(entries: Entries, entry: Entry) -> tuple[str, ...]:
    said = [reason.title for reason in concepts(entry.element, "reasonCode")]
    for reference in entry.element.children("reasonReference"):
        found = entries.resolve(entry, reference)
        named = concept(found.element, "code") if found else None
        words = named.title if named else reference.text("display")
        if words:
            said.append(words)
    return tuple(said)


def _dosage(element: Element) -> str | None:
    """Return how to take it, in the prescriber's words, else put together from its parts."""
    told = element.text("text") or element.text("patientInstruction")
    if told is not None:
        return told
    parts = [_dose(element), _timing(element.child("timing"))]
    route = concept(element, "route")
    parts += [route.title if route else None, "as needed" if element.boolean("asNeededBoolean") else None]
    reason = concept(element, "asNeededCodeableConcept")
    parts.append(f"as needed: {reason.title}" if reason else None)
    parts += [each.title for each in concepts(element, "additionalInstruction")]
    return ", ".join(part for part in parts if part) or None


def _dose(element: Element) -> str | None:
    for each in element.children("doseAndRate"):
        found = quantity_text(each.child("doseQuantity"))
        if found is not None:
            return found
    return None


def _timing(element: Element | None) -> str | None:
    """Return how often: `2 times in 1 d`."""
    if element is None:
        return None
    said, repeat = concept(element, "code"), element.child("repeat")
    if said is not None or repeat is None:
        return said.title if said else None
    period, unit = repeat.number("period"), repeat.text("periodUnit")
    often = repeat.number("frequency") or "1"
    return f"{often} × / {period} {unit}" if period and unit else None
