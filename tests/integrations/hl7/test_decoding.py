import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as some

from integrations.hl7.decoding import decode

HEADER = r"MSH|^~\&|LIS|LAB|CAB|HOUSE|2026||ORU^R01|1|P|2.5||||||"


@pytest.mark.parametrize(
    ("named", "encoding", "charset"),
    [
        ("UNICODE UTF-8", "utf-8", "utf-8"),
        ("", "utf-8", "utf-8"),
        ("WINDOWS-1251", "windows-1251", "windows-1251"),
        ("CP1251", "windows-1251", "windows-1251"),
        ("", "windows-1251", "windows-1251"),
        ("ASCII", "windows-1251", "windows-1251"),
        ("8859/5", "iso8859-5", "iso8859-5"),
        ("8859/5~UNICODE", "iso8859-5", "iso8859-5"),
        ("KOI8-R", "koi8-r", "koi8-r"),
    ],
)
def test_cyrillic_comes_through_in_every_charset(named, encoding, charset):
    decoded = decode(f"{HEADER}{named}\rPID|1||1||Смирнова".encode(encoding))
    assert decoded == (f"{HEADER}{named}\rPID|1||1||Смирнова", charset, True)


def test_8859_1_is_taken_at_its_word():
    assert decode(f"{HEADER}8859/1\rPID|1||1||Müller".encode("latin-1")).text.endswith("Müller")


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
    ],
)
def test_marks_and_two_byte_texts_are_recognized(mark, encoding):
    assert decode(mark + f"{HEADER}\rPID|Ж".encode(encoding)) == (f"{HEADER}\rPID|Ж", encoding, True)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_every_line_end_becomes_the_standards(end):
    assert decode(f"\n{HEADER}{end}PID|1{end}OBR|1\nOBX|1{end}".encode()).text == f"{HEADER}\rPID|1\rOBR|1\rOBX|1"


def test_bytes_that_belie_their_charset_are_not_believed():
    assert decode(f"{HEADER}UNICODE UTF-8\rPID|1||1||Смирнова".encode("windows-1251")).faithful is False


@pytest.mark.parametrize("named", ["zlib", "rot13", "unicode_escape", "idna", "undefined"])
def test_codecs_that_are_no_charsets_are_not_called(named):
    assert decode(f"{HEADER}{named}\rPID|1".encode()) == (f"{HEADER}{named}\rPID|1", "utf-8", True)


@given(some.binary(max_size=400), some.sampled_from([b"", codecs.BOM_UTF16_LE, codecs.BOM_UTF8, HEADER.encode()]))
def test_no_bytes_make_it_fail(raw, start):
    assert isinstance(decode(start + raw).text, str)
