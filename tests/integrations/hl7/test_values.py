from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from integrations.hl7 import values
from integrations.hl7.decoding import Decoded
from integrations.hl7.parsing import parse

MOSCOW = timezone(timedelta(hours=3))


def obx(line):
    return parse(Decoded(f"MSH|^~\\&|A\r{line}", "utf-8")).segments[1]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("2026", datetime(2026, 1, 1, tzinfo=MOSCOW)),
        ("202611", datetime(2026, 11, 1, tzinfo=MOSCOW)),
        ("20261123", datetime(2026, 11, 23, tzinfo=MOSCOW)),
        ("2026112310", datetime(2026, 11, 23, 10, tzinfo=MOSCOW)),
        ("202611231015", datetime(2026, 11, 23, 10, 15, tzinfo=MOSCOW)),
        ("20261123101530", datetime(2026, 11, 23, 10, 15, 30, tzinfo=MOSCOW)),
        ("20261123101530.1234", datetime(2026, 11, 23, 10, 15, 30, 123400, tzinfo=MOSCOW)),
        ("20261123101530+0000", datetime(2026, 11, 23, 10, 15, 30, tzinfo=UTC)),
        ("201203141259-0215", datetime(2012, 3, 14, 15, 14, tzinfo=UTC)),
        ("20261323", None),
        ("20260230", None),
        ("00000000", None),
        ("2026-11-23", None),
        ("20261123101530+9900", None),
        ("", None),
    ],
)
def test_times_of_every_precision(sent, found):
    assert values.moment(sent, MOSCOW) == found


def test_a_birth_date_is_a_whole_day():
    assert values.day("19800201") == date(1980, 2, 1)
    assert values.day("19800201120000+0300") == date(1980, 2, 1)
    assert values.day("198002") is None


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("3.5-5.1", ("3.5", "5.1", None)),
        ("3,5 - 5,1", ("3,5", "5,1", None)),
        ("3.50–5.10", ("3.50", "5.10", None)),
        ("-5 - 5", ("-5", "5", None)),
        ("70_105", ("70", "105", None)),
        ("[3.5..5.1]", ("3.5", "5.1", None)),
        ("3.5-5.1 mmol/L", ("3.5", "5.1", None)),
        ("<5.0", (None, "5.0", None)),
        ("≤ 5", (None, "5", None)),
        ("до 5,2", (None, "5,2", None)),
        (">10", ("10", None, None)),
        (">=1.0", ("1.0", None, None)),
        ("отрицательно", (None, None, "отрицательно")),
        ("М 130-170; Ж 120-150", (None, None, "М 130-170; Ж 120-150")),
        ("", (None, None, None)),
    ],
)
def test_ranges_as_laboratories_write_them(sent, found):
    assert values.reference_range(sent, "mmol/L") == found


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("NM|||6.10", "6.10"),
        ("NM|||27~25", "27; 25"),
        ("SN|||<^0.1", "<0.1"),
        ("SN|||^182", "182"),
        ("SN|||=^5", "5"),
        ("SN|||^1^:^128", "1:128"),
        ("SN|||^10^-^20", "10-20"),
        ("SN|||^3^+", "3+"),
        ("ST|||роста нет", "роста нет"),
        ("ST|||a^b&c", "a^b&c"),
        ("TX|||one~two", "one\ntwo"),
        ("FT|||A \\T\\ B\\.br\\C", "A & B\nC"),
        ("CE|||POS^положительно^L", "положительно"),
        ("CWE|||27268008^Salmonella^SCT^^^^^^Salmonella species", "Salmonella"),
        ("CNE|||A+^^L", "A+"),
        ("CWE|||^^^^^^^^как написано", "как написано"),
        ("DT|||20150624", "2015-06-24"),
        ("TS|||20150624101500+0300", "2015-06-24T10:15:00+03:00"),
        ("DT|||unknown", "unknown"),
        ("ED|||LIS^AP^PDF^Base64^" + "QUJD" * 1024, "Вложение PDF, 3 КБ"),
        ("ED|||", ""),
        ("RP|||https://x.example/1^^image^PICT", "https://x.example/1"),
        ("XPN|||Иванов^Иван", "Иванов Иван"),
        ("|||5", "5"),
        ('NM|||""', ""),
    ],
)
def test_values_of_every_type(sent, found):
    assert values.value(obx(f"OBX|1|{sent}"), UTC) == found


@pytest.mark.parametrize(
    ("sent", "found"), [("H", "H"), ("hh", "HH"), ("A^A^HL70078~HH^^HL70078", "HH"), ("", None), ("weird", None)]
)
def test_the_severest_flag_that_is_known(sent, found):
    assert values.flag(obx(f"OBX|1|NM|||1|||{sent}")) == found
