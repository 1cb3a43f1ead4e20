"""Condition → a diagnosis or a problem."""

from enum import StrEnum
from typing import TypeVar

from domain.record import ClinicalStatus, ConditionSent, VerificationStatus
from integrations.fhir.elements import Element
from integrations.fhir.reading import Entries, Entry
from integrations.fhir.values import code_of, concept, needed_concept, notes, said_time

E = TypeVar("E", bound=StrEnum)


def condition(entries: Entries, entry: Entry) -> ConditionSent | None:
    """Return the condition; None where it doesn't say what it is, which FHIR allows."""
    element = entry.element
    if element.data.get("code") is None:
        return None
    return ConditionSent(
        place=entry.place,
        source=entry.source,
        clinical_status=status_of(element, "clinicalStatus", ClinicalStatus),
        verification_status=status_of(element, "verificationStatus", VerificationStatus),
        code=needed_concept(element, "code"),
        at=element.first_moment("onsetDateTime", "onsetPeriod.start", "recordedDate"),
        onset=said_time(element, "onset"),
        abatement=said_time(element, "abatement"),
        severity=concept(element, "severity"),
        note=notes(element),
        encounter=entries.link(entry, element.child("encounter")),
        practitioner=entries.link(entry, element.child("recorder") or element.child("asserter")),
    )


def status_of(element: Element, name: str, values: type[E]) -> E:
    """Return a status that is a bound CodeableConcept; UNKNOWN where the sender doesn't say."""
    code = code_of(element, name)
    return values("UNKNOWN") if code is None else element.bound(code, name, values)
