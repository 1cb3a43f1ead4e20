"""AllergyIntolerance → an allergy or an intolerance."""

from domain.record import (
    AllergyCategory,
    AllergyKind,
    AllergySent,
    ClinicalStatus,
    Coded,
    Criticality,
    VerificationStatus,
)
from integrations.fhir.conditions import status_of
from integrations.fhir.elements import Element
from integrations.fhir.reading import Entries, Entry
from integrations.fhir.values import concept, concepts, needed_concept, notes, said_time


def allergy(entries: Entries, entry: Entry) -> AllergySent | None:
    """Return the allergy; None where it doesn't say to what, which FHIR allows."""
    element = entry.element
    code = _code(element)
    if code is None:
        return None
    return AllergySent(
        place=entry.place,
        source=entry.source,
        clinical_status=status_of(element, "clinicalStatus", ClinicalStatus),
        verification_status=status_of(element, "verificationStatus", VerificationStatus),
        code=code,
        kind=element.code("type", AllergyKind),
        categories=tuple(element.bound(each, "category", AllergyCategory) for each in element.texts("category")),
        criticality=element.code("criticality", Criticality),
        reactions=_reactions(element),
        at=element.first_moment("recordedDate", "onsetDateTime", "lastOccurrence"),
        onset=said_time(element, "onset"),
        note=notes(element),
        practitioner=entries.link(entry, element.child("recorder") or element.child("asserter")),
    )


def _code(element: Element) -> Coded | None:
    """Return to what; the substance of the first reaction, where the allergy itself has no code."""
    if element.data.get("code") is not None:
        return needed_concept(element, "code")
    found = (concept(reaction, "substance") for reaction in element.children("reaction"))
    return next((substance for substance in found if substance), None)


def _reactions(element: Element) -> tuple[str, ...]:
    found = []
    for reaction in element.children("reaction"):
        shown = ", ".join(each.title for each in concepts(reaction, "manifestation"))
        severity = reaction.text("severity")
        words = shown or reaction.text("description")
        if words:
            found.append(f"{words} ({severity})" if severity else words)
    return tuple(found)
