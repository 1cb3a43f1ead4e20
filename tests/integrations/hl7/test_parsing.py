import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.messages import MessageReason
from integrations.hl7.decoding import Decoded, decode
from integrations.hl7.escapes import Separators
from integrations.hl7.parsing import parse


def parsed(text):
    return parse(Decoded(text, "utf-8"))


def test_fields_are_numbered_as_in_the_standard():
    message = parsed("MSH|^~\\&|LIS|LAB\rPID|1||7^^^A&1.2&ISO^MR~8^^^B||Иванов&&^Иван")
    header, pid = message.segments
    assert (header.text(1), header.text(3), header.text(4)) == ("|", "LIS", "LAB")
    assert (pid.text(3), pid.text(3, 4), pid.text(3, 4, 2), pid.text(3, 5)) == ("7", "A", "1.2", "MR")
    assert (pid.repetitions(3), pid.text(3, 1, 1, 2), pid.text(3, 4, 1, 2)) == (2, "8", "B")
    assert (pid.text(5), pid.text(5, 2), pid.text(9), pid.text(3, 1, 1, 3)) == ("Иванов", "Иван", "", "")


@pytest.mark.parametrize(
    ("marks", "separators"),
    [
        ("^~\\&", Separators()),
        ("^~\\&#", Separators()),
        ("^~\\\\&", Separators()),
        ("^~", Separators()),
        ("", Separators()),
        ("@~*%", Separators("|", "@", "~", "*", "%")),
    ],
)
def test_marks_are_the_headers(marks, separators):
    message = parsed(f"MSH|{marks}|LIS|LAB|||||ORU|1\rPID|1#")
    assert message.separators == separators
    assert message.segments[0].text(10) == "1"
    assert message.segments[1].text(1) == "1#"


def test_a_field_mark_of_ones_own():
    assert parsed("MSH$^~\\&$LIS$LAB\rPID$1$2").segments[1].text(2) == "2"


def test_escapes_are_resolved_and_the_unknown_ones_left_out():
    text = parsed(
        'MSH|^~\\&|\rOBX|A\\T\\B\\F\\C\\S\\\\R\\\\E\\|\\.br\\x\\H\\y\\N\\|\\XD09A\\z\\Zq\\|50\\% a|""'
    ).segments[1]
    assert text.text(1) == "A&B|C^~\\"
    assert text.text(2) == "xy"
    assert text.text(3) == "Кz"
    assert text.text(4) == "50\\% a"
    assert text.text(5) == ""


def test_a_line_that_begins_no_segment_continues_the_one_before():
    message = parsed("MSH|^~\\&|LIS\rOBX|1|TX|||first\rsecond line\rALT\rOBX|2")
    assert [segment.name for segment in message.segments] == ["MSH", "OBX", "OBX"]
    assert message.segments[1].text(5) == "first\nsecond line\nALT"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", MessageReason.NOT_HL7),
        ("hello", MessageReason.NOT_HL7),
        ("PID|1\rMSH|^~\\&|", MessageReason.NOT_HL7),
        ("MSH", MessageReason.NOT_HL7),
        ("MSHA^~", MessageReason.NOT_HL7),
        ("MSH ^~\\& a", MessageReason.NOT_HL7),
        ("FHS|^~\\&|\rBHS|^~\\&|", MessageReason.NOT_HL7),
        ("MSH|^~\\&|A\rPID|1\rMSH|^~\\&|B", MessageReason.SEVERAL_MESSAGES),
        ("MSH|^~\\&|A\rPID" + "|" * 300_000, MessageReason.TOO_COMPLEX),
        ("MSH|^~\\&|A" + "\r" * 300_000, MessageReason.TOO_COMPLEX),
        ("MSH|^~\\&|A" + "^" * 300_000, MessageReason.NOT_HL7),
        ("MSH|^~\\&|A\rOBX|1|TX|||" + "\\.br\\" * 100_000, MessageReason.TOO_COMPLEX),
    ],
)
def test_what_is_no_message_says_why(text, reason):
    assert parsed(text).reason is reason


def test_the_header_stays_readable_where_the_rest_is_not():
    message = parsed("MSH|^~\\&|LIS|LAB|||||ORU|77\rPID" + "|" * 300_000)
    assert message.header is not None
    assert message.header.text(10) == "77"


MARKS = some.text(alphabet="MSHPIDOBX|^~\\&#\r\n .br0123456789é", max_size=300)


@given(MARKS, some.sampled_from(["", "MSH", "MSH|", "MSH|^~\\&|"]))
def test_no_text_makes_it_fail(text, start):
    message = parse(decode((start + text).encode()))
    for segment in message.segments:
        for number in range(1, 9):
            assert isinstance(segment.text(number, 2), str)
            assert isinstance(segment.whole(number), str)
            assert isinstance(segment.components(number), list)
