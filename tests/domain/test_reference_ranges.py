import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import domain
from domain.patients import Sex
from domain.reference_ranges import ReferenceRange, analyte, flag, flag_from_hl7, reference
from domain.results import Flag

ADULT, ON = date(1980, 5, 17), date(2026, 11, 23)
POTASSIUM = ReferenceRange("mmol/L", Decimal("3.5"), Decimal("5.1"), Decimal("2.8"), Decimal("6.2"))
DATA = json.loads((Path(domain.__file__).parent / "data" / "reference_ranges.json").read_text("utf-8"))["analytes"]


def test_hemoglobin_has_a_range_for_each_sex_and_none_for_unknown():
    ranges = [reference("718-7", sex, ADULT, ON) for sex in (Sex.MALE, Sex.FEMALE, Sex.UNKNOWN, Sex.OTHER)]
    critical = (Decimal(70), Decimal(200))
    male = ReferenceRange("g/L", Decimal(130), Decimal(170), *critical)
    female = ReferenceRange("g/L", Decimal(120), Decimal(150), *critical)
    assert ranges == [male, female, None, None]


def test_a_range_that_both_sexes_share_holds_for_everyone():
    assert reference("2823-3", Sex.UNKNOWN, ADULT, ON) == POTASSIUM


def test_what_one_sex_has_not_has_no_range_for_it():
    ranges = [reference("2857-1", sex, ADULT, ON) for sex in (Sex.MALE, Sex.FEMALE, Sex.UNKNOWN)]
    assert ranges == [ReferenceRange("ng/mL", None, Decimal("4.0")), None, None]


def test_a_child_has_no_range_until_the_eighteenth_birthday():
    days = (date(2026, 5, 16), date(2026, 5, 17))
    assert [reference("2823-3", Sex.MALE, date(2008, 5, 17), day) for day in days] == [None, POTASSIUM]


def test_there_is_no_range_before_the_table_was_valid_nor_of_the_unknown():
    assert reference("2823-3", Sex.MALE, ADULT, date(2025, 12, 31)) is None
    assert reference("0-0", Sex.MALE, ADULT, ON) is None


def test_an_analyte_has_its_names_and_units():
    found = analyte("718-7")
    assert (found.russian, found.english, found.unit, found.unit_russian) == ("Гемоглобин", "Hemoglobin", "g/L", "г/л")
    assert analyte("0-0") is None


def test_bounds_keep_their_digits():
    assert str(reference("1988-5", Sex.MALE, ADULT, ON).high) == "5.0"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2.79", Flag.CRITICAL_LOW),
        ("2.8", Flag.LOW),
        ("3.49", Flag.LOW),
        ("3.5", Flag.NORMAL),
        ("3.50", Flag.NORMAL),
        ("5.10", Flag.NORMAL),
        ("5.11", Flag.HIGH),
        ("6.2", Flag.HIGH),
        ("6.201", Flag.CRITICAL_HIGH),
    ],
)
def test_a_bound_itself_is_within(value, expected):
    assert flag(Decimal(value), POTASSIUM) is expected


def test_a_missing_bound_bounds_nothing():
    assert flag(Decimal("-1000000"), ReferenceRange("mg/L", high=Decimal(5))) is Flag.NORMAL
    assert flag(Decimal("1000000"), ReferenceRange("mg/L", low=Decimal(5))) is Flag.NORMAL


def test_hl7_flags_are_known():
    codes = ["N", "L", "H", "LL", "HH", "A", "AA", "<", ">", " H ", "", "S", "h", "W"]
    assert [flag_from_hl7(code) for code in codes] == [
        Flag.NORMAL,
        Flag.LOW,
        Flag.HIGH,
        Flag.CRITICAL_LOW,
        Flag.CRITICAL_HIGH,
        Flag.ABNORMAL,
        Flag.ABNORMAL,
        Flag.LOW,
        Flag.HIGH,
        Flag.HIGH,
        None,
        None,
        None,
        None,
    ]


def test_there_are_44_analytes_each_once():
    assert len(DATA) == 44
    assert len({row["loinc"] for row in DATA}) == 44


@pytest.mark.parametrize("row", DATA, ids=lambda row: row["loinc"])
def test_bounds_are_in_order(row):
    for bounds in (row["male"], row["female"]):
        low, high = bounds or (None, None)
        ordered = [Decimal(bound) for bound in (row["critical"][0], low, high, row["critical"][1]) if bound is not None]
        assert ordered == sorted(ordered)
