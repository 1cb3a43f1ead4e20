"""Russian identifiers: normal form, check digits, and what of them may be shown.

Each `parse_…` takes what a person types, with spaces, hyphens and the like, and returns the normal form. An error
never carries the value, since errors are logged.
"""

import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum

import msgspec

from domain.patients import Sex

LONGEST = 64
"""Characters of input that are looked at."""


class IdentifierKind(StrEnum):
    """What kind of number it is."""

    SNILS = "SNILS"
    ENP = "ENP"
    PASSPORT = "PASSPORT"
    INN = "INN"
    OGRN = "OGRN"
    PHONE = "PHONE"


class IdentifierFault(StrEnum):
    """What is wrong with a number."""

    LENGTH = "LENGTH"
    CHARACTERS = "CHARACTERS"
    CHECK_DIGIT = "CHECK_DIGIT"
    DATE = "DATE"
    COUNTRY = "COUNTRY"


class InvalidIdentifier(ValueError):
    """The number is not of its kind."""

    def __init__(self, kind: IdentifierKind, fault: IdentifierFault) -> None:
        super().__init__(f"{kind}: {fault}")
        self.kind = kind
        self.fault = fault


class EnpParts(msgspec.Struct, frozen=True):
    """What a policy number says about its holder when it was first issued."""

    region: str
    birth_date: date
    sex: Sex


def parse_snils(text: str) -> str:
    """Return the 11 digits of a SNILS. Numbers up to 001-001-998 have no check digits.

    Two digits of checking don't see everything: with check digits 00 the ninth digit may be off by one.

    Source: the Pension Fund's weights 9…1 and mod 101, as several public programs apply them.
    """
    digits = _digits(IdentifierKind.SNILS, text, 11)
    if digits[:9] > "001001998":
        total = _weighted(digits[:9], range(9, 0, -1))
        _check(IdentifierKind.SNILS, int(digits[9:]) == total % 101 % 100)
    return digits


def parse_enp(text: str) -> str:
    """Return the 16 digits of a compulsory insurance policy number (единый номер полиса).

    The date inside is not judged here: registers hold odd ones, and a sick person must not be turned away for it.

    Source: order 79 of the Federal Fund of 07.04.2011, as two public programs apply it; the check digit is Luhn's.
    """
    digits = _digits(IdentifierKind.ENP, text, 16)
    doubled = (_digit_sum(2 * int(digit)) for digit in digits[-2::-2])
    _check(IdentifierKind.ENP, (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0)
    return digits


def enp_parts(text: str) -> EnpParts:
    """Return the region, birth date and sex inside a policy number; disagreement with a person means: look at it.

    Raises:
        InvalidIdentifier: as `parse_enp`, or DATE when there is no such day.
    """
    digits = parse_enp(text)
    year = int("".join(str(9 - int(digit)) for digit in reversed(digits[4:8])))
    month, day = 99 - int(digits[2:4]) - _century_shift(year), 99 - int(digits[8:10])
    male = day > 50
    try:
        born = date(year, month, day - 50 if male else day)
    except ValueError:
        raise InvalidIdentifier(IdentifierKind.ENP, IdentifierFault.DATE) from None
    return EnpParts(digits[:2], born, Sex.MALE if male else Sex.FEMALE)


def parse_passport(text: str) -> str:
    """Return series and number of a Russian passport, 10 digits; there is no check digit."""
    return _digits(IdentifierKind.PASSPORT, text.replace("№", " "), 10)


def parse_inn(text: str) -> str:
    """Return the 12 digits of a person's taxpayer number, or the 10 of an organization's.

    An organization's single check digit misses some slips of one digit; a person's two see all of them.

    Source: the tax service's weights, mod 11, mod 10, as several public programs apply them.
    """
    digits = _digits(IdentifierKind.INN, text, 10, 12)
    for head in range(9, 10) if len(digits) == 10 else range(10, 12):
        control = _weighted(digits[:head], _INN_WEIGHTS[-head:]) % 11 % 10
        _check(IdentifierKind.INN, int(digits[head]) == control)
    return digits


def parse_ogrn(text: str) -> str:
    """Return the 13 digits of an organization's state number (ОГРН), or the 15 of an entrepreneur's (ОГРНИП)."""
    digits = _digits(IdentifierKind.OGRN, text, 13, 15)
    control = int(digits[:-1]) % (len(digits) - 2) % 10
    _check(IdentifierKind.OGRN, int(digits[-1]) == control)
    return digits


def parse_phone(text: str) -> str:
    """Return a telephone number in E.164; without a country it is taken as Russian.

    Source: ITU-T E.164; Russian national numbers begin with 3, 4, 8 or 9, those of Kazakhstan with 6 or 7.
    """
    international = text.strip().startswith("+")
    digits = _digits(IdentifierKind.PHONE, text.strip().removeprefix("+"), *range(8, 16))
    if international and not digits.startswith("7"):
        if _UNASSIGNED.match(digits):
            raise InvalidIdentifier(IdentifierKind.PHONE, IdentifierFault.COUNTRY)
        return "+" + digits
    return "+7" + _national(digits, international)


def mask(kind: IdentifierKind, value: str) -> str:
    """Return the value with all but its last few characters replaced by `*`; it never fails."""
    shown = min(_SHOWN[kind], len(value) // 3)
    hidden = len(value) - shown
    return "*" * hidden + value[hidden:]


_SEPARATORS = re.compile("[\\s().\u2010-\u2015\u2212-]")
_DIGITS = re.compile("[0-9]*")
_INN_WEIGHTS = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_UNASSIGNED = re.compile("0|89")
"""No country has these codes: `+8 912…` is `8 912…` with a plus too many."""
_SHOWN = {kind: 3 if kind is IdentifierKind.PASSPORT else 4 for kind in IdentifierKind}


def _digits(kind: IdentifierKind, text: str, *lengths: int) -> str:
    digits = _SEPARATORS.sub("", text[: LONGEST + 1])
    if not _DIGITS.fullmatch(digits):
        raise InvalidIdentifier(kind, IdentifierFault.CHARACTERS)
    if len(digits) not in lengths or len(text) > LONGEST:
        raise InvalidIdentifier(kind, IdentifierFault.LENGTH)
    return digits


def _check(kind: IdentifierKind, right: bool) -> None:
    if not right:
        raise InvalidIdentifier(kind, IdentifierFault.CHECK_DIGIT)


def _weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def _digit_sum(number: int) -> int:
    return number // 10 + number % 10


def _century_shift(year: int) -> int:
    """Return what is added to the month in a policy number."""
    if year <= 1950:
        return 20
    return 40 if year <= 2000 else 0


def _national(digits: str, international: bool) -> str:
    """Return the ten digits after +7."""
    prefixed = len(digits) == 11 and digits[0] in ("7" if international else "78")
    national = digits[1:] if prefixed else digits
    if len(national) != 10 or (international and not prefixed):
        raise InvalidIdentifier(IdentifierKind.PHONE, IdentifierFault.LENGTH)
    if national[0] not in "346789":
        raise InvalidIdentifier(IdentifierKind.PHONE, IdentifierFault.COUNTRY)
    return national
