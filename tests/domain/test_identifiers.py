import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.identifiers import (
    EnpParts,
    IdentifierFault,
    IdentifierKind,
    InvalidIdentifier,
    enp_parts,
    mask,
    parse_enp,
    parse_inn,
    parse_ogrn,
    parse_passport,
    parse_phone,
    parse_snils,
)
from domain.patients import Sex

ENP = json.loads((Path(__file__).parent / "enp_vectors.json").read_text("utf-8"))
PARSERS = {
    IdentifierKind.SNILS: parse_snils,
    IdentifierKind.ENP: parse_enp,
    IdentifierKind.PASSPORT: parse_passport,
    IdentifierKind.INN: parse_inn,
    IdentifierKind.OGRN: parse_ogrn,
    IdentifierKind.PHONE: parse_phone,
}


def fault(parse, text):
    try:
        parse(text)
    except InvalidIdentifier as refused:
        return refused.fault
    return None


def digits(length):
    return st.text("0123456789", min_size=length, max_size=length)


def completed(parse, head, length):
    """Return the one number with this head that passes."""
    tails = (str(tail).zfill(length - len(head)) for tail in range(10 ** (length - len(head))))
    (number,) = [head + tail for tail in tails if fault(parse, head + tail) is None]
    return number


def changes(number):
    """Every number that differs in one digit."""
    return [
        number[:place] + other + number[place + 1 :]
        for place, digit in enumerate(number)
        for other in "0123456789"
        if other != digit
    ]


@pytest.mark.parametrize(
    "text",
    [
        "112-233-445 95",
        "087-654-303 00",
        "642-709-548 07",
        "001-001-999 65",
        "123-456-789 64",
        "001-019-899 99",
        "001-019-989 00",
        "001-019-998 00",
        "001-019-999 01",
    ],
)
def test_a_snils_passes_and_is_normalised(text):
    assert parse_snils(text) == text.replace("-", "").replace(" ", "")


def test_a_wrong_snils_is_refused():
    assert fault(parse_snils, "112-233-445 96") is IdentifierFault.CHECK_DIGIT


def test_the_first_snils_had_no_check_digits():
    assert parse_snils("001-001-998 37") == "00100199837"


@given(digits(9))
def test_any_single_change_of_a_snils_is_seen_but_where_its_check_digits_are_blind(head):
    assume(head > "001001998")
    number = completed(parse_snils, head, 11)
    unseen = [other for other in changes(number) if fault(parse_snils, other) is None]
    assert [other for other in unseen if not _blind(number, other)] == []


def test_the_check_digits_of_a_snils_are_blind_between_the_sums_100_and_101():
    assert [fault(parse_snils, text) for text in ("112-233-288 00", "112-233-289 00")] == [None, None]


def _blind(number, other):
    """No check at all, or the sums 100 and 101, which both give 00."""
    return other[:9] <= "001001998" or (number[9:] == "00" and abs(int(number[8]) - int(other[8])) == 1)


@pytest.mark.parametrize("vector", ENP["vectors"], ids=lambda vector: vector["enp"])
def test_a_policy_number_tells_region_birth_date_and_sex(vector):
    born, sex = date.fromisoformat(vector["birthDate"]), Sex.MALE if vector["sex"] == "M" else Sex.FEMALE
    assert enp_parts(vector["enp"]) == EnpParts(str(vector["region"]).zfill(2), born, sex)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7757910848000122", IdentifierFault.CHECK_DIGIT),
        ("1234567890123456", IdentifierFault.CHECK_DIGIT),
        ("770000000000000", IdentifierFault.LENGTH),
    ],
)
def test_a_wrong_policy_number_is_refused(text, expected):
    assert fault(parse_enp, text) is expected


def test_an_impossible_day_in_a_policy_number_is_told_but_the_number_is_taken():
    number = completed(parse_enp, "770000000000000", 16)
    assert parse_enp(number) == number
    assert fault(enp_parts, number) is IdentifierFault.DATE


@given(digits(15))
def test_any_single_change_of_a_policy_number_is_seen(head):
    number = completed(parse_enp, head, 16)
    assert {fault(parse_enp, other) for other in changes(number)} == {IdentifierFault.CHECK_DIGIT}


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.sampled_from([Sex.MALE, Sex.FEMALE]), digits(2), digits(5))
def test_any_birth_date_and_sex_come_back_out_of_a_policy_number(born, sex, region, serial):
    shift = 20 if born.year <= 1950 else 40 if born.year <= 2000 else 0
    year = "".join(str(9 - int(digit)) for digit in reversed(f"{born.year:04}"))
    day = 99 - born.day - (50 if sex is Sex.MALE else 0)
    head = f"{region}{99 - born.month - shift:02}{year}{day:02}{serial}"
    assert enp_parts(completed(parse_enp, head, 16)) == EnpParts(region, born, sex)


@pytest.mark.parametrize("text", ["500100732259", "7707083893", "5001 0073 2259"])
def test_an_inn_passes(text):
    assert parse_inn(text) == text.replace(" ", "")


@given(digits(10))
def test_any_single_change_of_a_persons_inn_is_seen(head):
    number = completed(parse_inn, head, 12)
    assert {fault(parse_inn, other) for other in changes(number)} == {IdentifierFault.CHECK_DIGIT}


@given(digits(9))
def test_every_organization_has_an_inn(head):
    assert len(completed(parse_inn, head, 10)) == 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1027700132195", None),
        ("1027700132196", IdentifierFault.CHECK_DIGIT),
        ("304500116000157", None),
        ("304500116000158", IdentifierFault.CHECK_DIGIT),
        ("10277001321950", IdentifierFault.LENGTH),
    ],
)
def test_an_ogrn_is_checked(text, expected):
    assert fault(parse_ogrn, text) is expected


@pytest.mark.parametrize("text", ["4510 123456", "45 10 № 123456", "4510123456"])
def test_a_passport_is_ten_digits_however_written(text):
    assert parse_passport(text) == "4510123456"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8 (912) 345-67-89", "+79123456789"),
        ("+7 912 345 67 89", "+79123456789"),
        ("7 912 345-67-89", "+79123456789"),
        ("912.345.67.89", "+79123456789"),
        ("+7\u00a0(495)\u00a0123\u201145\u201167", "+74951234567"),
        ("8 800 555 35 35", "+78005553535"),
        ("+49 30 901820", "+4930901820"),
        ("+375 29 123-45-67", "+375291234567"),
    ],
)
def test_a_phone_becomes_e164(text, expected):
    assert parse_phone(text) == expected
    assert parse_phone(expected) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("345-67-89", IdentifierFault.LENGTH),
        ("+7 912 345 67 8", IdentifierFault.LENGTH),
        ("+7 912 345 67 891", IdentifierFault.LENGTH),
        ("9 912 345 67 89", IdentifierFault.LENGTH),
        ("+1234567890123456", IdentifierFault.LENGTH),
        ("+8 912 345 67 89", IdentifierFault.COUNTRY),
        ("8 (112) 345-67-89", IdentifierFault.COUNTRY),
        ("+7 912 345 67 89 доб. 5", IdentifierFault.CHARACTERS),
        ("++79123456789", IdentifierFault.CHARACTERS),
    ],
)
def test_what_is_no_phone_is_refused(text, expected):
    assert fault(parse_phone, text) is expected


@pytest.mark.parametrize("kind", IdentifierKind)
@pytest.mark.parametrize("text", ["", " ", "1", "9" * 10_000, " " * 10_000])
def test_a_wrong_length_is_refused(kind, text):
    assert fault(PARSERS[kind], text) is IdentifierFault.LENGTH


@pytest.mark.parametrize("kind", IdentifierKind)
@pytest.mark.parametrize("text", ["١١٢٢٣٣٤٤٥٩٥", "112-233-445 9x", "112²233", "\0", "１１２２３３４４５９５"])
def test_only_ascii_digits_count(kind, text):
    assert fault(PARSERS[kind], text) is IdentifierFault.CHARACTERS


@given(st.sampled_from(list(IdentifierKind)), st.text())
def test_no_text_raises_anything_else_and_no_error_shows_it(kind, text):
    found = fault(PARSERS[kind], text)
    assert found is None or str(InvalidIdentifier(kind, found)) == f"{kind}: {found}"


@pytest.mark.parametrize("kind", IdentifierKind)
def test_an_error_names_kind_and_fault_and_never_the_value(kind):
    with pytest.raises(InvalidIdentifier) as refused:
        PARSERS[kind]("123")
    assert (str(refused.value), refused.value.kind) == (f"{kind}: LENGTH", kind)
    assert "123" not in repr(refused.value)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (IdentifierKind.SNILS, "11223344595", "********595"),
        (IdentifierKind.ENP, "7757910848000121", "************0121"),
        (IdentifierKind.PASSPORT, "4510123456", "*******456"),
        (IdentifierKind.PHONE, "+79123456789", "********6789"),
        (IdentifierKind.SNILS, "1234", "***4"),
        (IdentifierKind.SNILS, "12", "**"),
        (IdentifierKind.SNILS, "", ""),
    ],
)
def test_a_mask_shows_the_end_only(kind, value, shown):
    assert mask(kind, value) == shown
