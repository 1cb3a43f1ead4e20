"""Judging a value: the laboratory's word first, then its range, then ours."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from domain import reference_ranges
from domain.patients import Sex
from domain.quantities import convert
from domain.reference_ranges import ReferenceRange, flag_from_hl7
from domain.results import Flag, ObservationSent

LOINC: Final = "http://loinc.org"
_SIGNED: Final = re.compile(r"\s*(<=|>=|<|>|≤|≥)\s*")
_SEVERE: Final = {Flag.LOW: Flag.CRITICAL_LOW, Flag.HIGH: Flag.CRITICAL_HIGH}


class Whom(NamedTuple):
    """What of a person a reference range depends on."""

    sex: Sex = Sex.UNKNOWN
    birth_date: date | None = None
    pregnant: bool = False


class Judgement(NamedTuple):
    """Where a value lies, and our range if that was what it was judged by."""

    flag: Flag | None
    own: ReferenceRange | None = None


class _Value(NamedTuple):
    """A number, or a side of one: `<0.1` lies anywhere below 0.1."""

    number: Decimal
    sign: str = ""

    def below(self, bound: Decimal | None) -> bool | None:
        """Return whether it lies below a bound; None where that can't be told."""
        if bound is None or (self.sign.startswith(">") and self.number >= bound):
            return False
        if not self.sign:
            return self.number < bound
        certain = self.number <= bound if self.sign == "<" else self.sign == "<=" and self.number < bound
        return certain or None

    def above(self, bound: Decimal | None) -> bool | None:
        """Return whether it lies above a bound; None where that can't be told."""
        if bound is None:
            return False
        opposite = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
        return _Value(-self.number, opposite.get(self.sign, "")).below(-bound)


def judge(sent: ObservationSent, whom: Whom, on: date) -> Judgement:
    """Return a value's flag: the laboratory's own wins, then its own range, then ours for the person and the day.

    Our critical limits make a value that the laboratory's range finds low or high critical. A value is converted for
    comparison only, where the factor is known; without a unit, under 18 years and in pregnancy ours say nothing.

    Source: HL7 v2.5, table 0078 (abnormal flags); data/reference_ranges.json.
    """
    told = flag_from_hl7(sent.flag.upper()) if sent.flag else None
    value = _value(sent.value)
    if told is not None or value is None:
        return Judgement(told)
    low, high = number_of(sent.low), number_of(sent.high)
    own, comparable = _own(sent, value, whom, on)
    if low is None and high is None:
        return Judgement(_flag(comparable, own), own) if own and _bounded(own) else Judgement(None)
    flag = _flag(value, ReferenceRange("", low, high))
    if flag in _SEVERE and own is not None and _flag(comparable, own) is _SEVERE[flag]:
        return Judgement(_SEVERE[flag])
    return Judgement(flag)


def number_of(text: str | None) -> Decimal | None:
    """Return a value as a number, a decimal comma allowed; None if it is text, or like `<0.1`."""
    if text is None:
        return None
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def is_abnormal(flag: Flag | None) -> bool:
    """Return whether someone must be told."""
    return flag not in (None, Flag.NORMAL)


def is_critical(flag: Flag | None) -> bool:
    """Return whether a doctor must act at once."""
    return flag in (Flag.CRITICAL_LOW, Flag.CRITICAL_HIGH)


def _value(text: str) -> _Value | None:
    signed = _SIGNED.match(text)
    number = number_of(text[signed.end() :] if signed else text)
    sign = signed[1].replace("≤", "<=").replace("≥", ">=") if signed else ""
    return None if number is None else _Value(number, sign)


def _own(sent: ObservationSent, value: _Value, whom: Whom, on: date) -> tuple[ReferenceRange | None, _Value]:
    """Return our range, and the value in its unit."""
    if whom.birth_date is None or whom.pregnant or sent.worded or sent.system != LOINC or not sent.unit:
        return None, value
    own = reference_ranges.reference(sent.code, whom.sex, whom.birth_date, on)
    number = convert(value.number, sent.unit, own.unit, sent.code) if own else None
    return (None, value) if number is None else (own, value._replace(number=number))


def _flag(value: _Value, normal: ReferenceRange) -> Flag | None:
    """Return where a value lies; a bound itself is normal; None where its sign leaves that open."""
    for is_there, flag in (
        (value.below(normal.critical_low), Flag.CRITICAL_LOW),
        (value.above(normal.critical_high), Flag.CRITICAL_HIGH),
        (value.below(normal.low), Flag.LOW),
        (value.above(normal.high), Flag.HIGH),
    ):
        if is_there:
            return flag
    within = value.below(normal.low) is False and value.above(normal.high) is False
    return Flag.NORMAL if within else None


def _bounded(normal: ReferenceRange) -> bool:
    return normal.low is not None or normal.high is not None
