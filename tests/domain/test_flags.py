from datetime import date

import pytest

from domain.flags import Whom, judge
from domain.patients import Sex
from domain.reference_ranges import speaks_of_pregnancy
from domain.results import Flag, ObservationSent

ON = date(2026, 11, 23)
WOMAN = Whom(Sex.FEMALE, date(1980, 2, 1))


def flag(value, unit="mmol/L", loinc="2823-3", whom=WOMAN, on=ON, **given):
    return judge(ObservationSent(loinc, "", value, unit, **given), whom, on).flag


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        ("3.5", "3.5", "5.1", Flag.NORMAL),
        ("5,2", "3.5", "5.1", Flag.HIGH),
        ("6.3", "3.5", "5.1", Flag.CRITICAL_HIGH),
        ("2.7", "3.5", "5.1", Flag.CRITICAL_LOW),
        ("6.3", None, "7.0", Flag.NORMAL),
        ("<3.5", "3.5", "5.1", Flag.LOW),
        ("<=3.5", "3.5", "5.1", None),
        (">5.1", "3.5", "5.1", Flag.HIGH),
        ("≥ 5.1", "3.5", "5.1", None),
        ("<5.1", None, "5.1", Flag.NORMAL),
        ("<5.2", None, "5.1", None),
        (">=90", "90", None, Flag.NORMAL),
        ("не обнаружено", "3.5", "5.1", None),
    ],
)
def test_the_laboratorys_range_comes_first_and_our_limits_make_it_critical(value, low, high, expected):
    assert flag(value, low=low, high=high) is expected


def test_the_laboratorys_flag_wins_over_everything():
    assert flag("6.9", low="3.5", high="5.1", flag="N") is Flag.NORMAL
    assert flag("6.9", flag="h") is Flag.HIGH


def test_without_a_range_ours_is_taken_for_the_sex():
    man = Whom(Sex.MALE, date(1980, 2, 1))
    assert [flag("125", "g/L", "718-7", whom) for whom in (WOMAN, man)] == [Flag.NORMAL, Flag.LOW]


def test_ours_says_nothing_of_children_in_pregnancy_or_of_whom_nothing_is_known():
    others = [Whom(Sex.FEMALE, date(2015, 2, 1)), WOMAN._replace(pregnant=True), Whom(Sex.FEMALE), Whom()]
    assert [flag("6.9", whom=whom) for whom in others] == [None] * 4
    assert [flag("6.9", whom=whom, low="3.5", high="5.1") for whom in others] == [Flag.HIGH] * 4


def test_units_are_converted_for_comparison_only_where_the_factor_is_known():
    assert flag("500", "mg/dL", "14771-0") is Flag.CRITICAL_HIGH
    assert flag("7.0", "g/dL", "718-7") is Flag.LOW
    assert flag("<5", "g/dL", "718-7") is Flag.CRITICAL_LOW
    assert [flag("500", unit, "14771-0") for unit in ("mg%", None, "ммоль/л")] == [None] * 3


def test_what_the_laboratory_says_in_words_or_by_its_own_code_is_left_to_it():
    assert flag("6.9", worded=True) is None
    assert flag("6.9", system="urn:hl7:coding:L") is None


def test_a_day_before_our_table_is_not_judged_by_it():
    assert flag("6.9", on=date(2025, 12, 31)) is None


def test_codes_of_pregnancy_are_known():
    codes = ["O24.4", "Z34.9", "z33", "72892002", "Z37.0", "I10", "OXX", "55822004"]
    assert [speaks_of_pregnancy(code) for code in codes] == [True] * 4 + [False] * 4
