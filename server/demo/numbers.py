"""Numbers that look like a Russian's documents and belong to nobody: right check digits, invented digits."""

from datetime import date

from domain.patients import Sex


def snils(serial: int) -> str:
    """Return a SNILS of nine invented digits; the control number is that of the Pension Fund's rule."""
    digits = f"{serial:09d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(9, 0, -1), strict=True))
    return f"{digits}{total % 101 % 100:02d}"


def enp(region: int, born: date, sex: Sex, serial: int) -> str:
    """Return a policy number of the compulsory insurance, which hides birth date and sex.

    Source: order 158n of 2019, appendix; the last digit is HL7's Mod-10, equal to Luhn's.
    """
    month = born.month + (20 if born.year <= 1950 else 40 if born.year <= 2000 else 0)
    day = born.day + (50 if sex is Sex.MALE else 0)
    year = "".join(str(9 - int(digit)) for digit in reversed(str(born.year)))
    first = f"{region:02d}{99 - month:02d}{year}{99 - day:02d}{serial:05d}"
    return first + str(_luhn(first))


def _luhn(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return -total % 10
