"""Filing: once, with the right person, all or nothing, readable by the right people only."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from actions import importing, registry
from actions.call import Call
from actions.importing import Change
from domain.errors import Forbidden, NotSignedIn, PatientAmbiguous, PatientUnknown, Refusal
from domain.record import BundleSent
from gql.planning.ids import NodeId
from integrations.fhir.bundles import bundle as read
from persistence import patients
from security.tokens import digest
from tests.house import Account
from tests.integrations.fhir.samples import (
    FILES,
    LOINC,
    PERSON,
    SNILS,
    bundle,
    concept,
    counted,
    digits,
    needs_synthea,
    observation,
    of_person,
)

pytestmark = pytest.mark.anyio

TABLES = {
    "Patient": "patient",
    "Encounter": "encounter",
    "Condition": "condition",
    "AllergyIntolerance": "allergy",
    "Immunization": "immunization",
    "MedicationRequest": "medication_request",
    "DocumentReference": "document_reference",
    "DiagnosticReport": "diagnostic_report",
    "Observation": "observation",
    "Organization": "organization",
    "Practitioner": "practitioner",
}
MORE = ("patient_identifier", "source", "event")
RECORD = """query R($id: ID!) { node(id: $id) { ... on Patient {
  fullName
  encounters { nodes { status startedAt kind { title code } setting practitioner { name } organization { name } } }
  conditions(clinicalStatus: ACTIVE) { nodes { code { title code system } onset encounter { status } recordedAt } }
  allergies { nodes { code { title } criticality categories reactions } }
  immunizations { nodes { vaccine { title } occurredAt lotNumber } }
  medications { nodes { medication { title } dosage practitionerName sender { name } } }
  documents { nodes { title text contentType } }
  reports { nodes { title status conclusion edition observations { nodes { text unit } } } }
  observations { nodes { analyte { code } value text unit flag } }
} } }"""
POTASSIUM_RANGE = [{"low": {"value": 3.5}, "high": {"value": 5.1}}]


async def send(account: Account, raw: bytes | BundleSent, who: str = "record_system") -> dict[str, Change]:
    """Import as someone; return what came of each resource."""
    sent = read(raw) if isinstance(raw, bytes) else raw
    return (await importing.take(Call(account.app, digest(await account.token(who))), sent)).changes()


async def rows(account: Account) -> dict[str, list[Any]]:
    """Return the keys and versions of every row, so that two states can be compared."""
    found = {}
    async with account.store.snapshot() as snapshot:
        for table in (*TABLES.values(), *MORE):
            versioned = table not in ("organization", "practitioner", "source", "event")
            order = {"source": "source_hash"}.get(table, "id")
            columns = f"{order}, version" if versioned else order
            told = " where kind <> 'RECORD_OPENED'" if table == "event" else ""  # as the audit log: each import is told
            listed = await snapshot.connection.fetch(f"select {columns} from {table}{told} order by {order}", ())
            found[table] = [tuple(row) for row in listed]
    return found


def grown(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> dict[str, int]:
    """Return how many rows each type gained."""
    counts = {kind: len(after[table]) - len(before[table]) for kind, table in TABLES.items()}
    return {kind: count for kind, count in counts.items() if count}


async def imported_patient(account: Account, system: str, value: str) -> int:
    """Return the patient with this number."""
    async with account.store.snapshot() as snapshot:
        (found,) = await patients.by_identifier(snapshot, system, value)
    return found


def whole_record() -> bytes:
    """Return a small bundle with everything in it."""
    clinic = {"resourceType": "Organization", "id": "o1", "name": "Клиника на Песчаной"}
    doctor = {"resourceType": "Practitioner", "id": "d1", "name": [{"given": ["Иван"], "family": "Ким"}]}
    by_doctor = {"reference": "Practitioner/d1"}
    visit = {"encounter": {"reference": "urn:uuid:e1"}}
    return digits(
        bundle(
            PERSON,
            clinic,
            doctor,
            of_person(
                "Encounter",
                "e1",
                status="finished",
                **{"class": {"code": "AMB"}},
                type=[concept("Осмотр", "185349003")],
                period={"start": "2024-05-06T07:00:00Z", "end": "2024-05-06T07:30:00Z"},
                participant=[{"individual": by_doctor}],
                serviceProvider={"reference": "urn:uuid:o1"},
            ),
            of_person(
                "Condition",
                "c1",
                code=concept("Синусит", "J01.9", "http://hl7.org/fhir/sid/icd-10"),
                clinicalStatus=concept("Active", "active"),
                onsetDateTime="2024-05",
                **visit,
            ),
            of_person(
                "AllergyIntolerance",
                "a1",
                subject="patient",
                code=concept("Пенициллин"),
                category=["medication"],
                criticality="high",
                reaction=[{"manifestation": [concept("Сыпь")]}],
            ),
            of_person(
                "Immunization",
                "i1",
                subject="patient",
                status="completed",
                vaccineCode=concept("Грипп", "140"),
                occurrenceDateTime="2023-10-01",
                lotNumber="L-5",
            ),
            of_person(
                "MedicationRequest",
                "m1",
                status="active",
                intent="order",
                medicationCodeableConcept=concept("Амоксициллин"),
                dosageInstruction=[{"text": "1 × 3"}],
                authoredOn="2024-05-06",
                requester=by_doctor,
            ),
            of_person(
                "DocumentReference",
                "x1",
                status="current",
                description="Памятка",
                content=[{"attachment": {"contentType": "text/plain", "data": "0J/RgNC40LLQtdGC"}}],
            ),
            of_person(
                "DiagnosticReport",
                "r1",
                status="final",
                code=concept("Электролиты", "24326-1", LOINC),
                conclusion="Калий выше нормы",
                issued="2024-05-06T09:00:00Z",
                result=[{"reference": "urn:uuid:k1"}],
            ),
            observation("k1", "6.10", referenceRange=POTASSIUM_RANGE),
            observation("k2", "4.00"),
        )
    )


async def test_all_of_a_record_is_filed_and_read_back_by_the_doctor_who_treats(account: Account) -> None:
    await send(account, whole_record())
    patient_id = await imported_patient(account, "http://hospital.example/mrn", "MRN-7")
    async with account.store.begin() as tx:
        await registry.assign(tx, patient_id, account.world.ids["doctor"], account.world.ids["clinic"])
    node = NodeId("Patient", (patient_id, patient_id)).text()
    record = (await account.run(RECORD, "doctor", id=node))["node"]
    assert record["fullName"] == "Зимина Ольга Ивановна"
    assert record["encounters"]["nodes"] == [
        {
            "status": "FINISHED",
            "startedAt": "2024-05-06T07:00:00+00:00",
            "kind": {"title": "Осмотр", "code": "185349003"},
            "setting": "AMB",
            "practitioner": {"name": "Иван Ким"},
            "organization": {"name": "Клиника на Песчаной"},
        }
    ]
    assert record["conditions"]["nodes"] == [
        {
            "code": {"title": "Синусит", "code": "J01.9", "system": "http://hl7.org/fhir/sid/icd-10"},
            "onset": "2024-05",
            "encounter": {"status": "FINISHED"},
            "recordedAt": "2024-05-01T00:00:00+00:00",
        }
    ]
    assert record["allergies"]["nodes"] == [
        {"code": {"title": "Пенициллин"}, "criticality": "HIGH", "categories": ["MEDICATION"], "reactions": ["Сыпь"]}
    ]
    assert record["immunizations"]["nodes"] == [
        {"vaccine": {"title": "Грипп"}, "occurredAt": "2023-10-01T00:00:00+00:00", "lotNumber": "L-5"}
    ]
    assert record["medications"]["nodes"] == [
        {
            "medication": {"title": "Амоксициллин"},
            "dosage": ["1 × 3"],
            "practitionerName": "Иван Ким",
            "sender": {"name": "other_clinic of tests"},
        }
    ]
    assert record["documents"]["nodes"] == [{"title": "Памятка", "text": "Привет", "contentType": "text/plain"}]
    assert record["reports"]["nodes"] == [
        {
            "title": "Электролиты",
            "status": "FINAL",
            "conclusion": "Калий выше нормы",
            "edition": 1,
            "observations": {"nodes": [{"text": "6.10", "unit": "mmol/L"}]},
        }
    ]
    assert sorted((o["text"], o["value"], o["flag"]) for o in record["observations"]["nodes"]) == [
        ("4.00", "4.00", None),
        ("6.10", "6.10", "HIGH"),
    ]


async def test_nobody_else_learns_that_the_record_is_there(account: Account) -> None:
    await send(account, whole_record())
    patient_id = await imported_patient(account, "http://hospital.example/mrn", "MRN-7")
    node = NodeId("Patient", (patient_id, patient_id)).text()
    async with account.store.snapshot() as snapshot:
        ((condition_id,),) = await snapshot.connection.fetch("select id from condition", ())
    condition = NodeId("Condition", (patient_id, condition_id)).text()
    for who in ("anna", "doctor", "other_doctor", "admin", "support", "lab", "record_system"):
        answer = await account.ask("query R($id: ID!) { node(id: $id) { id } }", who, id=node)
        assert answer["data"]["node"] is None, who
        answer = await account.ask("query R($id: ID!) { node(id: $id) { id } }", who, id=condition)
        assert answer["data"]["node"] is None, who


async def test_the_patient_reads_what_came_for_them(account: Account) -> None:
    numbers = [{"system": SNILS, "value": "112-233-445 95"}]
    person = {**PERSON, "identifier": numbers, "birthDate": "1980-02-01"}
    raw = bundle(person, of_person("Condition", "c1", code=concept("Синусит")))
    assert await send(account, raw) == {
        "Bundle.entry[0].resource": Change.UNCHANGED,
        "Bundle.entry[1].resource": Change.CREATED,
    }
    data = await account.run(
        "{ viewer { patient { familyName conditions { nodes { code { said: title __typename } clinicalStatus } }"
        " accessLog { nodes { action } } } } }"
    )
    record = data["viewer"]["patient"]
    assert record["familyName"] == "Смирнова", "a partner that did not enter a person here doesn't rename them"
    assert record["conditions"]["nodes"] == [
        {"code": {"said": "Синусит", "__typename": "CodedConcept"}, "clinicalStatus": "UNKNOWN"}
    ]
    assert "record:import" in [entry["action"] for entry in record["accessLog"]["nodes"]]


async def test_a_second_import_changes_nothing(account: Account) -> None:
    await send(account, whole_record())
    before = await rows(account)
    again = await send(account, whole_record())
    assert set(again.values()) == {Change.UNCHANGED}
    assert await rows(account) == before


async def test_what_has_changed_gets_a_new_version_and_the_rest_is_left_alone(account: Account) -> None:
    await send(account, whole_record())
    before = await rows(account)
    changed = await send(account, whole_record().replace('"1 × 3"'.encode(), b'"2"').replace(b"1 \\u00d7 3", b"1 x 2"))
    assert [place for place, change in changed.items() if change is not Change.UNCHANGED] == [
        "Bundle.entry[7].resource"
    ]
    after = await rows(account)
    ((row_id, version),) = before["medication_request"]
    assert after["medication_request"] == [(row_id, version + 1)]
    assert {table: after[table] for table in after if table != "medication_request"} == {
        table: before[table] for table in before if table != "medication_request"
    }


async def test_a_corrected_measurement_makes_a_new_edition_and_the_earlier_one_stays(account: Account) -> None:
    await send(account, whole_record())
    await send(account, whole_record().replace(b"6.10", b"4.90"))
    patient_id = await imported_patient(account, "http://hospital.example/mrn", "MRN-7")
    async with account.store.begin() as tx:
        await registry.assign(tx, patient_id, account.world.ids["doctor"], account.world.ids["clinic"])
    node = NodeId("Patient", (patient_id, patient_id)).text()
    record = (await account.run(RECORD, "doctor", id=node))["node"]
    assert [(r["edition"], r["observations"]["nodes"]) for r in record["reports"]["nodes"]] == [
        (2, [{"text": "4.90", "unit": "mmol/L"}])
    ]
    assert sorted(o["text"] for o in record["observations"]["nodes"]) == ["4.00", "4.90"]
    async with account.store.snapshot() as snapshot:
        kept = await snapshot.connection.fetch("select count(*) from observation where replaced_at is not null", ())
    assert kept[0][0] == 1


async def test_a_measurement_that_its_sender_takes_back_no_longer_counts(account: Account) -> None:
    await send(account, digits(bundle(PERSON, observation("k1", "6.10"))))
    changes = await send(account, digits(bundle(PERSON, observation("k1", "6.10", status="entered-in-error"))))
    assert changes["Bundle.entry[1].resource"] is Change.WITHDRAWN
    async with account.store.snapshot() as snapshot:
        current = await snapshot.connection.fetch("select count(*) from observation where replaced_at is null", ())
    assert current[0][0] == 0


async def test_an_abnormal_report_reaches_the_screen_of_the_doctor(account: Account) -> None:
    numbers = [{"system": SNILS, "value": "11223344595"}]
    person = {**PERSON, "identifier": numbers, "birthDate": "1980-02-01"}
    report = of_person(
        "DiagnosticReport",
        "r",
        status="final",
        code=concept("K", "1", LOINC),
        result=[{"reference": "Observation/k"}],
        issued="2024-05-06T09:00:00Z",
    )
    raw = digits(bundle(person, report, observation("k", "6.10", referenceRange=POTASSIUM_RANGE)))
    async with account.watching("subscription { abnormalResultArrived { report { title } } }", "doctor") as seen:
        await send(account, raw)
        assert await seen.next() == {"abnormalResultArrived": {"report": {"title": "K"}}}


@pytest.mark.parametrize(
    "person",
    [
        {"birthDate": "1999-09-09"},
        {"gender": "male"},
        {"identifier": [{"system": SNILS, "value": "11223344595"}, {"system": SNILS, "value": "08765430300"}]},
    ],
)
async def test_a_person_who_is_not_found_beyond_doubt_is_refused_and_nothing_is_kept(
    account: Account, person: dict[str, Any]
) -> None:
    known = {**PERSON, "identifier": [{"system": SNILS, "value": "11223344595"}], "birthDate": "1980-02-01"}
    raw = bundle({**known, **person}, of_person("Condition", "c", code=concept("x")))
    before = await rows(account)
    with pytest.raises(PatientAmbiguous) as refused:
        await send(account, raw)
    assert refused.value.field == "Bundle.entry[0].resource.identifier"
    assert await rows(account) == before
    async with account.store.snapshot() as snapshot:
        entries = await snapshot.connection.fetch("select outcome from audit_entry where action = 'record:import'", ())
    assert [row[0] for row in entries] == ["REFUSED"]


async def test_the_partners_own_name_for_a_person_must_not_lead_to_another_one(account: Account) -> None:
    await send(account, bundle(PERSON))
    with pytest.raises(PatientAmbiguous):
        await send(account, bundle({**PERSON, "identifier": [{"system": "http://hospital.example/mrn", "value": "8"}]}))


async def test_a_later_bundle_may_name_a_person_by_the_partners_own_name(account: Account) -> None:
    await send(account, bundle(PERSON))
    told = {"subject": {"reference": "Patient/p1"}, "code": concept("Синусит")}
    raw = bundle({"resourceType": "Condition", "id": "c", **told})
    assert await send(account, raw) == {"Bundle.entry[0].resource": Change.CREATED}
    with pytest.raises(PatientUnknown):
        await send(account, raw.replace(b"Patient/p1", b"Patient/p2"))


async def test_people_without_numbers_are_entered_once(account: Account) -> None:
    person = {name: value for name, value in PERSON.items() if name != "identifier"}
    assert await send(account, bundle(person)) == {"Bundle.entry[0].resource": Change.CREATED}
    assert await send(account, bundle(person)) == {"Bundle.entry[0].resource": Change.UNCHANGED}


async def test_the_partner_that_entered_a_person_may_correct_them(account: Account) -> None:
    await send(account, bundle(PERSON))
    married = {**PERSON, "name": [{"family": "Летова", "given": ["Ольга"]}]}
    assert await send(account, bundle(married)) == {"Bundle.entry[0].resource": Change.CHANGED}
    patient_id = await imported_patient(account, "http://hospital.example/mrn", "MRN-7")
    async with account.store.snapshot() as snapshot:
        found = await patients.by_id(snapshot, patient_id)
    assert found is not None
    assert (found[1].family, found[0].version) == ("Летова", 2)


async def test_directories_are_found_again_by_number_and_name_but_not_by_number_alone(account: Account) -> None:
    def doctor(name: str, given: str) -> dict[str, Any]:
        number = [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "10"}]
        return {
            "resourceType": "Practitioner",
            "id": name,
            "identifier": number,
            "name": [{"family": "Ким", "given": [given]}],
        }

    before = await rows(account)
    for sent in (doctor("d1", "Иван"), doctor("d2", "Иван"), doctor("d3", "Пётр")):
        await send(account, bundle(sent, kind="batch"))
    assert grown(before, await rows(account)) == {"Practitioner": 2}


@pytest.mark.parametrize("who", ["anna", "doctor", "lab", "admin"])
async def test_only_a_record_system_may_import(account: Account, who: str) -> None:
    before = await rows(account)
    with pytest.raises(Forbidden):
        await send(account, whole_record(), who)
    assert await rows(account) == before


async def test_without_a_session_nothing_is_taken(account: Account) -> None:
    with pytest.raises(NotSignedIn):
        await importing.take(Call(account.app), read(whole_record()))


async def test_nothing_of_a_record_lies_open_in_the_database(account: Account) -> None:
    await send(account, whole_record())
    if not account.settings.database_url.startswith("sqlite"):
        pytest.skip("looks into SQLite's file")
    path = Path(account.settings.database_url.removeprefix("sqlite:///"))
    for file in (path, path.with_name(path.name + "-wal")):
        kept = file.read_bytes() if file.exists() else b""
        for planted in ("Зимина", "MRN-7", "Синусит", "J01.9", "Пенициллин", "Амоксициллин", "Привет", "6.10", "L-5"):
            assert planted.encode() not in kept, planted


@needs_synthea
async def test_all_synthea_files_are_filed_and_a_second_time_changes_nothing(account: Account) -> None:
    before = await rows(account)
    want: Counter[str] = Counter()
    directory: dict[str, set[str]] = {"Organization": set(), "Practitioner": set()}
    for path in FILES:
        await send(account, path.read_bytes())
        want += counted(path)
        for entry in json.loads(path.read_bytes())["entry"]:
            kind = entry["resource"]["resourceType"]
            if kind in directory:
                directory[kind].add(entry["resource"]["id"])
    want |= Counter()
    expected = {kind: want[kind] for kind in TABLES if want[kind]}
    expected |= {kind: len(ids) for kind, ids in directory.items()}
    once = await rows(account)
    assert grown(before, once) == expected
    for path in FILES:
        assert set((await send(account, path.read_bytes())).values()) == {Change.UNCHANGED}
    assert await rows(account) == once


@needs_synthea
async def test_a_synthea_file_that_is_refused_at_its_end_changes_nothing(account: Account) -> None:
    bundle_json = json.loads(FILES[0].read_bytes())
    stranger = {
        "resourceType": "Condition",
        "id": "z",
        "code": concept("x"),
        "subject": {"reference": "Patient/nobody"},
    }
    bundle_json["entry"].append({"resource": stranger})
    before = await rows(account)
    with pytest.raises(Refusal) as refused:
        await send(account, json.dumps(bundle_json).encode())
    assert refused.value.field == f"Bundle.entry[{len(bundle_json['entry']) - 1}].resource"
    assert await rows(account) == before
