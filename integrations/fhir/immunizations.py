"""Immunization → a vaccination."""

from domain.record import NOWHERE, ImmunizationSent, ImmunizationStatus, Link
from integrations.fhir.reading import Entries, Entry
from integrations.fhir.values import concept, needed_concept, notes, quantity_text, said_time


def immunization(entries: Entries, entry: Entry) -> ImmunizationSent:
    """Return the vaccination."""
    element = entry.element
    given = said_time(element, "occurrence")
    if given is None:
        raise element.broken("occurrenceDateTime", "is missing")
    return ImmunizationSent(
        place=entry.place,
        source=entry.source,
        status=element.bound(element.needed("status"), "status", ImmunizationStatus),
        vaccine=needed_concept(element, "vaccineCode"),
        at=element.first_moment("occurrenceDateTime", "recorded"),
        given=given,
        lot=element.text("lotNumber"),
        dose=quantity_text(element.child("doseQuantity")),
        reason=concept(element, "statusReason"),
        note=notes(element),
        encounter=entries.link(entry, element.child("encounter")),
        practitioner=_performer(entries, entry),
    )


def _performer(entries: Entries, entry: Entry) -> Link:
    for performer in entry.element.children("performer")[:1]:
        return entries.link(entry, performer.child("actor"))
    return NOWHERE
