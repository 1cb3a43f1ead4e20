"""FHIR's data types as our values: concepts, quantities, notes, attachments."""

import base64
import binascii
from typing import Final

from domain.record import Coded
from integrations.fhir.elements import UCUM, Element

LOINC: Final = "http://loinc.org"


def concept(holder: Element, name: str) -> Coded | None:
    """Return a CodeableConcept, LOINC's code before others; None where nothing is said."""
    element = holder.child(name)
    return None if element is None else concept_of(element)


def needed_concept(holder: Element, name: str) -> Coded:
    """Return a CodeableConcept that must be there and say something."""
    found = concept(holder, name)
    if found is None:
        raise holder.broken(name, "is missing" if holder.data.get(name) is None else "says nothing")
    return found


def concepts(holder: Element, name: str) -> list[Coded]:
    """Return a list of CodeableConcepts."""
    return [found for each in holder.children(name) if (found := concept_of(each))]


def concept_of(element: Element) -> Coded | None:
    """Return a concept's words and code."""
    codings = [coding for coding in element.children("coding") if coding.text("code") or coding.text("display")]
    chosen = next((c for c in codings if c.text("system") == LOINC), codings[0] if codings else None)
    code = chosen.text("code") if chosen else None
    title = element.text("text") or (chosen.text("display") if chosen else None) or code
    if title is None:
        return None
    return Coded(title, code, chosen.text("system") if chosen and code else None)


def code_of(holder: Element, name: str) -> str | None:
    """Return the code of a concept that is bound to a list of codes."""
    element = holder.child(name)
    if element is None:
        return None
    return next((code for coding in element.children("coding") if (code := coding.text("code"))), None)


def quantity(element: Element) -> tuple[str | None, str | None]:
    """Return a Quantity's number, with its comparator, and its unit: UCUM's code where there is one."""
    value = element.number("value")
    unit = element.text("code") if element.text("system") == UCUM else None
    if value is not None:
        value = (element.text("comparator") or "") + value
    return value, unit or element.text("unit") or element.text("code")


def quantity_text(element: Element | None) -> str | None:
    """Return a Quantity in words, such as `5 mL`."""
    if element is None:
        return None
    value, unit = quantity(element)
    return " ".join(part for part in (value, unit) if part) or None


def notes(holder: Element) -> str | None:
    """Return the remarks."""
    return "\n".join(text for each in holder.children("note") if (text := each.text("text"))) or None


def said_time(holder: Element, stem: str) -> str | None:
    """Return a choice of onset[x] and the like as it was sent: a moment, an age, a period, words."""
    for suffix in ("DateTime", "String"):
        found = holder.text(stem + suffix)
        if found is not None:
            return found
    age = quantity_text(holder.child(stem + "Age"))
    if age is not None:
        return age
    period = holder.child(stem + "Period")
    if period is not None:
        return "–".join(filter(None, [period.text("start"), period.text("end")])) or None
    low_high = holder.child(stem + "Range")
    return range_text(low_high) if low_high else None


def range_text(element: Element) -> str | None:
    """Return a Range in words."""
    ends = [quantity_text(element.child("low")), quantity_text(element.child("high"))]
    return "–".join(end for end in ends if end) or None


def attached(element: Element) -> bytes | None:
    """Return an Attachment's bytes, if they came with it."""
    data = element.text("data")
    if data is None:
        return None
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise element.broken("data", "must be base64") from None
