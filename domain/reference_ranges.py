"""Reference ranges of laboratory values: a fallback for results that arrive without a range or a flag of their own.

The laboratory's range and flag win. Never used under 18 years, nor in pregnancy, which the caller has to know.

Source: general laboratory consensus (data/reference_ranges.json), to be approved by a physician.
"""

import re
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec

from domain.patients import Sex
from domain.results import Flag

ADULT = 18
"""Years."""

_PREGNANCY = re.compile(r"O[0-9]{2}|Z3[3-6]")
_PREGNANT = frozenset({"77386006", "72892002", "47200007", "16356006"})

Bounds = tuple[Decimal | None, Decimal | None]


class ReferenceRange(msgspec.Struct, frozen=True):
    """Where a value usually lies; a missing bound bounds nothing."""

    unit: str
    low: Decimal | None = None
    high: Decimal | None = None
    critical_low: Decimal | None = None
    critical_high: Decimal | None = None


class Analyte(msgspec.Struct, frozen=True):
    """One thing that laboratories measure, with its usual ranges (low, high)."""

    loinc: str
    russian: str
    english: str
    abbreviation: str
    unit: str
    """UCUM."""
    unit_russian: str
    decimals: int
    male: Bounds | None
    female: Bounds | None
    critical: Bounds


class _Table(msgspec.Struct, frozen=True):
    about: str
    valid_from: date
    analytes: tuple[Analyte, ...]


def analyte(loinc: str) -> Analyte | None:
    """Return the analyte with that LOINC code, if we know it."""
    return _by_loinc().get(loinc)


def reference(loinc: str, sex: Sex, birth_date: date, on: date) -> ReferenceRange | None:
    """Return the range that held on that day, or None: unknown, not adult, or not the same for both sexes."""
    known = analyte(loinc)
    if known is None or on < _table().valid_from or _years(birth_date, on) < ADULT:
        return None
    bounds = _bounds(known, sex)
    return ReferenceRange(known.unit, *bounds, *known.critical) if bounds else None


def speaks_of_pregnancy(code: str) -> bool:
    """Return whether a condition's code means that the person is or was just pregnant; rather once too often.

    Source: ICD-10, chapter XV and Z33-Z36; SNOMED CT.
    """
    return bool(_PREGNANCY.match(code.strip().upper())) or code in _PREGNANT


def flag(value: Decimal, normal: ReferenceRange) -> Flag:
    """Return where `value` lies against its reference range; a bound itself is normal, a critical one not critical.

    Both are in the unit that the laboratory reported (UCUM); nothing is converted here.

    Source: HL7 v2.5, table 0078 (abnormal flags).
    """
    if normal.critical_low is not None and value < normal.critical_low:
        return Flag.CRITICAL_LOW
    if normal.critical_high is not None and value > normal.critical_high:
        return Flag.CRITICAL_HIGH
    if normal.low is not None and value < normal.low:
        return Flag.LOW
    return Flag.HIGH if normal.high is not None and value > normal.high else Flag.NORMAL


_FLAGS = {
    "N": Flag.NORMAL,
    "L": Flag.LOW,
    "H": Flag.HIGH,
    "LL": Flag.CRITICAL_LOW,
    "HH": Flag.CRITICAL_HIGH,
    "A": Flag.ABNORMAL,
    "AA": Flag.ABNORMAL,
    "<": Flag.LOW,
    ">": Flag.HIGH,
}


def flag_from_hl7(code: str) -> Flag | None:
    """Return the flag of a laboratory's code; None for a code that says nothing of the kind.

    `<` and `>` are beyond the instrument's scale, which is not by itself critical: low troponin is good news.

    Source: HL7 v2.5, table 0078.
    """
    return _FLAGS.get(code.strip())


def _bounds(known: Analyte, sex: Sex) -> Bounds | None:
    if sex in (Sex.MALE, Sex.FEMALE):
        return known.male if sex is Sex.MALE else known.female
    return known.male if known.male == known.female else None


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@cache
def _table() -> _Table:
    path = Path(__file__).parent / "data" / "reference_ranges.json"
    return msgspec.json.decode(path.read_bytes(), type=_Table)


@cache
def _by_loinc() -> dict[str, Analyte]:
    return {known.loinc: known for known in _table().analytes}
