import re
from datetime import UTC, datetime

import pytest

from domain.messages import MessageReason
from integrations.hl7.acknowledgement import acknowledgement
from integrations.hl7.decoding import decode
from integrations.hl7.parsing import parse
from tests.integrations.hl7.wire import ANNA, header, oru

NOW = datetime(2026, 11, 23, 10, 15, 30, tzinfo=UTC)


def lines(raw, reason=None):
    text = acknowledgement(parse(decode(raw)), reason, NOW).decode()
    return re.sub(r"[0-9A-F]{16}", "ID", text).split("\r")


def test_sender_and_receiver_change_places_and_the_version_is_echoed():
    assert lines(oru(control="X-1", charset="UNICODE UTF-8")) == [
        r"MSH|^~\&|CABINET|HOUSE|LIS|LAB1|20261123101530+0000||ACK^R01^ACK|ID|P|2.5.1||||||UNICODE UTF-8",
        "MSA|AA|X-1",
        "",
    ]


def test_a_reason_comes_in_the_words_of_the_version():
    later = lines(oru(), MessageReason.PATIENT_UNKNOWN)
    assert later[1:] == [
        "MSA|AE|C1|PATIENT_UNKNOWN",
        "ERR||PID^1^3|204^Unknown key identifier^HL70357|E|PATIENT_UNKNOWN^no person here has these identifiers; "
        "the message is kept|||no person here has these identifiers; the message is kept",
        "",
    ]
    earlier = lines(header(version="2.3", kind="ADT^A01").encode(), MessageReason.TYPE_UNSUPPORTED)
    assert earlier[0].split("|")[8] == "ACK^A01^ACK"
    assert earlier[1:] == [
        "MSA|AR|C1|TYPE_UNSUPPORTED",
        "ERR|MSH^1^9^200&Unsupported message type&HL70357",
        "",
    ]
    assert lines(header(version="2.1").encode())[0].split("|")[8] == "ACK"


def test_marks_of_ones_own_are_answered_in_kind():
    raw = b"MSH$@~\\%$LIS$LAB$CAB$HOUSE$2026$$ORU@R01$7$P$2.5\rPID$1"
    assert lines(raw, MessageReason.REPORT_MISSING)[1] == "MSA$AE$7$REPORT_MISSING"


def test_what_names_nothing_gets_an_answer_all_the_same():
    assert lines(b"\x00\xff", MessageReason.NOT_HL7)[:2] == [
        r"MSH|^~\&|MEDKABINET||||20261123101530+0000||ACK|ID|P|2.5",
        "MSA|AR||NOT_HL7",
    ]


@pytest.mark.parametrize("reason", [None, *MessageReason])
def test_no_answer_carries_anything_of_the_patient(reason):
    text = acknowledgement(parse(decode(oru())), reason, NOW).decode()
    assert not any(word in text for word in ("Смирнова", "Анна", "112-233", "19800201", "6.9", "Калий", "2823-3"))
    assert ANNA not in text


def test_the_answer_is_in_the_senders_charset():
    raw = "MSH|^~\\&|ЛИС|ЛАБ|C|H|2026||ORU^R01|Ж-1|P|2.5||||||WINDOWS-1251\rPID|1".encode("windows-1251")
    answer = acknowledgement(parse(decode(raw)), None, NOW).decode("windows-1251")
    assert "|ЛИС|ЛАБ|" in answer
    assert "MSA|AA|Ж-1\r" in answer
