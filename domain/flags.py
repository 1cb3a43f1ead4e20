"""Judging a value against the range that came with it."""

from decimal import Decimal, InvalidOperation

from domain.reference_ranges import flag_from_hl7
from domain.results import Flag


def number_of(text: str | None) -> Decimal | None:
    """Return a value as a number, a decimal comma allowed; None if it is text, or like `<0.1`."""
    if text is None:
        return None
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def flag_of(value: str, low: str | None, high: str | None, sent: str | None) -> Flag | None:
    """Return a value's flag: the laboratory's own wins, else its own range; a bound itself is normal.

    Values and bounds are in the unit that the laboratory reported (UCUM); nothing is converted here.

    Source: HL7 v2.5, table 0078 (abnormal flags).
    """
    told = flag_from_hl7(sent.upper()) if sent else None
    if told is not None:
        return told
    number, least, most = number_of(value), number_of(low), number_of(high)
    if number is None or (least is None and most is None):
        return None
    if least is not None and number < least:
        return Flag.LOW
    return Flag.HIGH if most is not None and number > most else Flag.NORMAL


def is_abnormal(flag: Flag | None) -> bool:
    """Return whether someone must be told."""
    return flag not in (None, Flag.NORMAL)
