"""Practitioner → somebody in the directory."""

from domain.record import PractitionerSent
from integrations.fhir.reading import Entry, name_of

LONGEST_NAME = 200


def practitioner(entry: Entry) -> PractitionerSent:
    """Return the practitioner."""
    name = name_of(entry)
    if name is None:
        raise entry.element.broken("name", "is missing")
    if len(name) > LONGEST_NAME:
        raise entry.element.broken("name", "is too long")
    return PractitionerSent(place=entry.place, source=entry.source, name=name, aliases=entry.aliases)
