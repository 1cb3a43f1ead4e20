"""Patient → a person."""

from typing import Final

from domain.patients import IdentifierSystem, Sex
from domain.record import PatientSent
from integrations.fhir.elements import Element
from integrations.fhir.reading import Entry

SAME_SYSTEM: Final = {
    "urn:oid:1.2.643.100.3": IdentifierSystem.SNILS,
    "https://fhir.ru/ig/core/systems/OMS": IdentifierSystem.OMS,
}
"""Other spellings of systems that are known here."""
DIGITS_ONLY: Final = frozenset({IdentifierSystem.SNILS, IdentifierSystem.OMS})


def patient(entry: Entry) -> PatientSent:
    """Return the person."""
    element = entry.element
    family, given, patronymic = _name(element)
    return PatientSent(
        place=entry.place,
        source=entry.source,
        family=family,
        given=given,
        patronymic=patronymic,
        birth_date=element.day("birthDate"),
        sex=element.code("gender", Sex) or Sex.UNKNOWN,
        phone=_telecom(element, "phone"),
        email=_telecom(element, "email"),
        address=_address(element),
        identifiers=_identifiers(element),
    )


def unseen(place: str, sources: tuple[str, ...]) -> PatientSent:
    """Return a person of whom a bundle has only the name: such a one must be known here already."""
    aliases = [source.partition("?")[2].partition("|") for source in sources if source.startswith("Patient?")]
    identifiers = tuple(normal(system, value) for system, _, value in aliases)
    return PatientSent(place=place, source=sources[0], family="", given="", identifiers=identifiers, described=False)


def normal(system: str, value: str) -> tuple[str, str]:
    """Return an identifier as it is kept here."""
    system = SAME_SYSTEM.get(system, system)
    digits = "".join(letter for letter in value if letter.isdigit())
    return system, digits if system in DIGITS_ONLY and digits else value.strip()


def _identifiers(element: Element) -> tuple[tuple[str, str], ...]:
    found = []
    for identifier in element.children("identifier"):
        system, value = identifier.text("system"), identifier.text("value")
        if not system or not value or identifier.text("use") == "old":
            continue
        if len(system) > 200:
            raise identifier.broken("system", "is too long")
        found.append(normal(system, value))
    return tuple(dict.fromkeys(found))


def _name(element: Element) -> tuple[str, str, str | None]:
    """Return family name, given name and patronymic (FHIR's order: given[0] is the name, given[1] the patronymic)."""
    names = element.children("name")
    if not names:
        return "", "", None
    best = next((name for name in names if name.text("use") == "official"), names[0])
    given = best.texts("given")
    family = best.text("family") or ("" if given else best.text("text") or "")
    return family, given[0] if given else "", " ".join(given[1:]) or None


def _telecom(element: Element, system: str) -> str | None:
    found = [
        each for each in element.children("telecom") if each.text("system") == system and each.text("use") != "old"
    ]
    return next((value for each in found if (value := each.text("value"))), None)


def _address(element: Element) -> str | None:
    for each in element.children("address"):
        if each.text("use") == "old":
            continue
        parts = [*each.texts("line"), *(each.text(name) for name in ("city", "state", "postalCode", "country"))]
        found = each.text("text") or ", ".join(part for part in parts if part)
        if found:
            return found
    return None
