"""Organization → a place in the directory."""

from domain.record import OrganizationSent
from integrations.fhir.elements import Element
from integrations.fhir.reading import Entry

LONGEST_NAME = 300


def organization(entry: Entry) -> OrganizationSent | None:
    """Return the organization; None where it has no name.

    What the directory's entry has no room for is left empty rather than cut.
    """
    element = entry.element
    name = element.text("name")
    if name is None:
        return None
    if len(name) > LONGEST_NAME:
        raise element.broken("name", "is too long")
    city, address = _address(element)
    return OrganizationSent(
        place=entry.place,
        source=entry.source,
        name=name,
        aliases=entry.aliases,
        city=fits(city, 100),
        address=fits(address, 300),
        phone=fits(_phone(element), 32),
    )


def fits(value: str | None, longest: int) -> str | None:
    """Return a value, or None where there is no room for it."""
    return value if value is not None and len(value) <= longest else None


def _phone(element: Element) -> str | None:
    found = [each for each in element.children("telecom") if each.text("system") == "phone"]
    return next((value for each in found if (value := each.text("value"))), None)


def _address(element: Element) -> tuple[str | None, str | None]:
    for each in element.children("address")[:1]:
        return each.text("city"), each.text("text") or ", ".join(each.texts("line")) or None
    return None, None
