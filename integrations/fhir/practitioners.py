"""Practitioner → somebody in the directory."""

from domain.record import PractitionerSent
from integrations.fhir.reading import Entry, name_of

LONGEST_NAME = 200


def practitioner(entry: Entry) -> PractitionerSent | None:
    """Return the practitioner; None where they have no name."""
    name = name_of(entry)
    if name is None:
        return None
    if len(name) > LONGEST_NAME:
        raise entry.element.broken("name", "is too long")
    return PractitionerSent(place=entry.place, source=entry.source, name=name, aliases=entry.aliases)
