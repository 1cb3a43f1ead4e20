from decimal import Decimal

import pytest

from domain.quantities import convert, value_of


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("6.10", "6.10"),
        ("6,10", "6.10"),
        ("<0.1", "0.1"),
        ("> 90", "90"),
        ("≤5", "5"),
        (">=5", "5"),
        (" 130 ", "130"),
        ("-1.50", "-1.50"),
        ("+2", "2"),
        (",5", "0.5"),
    ],
)
def test_a_number_keeps_its_digits(text, digits):
    assert str(value_of(text)) == digits


@pytest.mark.parametrize(
    "text", ["", "отрицательно", "1,234.5", "1 000", "1-2", "1e5", "NaN", "Infinity", "<", "5.", "٥", "9" * 21, "1_0"]
)
def test_what_is_no_plain_number_is_none(text):
    assert value_of(text) is None


@pytest.mark.parametrize(
    ("value", "units", "loinc", "expected"),
    [
        ("90", ("mg/dL", "mmol/L"), "2339-0", "4.9950"),
        ("200", ("mg/dL", "mmol/L"), "2093-3", "5.17200"),
        ("150", ("mg/dL", "mmol/L"), "2571-8", "1.69350"),
        ("1.0", ("mg/dL", "umol/L"), "38483-4", "88.40"),
        ("15", ("mg/dL", "mmol/L"), "6299-2", "5.355"),
        ("1", ("mg/dL", "umol/L"), "1975-2", "17.1"),
        ("5", ("mg/dL", "umol/L"), "14933-6", "297.40"),
        ("10", ("mg/dL", "mmol/L"), "49765-1", "2.4950"),
        ("13.5", ("g/dL", "g/L"), "718-7", "135.0"),
    ],
)
def test_known_units_are_converted(value, units, loinc, expected):
    assert str(convert(Decimal(value), *units, loinc)) == expected


def test_the_same_unit_changes_nothing():
    assert str(convert(Decimal("6.10"), "mmol/L", "mmol/L", "0-0")) == "6.10"


@pytest.mark.parametrize(
    ("units", "loinc"),
    [(("mg/dL", "mmol/L"), "22664-7"), (("mg/dL", "mmol/L"), "718-7"), (("mg/dl", "mmol/L"), "2339-0")],
)
def test_nothing_is_converted_by_guess(units, loinc):
    assert convert(Decimal(1), *units, loinc) is None
