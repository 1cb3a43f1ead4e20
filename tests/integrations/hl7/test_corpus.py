"""Messages that others wrote: each gets exactly one right answer, over a real socket."""

import re
from datetime import date
from pathlib import Path

import pytest

from actions import registry
from actions.registry import Person
from domain.patients import Sex
from persistence import results
from tests.integrations.hl7.wire import connected, listening, told

pytestmark = pytest.mark.anyio

CORPUS = Path(__file__).parents[3] / ".." / "shared" / "data" / "hl7v2"
FILES = sorted(CORPUS.glob("*.hl7"))


def sent(file: Path) -> tuple[str, str, str]:
    """Return a message's control id, type and processing id, read without our parser."""
    header = re.split(r"[\r\n]", file.read_bytes().decode("utf-8-sig", "replace").lstrip())[0].split("|")
    return header[9], header[8].split("^")[0], header[10]


def right_answer(control: str, kind: str, mode: str) -> tuple[str, str, str]:
    """Return what a message about somebody unknown here is answered."""
    if kind != "ORU":
        return "AR", control, "TYPE_UNSUPPORTED"
    return ("AR", control, "TEST_MESSAGE") if mode == "T" else ("AE", control, "PATIENT_UNKNOWN")


@pytest.mark.skipif(not FILES, reason="../shared/data/hl7v2 is not here")
async def test_every_message_gets_its_one_right_answer(account):
    async with listening(account) as listener, connected(listener) as lab:
        for file in FILES:
            control, kind, mode = sent(file)
            answer = told(await lab.say(file.read_bytes()))
            expected = right_answer(control, kind, mode)
            if file.name in ("lfh-ORU-multiline-short-mixed.hl7", "lfh-ORU-multiline-short.hl7"):
                assert answer in (expected, ("AE", control, "CONTROL_ID_REUSED")), file.name
            else:
                assert answer == expected, file.name
            lab.writer.write(b"\r\n")
        assert listener.held <= 2
    async with account.store.snapshot() as snapshot:
        rows = await snapshot.connection.fetch("select count(*), min(length(body)) from inbound_message", ())
    assert rows[0][0] == len(FILES) - 1, "lfh-sample_unix and lfh-sample_win are one message"
    assert rows[0][1] > 200


def live(raw: bytes) -> bytes:
    """Return a message as its sender would send it when the tests are over: MSH-11 is P."""
    header, mark, rest = raw.partition(b"\r")
    fields = header.split(b"|")
    fields[10] = b"P"
    return b"|".join(fields) + mark + rest


@pytest.mark.skipif(not FILES, reason="../shared/data/hl7v2 is not here")
@pytest.mark.parametrize(
    ("name", "person", "identifier", "found"),
    [
        (
            "ms-LAB-ORU-2.hl7",
            ("DUCK", "DONALD", "1924-10-10", Sex.MALE),
            ("urn:hl7:authority:1", "10006579"),
            [
                ("Differential WBC Count, buffy coat", "FINAL", 5),
                ("Hemogram and platelet count, automated", "FINAL", 5),
            ],
        ),
        (
            "ms-ORU-R01-RMGEAD.hl7",
            ("EVERYWOMAN", "EVE", "1962-03-20", Sex.FEMALE),
            ("urn:hl7:authority:ELAB-3", "555-44-4444"),
            [("GLUCOSE", "FINAL", 1)],
        ),
    ],
)
async def test_a_known_persons_results_are_filed(account, name, person, identifier, found):
    family, given, born, sex = person
    async with account.store.begin() as tx:
        known = Person(family, given, birth_date=date.fromisoformat(born), sex=sex, identifiers=[identifier])
        patient_id = await registry.add_patient(tx, known)
    async with listening(account) as listener, connected(listener) as lab:
        assert told(await lab.say(live((CORPUS / name).read_bytes()))) == ("AA", sent(CORPUS / name)[0])
    async with account.store.snapshot() as snapshot:
        rows = await snapshot.connection.fetch(f"select id from diagnostic_report where patient_id = {patient_id}", ())
        filed = []
        for (report_id,) in rows:
            report = await results.by_id(snapshot, patient_id, report_id)
            seen = await results.observations(snapshot, patient_id, report_id)
            filed.append((report[1].title, report[0].status, len(seen)))
    assert sorted(filed) == found
