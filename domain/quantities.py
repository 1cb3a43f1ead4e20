"""Measured values: their number out of a laboratory's text, and the few conversions of units that we vouch for."""

import re
from decimal import Decimal

_VALUE = re.compile(r"(?:[<>]=?|[≤≥])?\s*([+-]?(?:[0-9]{1,20}(?:[.,][0-9]{1,20})?|[.,][0-9]{1,20}))")

_GLUCOSE = {"14771-0", "2345-7", "2339-0"}
_CHOLESTEROL = {"14647-2", "2093-3", "22748-8", "18262-6", "13457-7", "14646-4", "2085-9"}
_TRIGLYCERIDES = {"14927-8", "2571-8"}
_CREATININE = {"14682-9", "2160-0", "38483-4"}
_UREA_NITROGEN = {"3094-0", "6299-2"}
_BILIRUBIN = {"14631-6", "1975-2"}
_URIC_ACID = {"14933-6", "3084-1"}
_CALCIUM = {"2000-8", "17861-6", "49765-1"}
_HEMOGLOBIN_ALBUMIN = {"718-7", "1751-7"}

_CONVERSIONS = (
    (_GLUCOSE, "mg/dL", "mmol/L", "0.0555"),
    (_CHOLESTEROL, "mg/dL", "mmol/L", "0.02586"),
    (_TRIGLYCERIDES, "mg/dL", "mmol/L", "0.01129"),
    (_CREATININE, "mg/dL", "umol/L", "88.4"),
    (_UREA_NITROGEN, "mg/dL", "mmol/L", "0.357"),
    (_BILIRUBIN, "mg/dL", "umol/L", "17.1"),
    (_URIC_ACID, "mg/dL", "umol/L", "59.48"),
    (_CALCIUM, "mg/dL", "mmol/L", "0.2495"),
    (_HEMOGLOBIN_ALBUMIN, "g/dL", "g/L", "10"),
)
_FACTORS = {
    (loinc, unit_from, unit_to): Decimal(factor)
    for loincs, unit_from, unit_to, factor in _CONVERSIONS
    for loinc in loincs
}


def value_of(text: str) -> Decimal | None:
    """Return the number in a result's text with its digits as sent, or None when it is not one plain number.

    A comma is a decimal point, as Russian laboratories write. Of `<0.1` it is the limit 0.1: the sign stays in the
    text, and whoever shows or compares the number has to show or heed it.
    """
    found = _VALUE.fullmatch(text.strip())
    return Decimal(found[1].replace(",", ".")) if found else None


def convert(value: Decimal, unit_from: str, unit_to: str, loinc: str) -> Decimal | None:
    """Return the value in the other unit (both UCUM), the exact product; None where no factor is known.

    Urea nitrogen has one, urea itself none: a mass of the one is not a mass of the other.

    Source: molar masses, as laboratories round them.
    """
    if unit_from == unit_to:
        return value
    factor = _FACTORS.get((loinc, unit_from, unit_to))
    return value * factor if factor is not None else None
