from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from domain.messages import Filing, MessageReason
from domain.patients import IdentifierSystem, Sex
from domain.results import ObservationSent, PersonNamed, ReportSent, ReportStatus
from integrations.hl7.decoding import decode
from integrations.hl7.oru import filings
from integrations.hl7.parsing import parse
from tests.integrations.hl7.wire import ANNA, BORIS, order, oru, potassium

MOSCOW = timezone(timedelta(hours=3))
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def said(*segments, **given):
    found, reason = filings(parse(decode(oru(*segments, **given))), NOW)
    assert reason is None
    return found


def reports(*segments):
    [filing] = said(*segments)
    return filing.reports


def observations(*segments):
    [report] = reports(*segments)
    return report.observations


def test_a_whole_message():
    taken = datetime(2026, 11, 1, 11, tzinfo=MOSCOW)
    report = ReportSent(
        study="F1",
        title="Электролиты",
        status=ReportStatus.FINAL,
        issued_at=datetime(2026, 11, 1, 11, 59, tzinfo=MOSCOW),
        observations=(
            ObservationSent("2823-3", "Калий", "6.90", "mmol/L", "3.5", "5.1", "H", taken, "гемолиз\nповторить"),
        ),
        code="24323-8",
        conclusion="Материал доставлен вовремя",
        panel="24323-8",
    )
    person = PersonNamed(((IdentifierSystem.SNILS, "11223344595"),), "Смирнова", "Анна", date(1980, 2, 1), Sex.FEMALE)
    assert said(
        ANNA,
        "NTE|1||Не для протокола",
        order(),
        "NTE|1||Материал доставлен вовремя",
        potassium("6.90"),
        "NTE|1||гемолиз~повторить",
    ) == (Filing(person, (report,)),)


@pytest.mark.parametrize(
    ("pid", "identifiers"),
    [
        ("PID|1||112-233-445 95^^^ПФР", ((IdentifierSystem.SNILS, "11223344595"),)),
        ("PID|1||1^^^&1.2.643.100.3&ISO", ((IdentifierSystem.SNILS, "1"),)),
        ("PID|1||7757910848000121^^^ФОМС^NI", ((IdentifierSystem.OMS, "7757910848000121"),)),
        ("PID|1||7757 9108 4800 0121^^^^ЕНП", ((IdentifierSystem.OMS, "7757910848000121"),)),
        ("PID|1||77^^^GHH LAB^MR", (("urn:hl7:authority:GHH%20LAB", "77"),)),
        ("PID|1||77^^^GHH&1.2.3&ISO^MR", (("urn:hl7:authority:GHH", "77"), ("urn:oid:1.2.3", "77"))),
        ("PID|1||77", (("urn:hl7:authority:LAB1", "77"),)),
        ("PID|1|8^^^B|7^^^A|9^^^C", tuple((f"urn:hl7:authority:{a}", v) for a, v in ("A7", "B8", "C9"))),
        ("PID|1||7^^^A~7^^^A", (("urn:hl7:authority:A", "7"),)),
        ("PID|1||||||||||||||||||112-233-445 95", ((IdentifierSystem.SNILS, "11223344595"),)),
        ("PID|1||||||||||||||||||123121234", ()),
        ('PID|1||""^^^A', ()),
    ],
)
def test_identifiers_and_their_systems(pid, identifiers):
    fields = pid.split("|") + [""] * 20
    fields[7] = "19800201"
    assert said("|".join(fields), order())[0].person.identifiers == identifiers


def test_without_a_birth_date_national_numbers_alone_count():
    assert said("PID|1||7^^^A~1^^^SNILS", order())[0].person.identifiers == ((IdentifierSystem.SNILS, "1"),)


def test_an_authority_can_be_mapped():
    message = parse(decode(oru("PID|1||7^^^GHH||||19800201", order())))
    found, _ = filings(message, NOW, authorities={"GHH": "https://ghh.example/mrn"})
    assert found[0].person.identifiers == (("https://ghh.example/mrn", "7"),)


def test_each_obr_group_is_a_report_and_keeps_its_own_notes():
    first, second = reports(
        ANNA, order("F1"), potassium(), order("F2", "58410-2^ОАК^LN"), "NTE|1||ОАК", "OBX|1|NM|718-7^Hb^LN||131|g/L"
    )
    assert (first.study, [seen.code for seen in first.observations], first.conclusion) == ("F1", ["2823-3"], None)
    assert (second.study, [seen.code for seen in second.observations], second.conclusion) == ("F2", ["718-7"], "ОАК")


def test_one_number_for_several_panels_is_several_reports():
    first, second = reports(ANNA, order("F1", "A^a"), potassium(), order("F1", "B^b"), potassium())
    assert [(report.study, report.panel) for report in (first, second)] == [("F1", "A"), ("F1", "B")]


def test_two_groups_of_one_number_and_code_are_one_report():
    [report] = reports(ANNA, order(), potassium("1"), order(), potassium("2"))
    assert [seen.value for seen in report.observations] == ["1", "2"]


def test_two_patients_in_a_message_keep_apart():
    first, second = said(ANNA, order("F1"), potassium("1"), BORIS, order("F2"), potassium("2"))
    assert (first.person.family, first.reports[0].observations[0].value) == ("Смирнова", "1")
    assert (second.person.family, second.reports[0].observations[0].value) == ("Орлов", "2")


@pytest.mark.parametrize(
    ("obr", "orc", "study"),
    [
        ("OBR|1|P1^X|F1^Y|c", None, "F1"),
        ("OBR|1|P1||c", None, "P1"),
        ("OBR|1|||c", "ORC|RE|P2|F2", "F2"),
        ("OBR|1|||c", None, "C1-1"),
    ],
)
def test_the_study_is_the_laboratorys_number(obr, orc, study):
    assert reports(*filter(None, (ANNA, orc, obr)))[0].study == study


@pytest.mark.parametrize(
    ("of_report", "of_values", "status"),
    [
        ("F", ["F"], ReportStatus.FINAL),
        ("P", ["F"], ReportStatus.PRELIMINARY),
        ("I", [], ReportStatus.PRELIMINARY),
        ("C", ["F"], ReportStatus.CORRECTED),
        ("X", [], ReportStatus.CANCELLED),
        ("", ["F", "F"], ReportStatus.FINAL),
        ("", ["F", "P"], ReportStatus.PRELIMINARY),
        ("", ["F", "C"], ReportStatus.CORRECTED),
        ("", ["X"], ReportStatus.CANCELLED),
        ("", [], ReportStatus.PRELIMINARY),
    ],
)
def test_statuses(of_report, of_values, status):
    seen = [potassium(status=each) for each in of_values]
    assert reports(ANNA, order(status=of_report), *seen)[0].status is status


def test_withdrawn_and_pending_observations_are_left_out():
    found = observations(ANNA, order(), potassium("1", status="D"), potassium("2"), potassium("", status="I"))
    assert [seen.value for seen in found] == ["2"]


def test_a_note_to_a_value_that_could_not_be_had_is_not_lost():
    [report] = reports(ANNA, order(), potassium("", status="X"), "NTE|1||гемолиз")
    assert (report.observations, report.conclusion) == ((), "Калий: гемолиз")


def test_text_a_line_an_obx_becomes_one_text():
    lines = [f"OBX|{n}|TX|18782-3^Описание^LN||строка {n}||||||F" for n in (1, 2, 3)]
    [seen] = observations(ANNA, order(), *lines)
    assert (seen.code, seen.value) == ("18782-3", "строка 1\nстрока 2\nстрока 3")


def test_text_without_a_code_and_long_text_belong_to_the_report():
    [report] = reports(ANNA, order(), "OBX|1|TX|||Заключение", f"OBX|2|FT|1^Описание||{'я' * 4001}")
    assert (report.observations, report.conclusion) == ((), f"Заключение\nОписание: {'я' * 4001}")


@pytest.mark.parametrize(
    ("obx3", "named"),
    [
        ("2823-3^K^LN", ("2823-3", "K", "http://loinc.org")),
        ("K1^Калий^L^2823-3^Potassium^LN", ("2823-3", "Калий", "http://loinc.org")),
        ("1017128^Гемоглобин^ФСЛИ", ("1017128", "Гемоглобин", "urn:oid:1.2.643.5.1.13.13.11.1080")),
        ("K1^Калий^99LAB", ("K1", "Калий", "urn:hl7:coding:99LAB")),
        ("K1", ("K1", "K1", "urn:hl7:coding:L")),
    ],
)
def test_codes_and_their_systems(obx3, named):
    [seen] = observations(ANNA, order(), f"OBX|1|NM|{obx3}||1")
    assert (seen.code, seen.title, seen.system) == named


def test_a_range_in_words_is_kept_as_a_note():
    [seen] = observations(ANNA, order(), "OBX|1|ST|1^x||роста нет||отсутствует")
    assert (seen.low, seen.high, seen.note) == (None, None, "Норма: отсутствует")


def test_times_without_a_zone_are_in_the_headers():
    [seen] = observations(ANNA, order(), "OBX|1|NM|1^x||1||||||F|||202611011130")
    assert seen.taken_at == datetime(2026, 11, 1, 11, 30, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        ((order(), potassium()), MessageReason.PATIENT_MISSING),
        ((ANNA,), MessageReason.REPORT_MISSING),
        ((ANNA, potassium()), MessageReason.REPORT_MISSING),
    ],
)
def test_what_is_missing_is_named(segments, reason):
    assert filings(parse(decode(oru(*segments))), NOW) == ((), reason)
