"""Reading: what a bundle says, and where it is broken."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.patients import IdentifierSystem, Sex
from domain.record import AllergyCategory, ClinicalStatus, Criticality, VerificationStatus
from domain.results import ReportStatus
from integrations.fhir.bundles import bundle as read
from integrations.fhir.elements import Broken, moment_of
from tests.integrations.fhir.samples import (
    FILES,
    LOINC,
    PERSON,
    bundle,
    concept,
    counted,
    digits,
    needs_synthea,
    observation,
    of_person,
)

ORGANIZATION = {
    "resourceType": "Organization",
    "id": "o1",
    "identifier": [{"system": "urn:x", "value": "7"}],
    "name": "Клиника",
}
DOCTOR = {"resourceType": "Practitioner", "id": "d1", "name": [{"prefix": ["Dr."], "given": ["Иван"], "family": "Ким"}]}


def broken(raw: bytes) -> tuple[str, str]:
    with pytest.raises(Broken) as caught:
        read(raw)
    return caught.value.place, caught.value.problem


def test_digits_and_units_are_kept_as_sent() -> None:
    sent = read(digits(bundle(PERSON, observation("a", "6.10"), observation("b", "120"), observation("c", "1.50E+2"))))
    found = [(each.observation.value, each.observation.unit) for each in sent.records[0].observations]
    assert found == [("6.10", "mmol/L"), ("120", "mmol/L"), ("1.50E+2", "mmol/L")]
    assert sent.records[0].observations[0].observation.taken_at == datetime(2024, 5, 6, 4, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"valueCodeableConcept": concept("Former smoker")}, "Former smoker"),
        ({"valueString": "rot"}, "rot"),
        ({"valueBoolean": False}, "false"),
        ({"valueInteger": 3}, "3"),
        ({"valueQuantity": {"value": 5, "comparator": "<"}}, "<5"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1:128"),
        ({"valueRange": {"low": {"value": 2}, "high": {"value": 3}}}, "2–3"),
        ({"valueDateTime": "2024-01"}, "2024-01"),
    ],
)
def test_values_of_every_kind_become_text(value: dict[str, Any], text: str) -> None:
    told = {"status": "final", "code": concept("x", "1", LOINC), **value}
    sent = read(bundle(PERSON, of_person("Observation", "o", **told)))
    assert [each.observation.value for each in sent.records[0].observations] == [text]


def test_a_panel_is_one_observation_a_component() -> None:
    part = [
        {"code": concept("Diastolic", "8462-4", LOINC), "valueQuantity": {"value": 80, "unit": "mm[Hg]"}},
        {"code": concept("Systolic", "8480-6", LOINC), "valueQuantity": {"value": 120, "unit": "mm[Hg]"}},
    ]
    panel = of_person("Observation", "bp", status="final", code=concept("BP", "85354-9", LOINC), component=part)
    found = read(bundle(PERSON, panel)).records[0].observations
    assert [(each.source, each.observation.code, each.observation.value) for each in found] == [
        ("Observation/bp#http://loinc.org|8462-4", "8462-4", "80"),
        ("Observation/bp#http://loinc.org|8480-6", "8480-6", "120"),
    ]


def test_a_range_in_another_unit_is_told_in_words_and_never_judged_by() -> None:
    same = {"low": {"value": 3.5, "unit": "mmol/L"}, "high": {"value": 5.1, "unit": "mmol/L"}}
    other = {"low": {"value": 13.7, "unit": "mg/dL"}}
    sent = read(
        digits(
            bundle(
                PERSON,
                observation("a", "6.2", referenceRange=[same]),
                observation("b", "6.2", referenceRange=[other]),
            )
        )
    )
    first, second = (each.observation for each in sent.records[0].observations)
    assert (first.low, first.high, first.note) == ("3.5", "5.1", None)
    assert (second.low, second.high, second.note) == (None, None, "13.7 mg/dL")


def test_references_of_every_form_are_resolved() -> None:
    encounter = {"status": "finished", "class": {"code": "AMB"}}
    forms = ["urn:uuid:d1", "Practitioner/d1", "Practitioner/d1/_history/2", "http://a.example/fhir/Practitioner/d1"]
    visits = [
        of_person("Encounter", f"e{n}", **encounter, participant=[{"individual": {"reference": form}}])
        for n, form in enumerate(forms)
    ]
    visits.append(
        of_person("Encounter", "e9", **encounter, serviceProvider={"reference": "Organization?identifier=urn:x|7"})
    )
    found = read(bundle(PERSON, ORGANIZATION, DOCTOR, *visits)).records[0].encounters
    assert [each.practitioner.sources for each in found[:4]] == [("Practitioner/d1",)] * 4
    assert found[0].practitioner.display == "Dr. Иван Ким"
    assert found[4].organization.sources == ("Organization/o1", "Organization?urn:x|7")


def test_another_servers_resource_of_the_same_id_is_not_meant() -> None:
    raw = json.loads(bundle(PERSON, DOCTOR, kind="collection"))
    raw["entry"][0]["fullUrl"] = "http://mine.example/fhir/Patient/p1"
    raw["entry"][1]["fullUrl"] = "http://mine.example/fhir/Practitioner/d1"
    visit = {
        "resourceType": "Encounter",
        "id": "e",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/p1"},
        "participant": [{"individual": {"reference": "http://other.example/fhir/Practitioner/d1", "display": "X"}}],
    }
    raw["entry"].append({"fullUrl": "http://mine.example/fhir/Encounter/e", "resource": visit})
    found = read(json.dumps(raw).encode()).records[0].encounters[0]
    assert found.practitioner.display == "X"


def test_contained_resources_are_found_in_their_holder() -> None:
    request = of_person(
        "MedicationRequest",
        "m",
        status="active",
        intent="order",
        contained=[{"resourceType": "Medication", "id": "drug", "code": concept("Ибупрофен")}],
        medicationReference={"reference": "#drug"},
        dosageInstruction=[{"timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}}],
    )
    report = of_person(
        "DiagnosticReport",
        "r",
        status="final",
        code=concept("Panel", "1-1", LOINC),
        contained=[
            {
                "resourceType": "Observation",
                "id": "o",
                "status": "final",
                "code": concept("K", "2823-3", LOINC),
                "valueInteger": 4,
            }
        ],
        result=[{"reference": "#o"}, {"reference": "Observation/elsewhere"}],
        issued="2024-05-06T07:08:09Z",
    )
    sent = read(bundle(PERSON, request, report))
    record = sent.records[0]
    assert record.medications[0].medication.title == "Ибупрофен"
    assert record.medications[0].dosage == ("2 × / 1 d",)
    assert [each.source for each in record.reports[0].observations] == ["DiagnosticReport/r#o"]
    assert record.reports[0].report.status is ReportStatus.FINAL
    assert [(left.place, left.type) for left in sent.left_out] == [("Bundle.entry[2].resource.result[1]", "Reference")]


def test_a_person_is_read_with_russian_numbers_as_they_are_kept_here() -> None:
    numbers = [
        {"system": "urn:oid:1.2.643.100.3", "value": "112-233-445 95"},
        {"system": "https://fhir.ru/ig/core/systems/OMS", "value": "7757 9108 4800 0121"},
        {"system": "http://old.example", "value": "x", "use": "old"},
    ]
    found = read(bundle({**PERSON, "identifier": numbers})).records[0].patient
    assert (found.family, found.given, found.patronymic) == ("Зимина", "Ольга", "Ивановна")
    assert (found.birth_date, found.sex) == (date(1970, 4, 5), Sex.FEMALE)
    assert found.identifiers == ((IdentifierSystem.SNILS, "11223344595"), (IdentifierSystem.OMS, "7757910848000121"))


def test_an_allergy_without_dates_is_taken() -> None:
    told = {
        "code": concept("Penicillin"),
        "type": "allergy",
        "category": ["medication"],
        "criticality": "high",
        "clinicalStatus": concept("Active", "active"),
        "reaction": [{"manifestation": [concept("Hives")], "severity": "mild"}],
    }
    found = (
        read(bundle(PERSON, of_person("AllergyIntolerance", "a", subject="patient", **told))).records[0].allergies[0]
    )
    assert (found.at, found.clinical_status, found.verification_status) == (
        None,
        ClinicalStatus.ACTIVE,
        VerificationStatus.UNKNOWN,
    )
    assert (found.categories, found.criticality) == ((AllergyCategory.MEDICATION,), Criticality.HIGH)
    assert found.reactions == ("Hives (mild)",)


def test_a_document_brings_its_bytes() -> None:
    told = {"status": "current", "content": [{"attachment": {"contentType": "text/plain", "data": "0J/RgNC40LLQtdGC"}}]}
    found = read(bundle(PERSON, of_person("DocumentReference", "d", **told))).records[0].documents[0]
    assert (found.content_type, found.content) == ("text/plain", "Привет".encode())


def test_what_is_left_out_says_why() -> None:
    sent = read(
        bundle(
            PERSON,
            {"resourceType": "Location", "id": "l"},
            {"resourceType": "Practitioner", "id": "d"},
            of_person("Condition", "c"),
            of_person("Claim", "c"),
            of_person("Observation", "o", status="final", code=concept("x", "1", LOINC)),
            {
                "resourceType": "Observation",
                "id": "n",
                "status": "final",
                "code": concept("x", "1", LOINC),
                "valueInteger": 1,
            },
            PERSON,
        )
    )
    assert sorted((left.place, left.type, left.reason) for left in sent.left_out) == [
        ("Bundle.entry[1].resource", "Location", "rooms and wards of an organization are not kept"),
        ("Bundle.entry[2].resource", "Practitioner", "has no name"),
        ("Bundle.entry[3].resource", "Condition", "does not say what it is"),
        ("Bundle.entry[4].resource", "Claim", "the record has no place for this type yet"),
        ("Bundle.entry[5].resource", "Observation", "has no value"),
        ("Bundle.entry[6].resource", "Observation", "is not about a person"),
        ("Bundle.entry[7].resource", "Patient", "stands in the file before"),
    ]
    assert [kind for _, kind in sent.entries][-3:] == ["Observation", "Observation", "Patient"]


@pytest.mark.parametrize(
    ("resource", "place", "problem"),
    [
        (
            of_person("MedicationRequest", "m", status="active", intent="order"),
            "medicationCodeableConcept",
            "is missing",
        ),
        ({"resourceType": "Condition", "id": "c", "code": concept("x")}, "subject", "is missing"),
        (
            of_person("Immunization", "i", subject="patient", status="completed", vaccineCode=concept("x")),
            "occurrenceDateTime",
            "is missing",
        ),
        (of_person("Condition", "c", code={}), "code", "says nothing"),
        (of_person("Condition", "c", code="flu"), "code", "must be an object"),
        (
            of_person("Condition", "c", code=concept("x"), clinicalStatus=concept("x", "bad")),
            "clinicalStatus",
            "must be a code of FHIR R4 (ClinicalStatus)",
        ),
        (
            of_person("Condition", "c", code=concept("x"), onsetDateTime="May"),
            "onsetDateTime",
            "must be a date or a dateTime",
        ),
        (
            of_person("Encounter", "e", status="over"),
            "status",
            "must be a code of FHIR R4 (EncounterStatus)",
        ),
        (of_person("Encounter", "e", status="finished"), "class", "is missing"),
        (
            of_person("Observation", "o", status="final", code=concept("x"), valueQuantity={"value": "6.1"}),
            "valueQuantity.value",
            "must be a number",
        ),
        (
            of_person("Condition", "c", code=concept("x\ud800")),
            "code.text",
            "holds a character that can't be kept",
        ),
        (
            {"resourceType": "Condition", "id": "c", "code": concept("x"), "subject": {"reference": "urn:uuid:nobody"}},
            "subject.reference",
            "leads to nothing in the file",
        ),
        (
            {**PERSON, "name": [{"family": "Другая"}]},
            "id",
            "names a resource that stands in the file before, with another content",
        ),
        ({"id": "x"}, "resourceType", "is missing"),
    ],
)
def test_a_broken_resource_is_named_by_its_place_and_not_by_its_value(
    resource: dict[str, Any], place: str, problem: str
) -> None:
    raw = json.loads(bundle(PERSON, kind="collection"))
    raw["entry"].append({"resource": resource})
    found = broken(json.dumps(raw).encode())
    assert found == (f"Bundle.entry[1].resource.{place}", problem)


@pytest.mark.parametrize(
    ("raw", "place", "problem"),
    [
        (b'{"a": 1,\n "b" 2}', "line 2 column 6", "is not JSON: Expecting ':' delimiter"),
        (b"", "line 1 column 1", "is not JSON: Expecting value"),
        (b'{\n"a": "\xff"}', "line 2 column 7", "is not UTF-8"),
        (b"[]", "Bundle", "must be an object"),
        (b"[" * 200_000, "Bundle", "is nested too deeply"),
        (b'{"a": NaN}', "Bundle", "holds a number that JSON doesn't know"),
        (b'{"resourceType": "Patient"}', "Bundle.resourceType", "must be Bundle"),
        (
            b'{"resourceType": "Bundle", "type": "history"}',
            "Bundle.type",
            "must be transaction, batch, collection, searchset or document",
        ),
        (b'{"resourceType": "Bundle", "type": "batch", "entry": [{}]}', "Bundle.entry[0].resource", "is missing"),
        (
            b'{"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "DELETE"}}]}',
            "Bundle.entry[0].request.method",
            "must be POST or PUT: only what is added or changed is taken",
        ),
    ],
)
def test_a_broken_file_says_where(raw: bytes, place: str, problem: str) -> None:
    assert broken(raw) == (place, problem)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2011", datetime(2011, 1, 1, tzinfo=UTC)),
        ("2011-10", datetime(2011, 10, 1, tzinfo=UTC)),
        ("2011-10-16", datetime(2011, 10, 16, tzinfo=UTC)),
        ("2011-10-16T22:13:20.176+03:00", datetime(2011, 10, 16, 19, 13, 20, 176000, tzinfo=UTC)),
        ("2011-10-16T22:13", datetime(2011, 10, 16, 22, 13, tzinfo=UTC)),
        ("2011-10-16T22:13:20.1234567Z", datetime(2011, 10, 16, 22, 13, 20, 123456, tzinfo=UTC)),
    ],
)
def test_dates_of_every_precision_are_moments(text: str, moment: datetime) -> None:
    assert moment_of(text) == moment


@needs_synthea
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition("_")[0])
def test_every_synthea_file_says_as_much_as_it_holds(path) -> None:
    sent = read(path.read_bytes())
    (record,) = sent.records
    want = counted(path)
    measured = len(record.observations) + sum(len(report.observations) for report in record.reports)
    assert {
        "Patient": 1,
        "Organization": len(sent.organizations),
        "Practitioner": len(sent.practitioners),
        "Encounter": len(record.encounters),
        "Condition": len(record.conditions),
        "AllergyIntolerance": len(record.allergies),
        "Immunization": len(record.immunizations),
        "MedicationRequest": len(record.medications),
        "DiagnosticReport": len(record.reports),
        "Observation": measured,
    } == {kind: want[kind] for kind in TAKEN}
    left = {kind for kind in want if kind not in TAKEN}
    assert {each.type for each in sent.left_out} == left


TAKEN = (
    "Patient",
    "Organization",
    "Practitioner",
    "Encounter",
    "Condition",
    "AllergyIntolerance",
    "Immunization",
    "MedicationRequest",
    "DiagnosticReport",
    "Observation",
)
