"""Appeals: asked, answered, put off; a copy of everything, made behind and fetched by whoever may."""

import asyncio
import csv
import hashlib
import io
import json
import zipfile
from datetime import timedelta

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette

from actions import audit
from actions.appeals import EXPORT
from persistence import tasks, whole
from persistence.tables import sealed_tables
from persistence.tasks import LEASE
from security import notes
from tests.house import Account
from web.door import WebSettings
from web.pages import routes

pytestmark = pytest.mark.anyio
SUBMIT = """mutation($i: SubmitAppealInput!) { submitAppeal(input: $i) { appeal { id kind state text
  copy { state progress download } } errors { code } } }"""
ASK = """mutation($i: AskAboutAuditEntryInput!) { askAboutAuditEntry(input: $i) { appeal { id kind text
  entry { words } } errors { code } } }"""
ANSWER = "mutation($i: AnswerAppealInput!) { answerAppeal(input: $i) { appeal { state answer } errors { code } } }"
EXTEND = (
    "mutation($i: ExtendAppealInput!) { extendAppeal(input: $i) { appeal { dueAt extendedBecause } errors { code } } }"
)
MINE = "{ viewer { patient { appeals { nodes { kind state answer dueAt copy { state progress download } } } } } }"
QUEUE = "{ appealQueue { nodes { id kind state text entry { actor { name } } } } }"
OPENINGS = "{ viewer { patient { accessLog { nodes { id words wordsEnglish ground organization { name } } } } } }"


async def submit(account: Account, kind: str, who: str = "anna") -> dict:
    given = {"patientId": account.world.patient("anna"), "kind": kind, "text": "прошу"}
    return (await account.run(SUBMIT, who, i=given))["submitAppeal"]


async def opening(account: Account) -> dict:
    """Let the doctor open Anna's record; return the entry as she sees it."""
    await account.run("{ viewer { patients { nodes { fullName } } } }", "doctor")
    return (await account.run(OPENINGS))["viewer"]["patient"]["accessLog"]["nodes"][0]


async def test_an_opening_is_told_in_plain_words(account: Account) -> None:
    entry = await opening(account)
    assert {name: entry[name] for name in ("words", "wordsEnglish", "ground", "organization")} == {
        "words": "Врач открывал(а) вашу карту: имя, дата рождения, пол. Основание: ваш лечащий врач.",
        "wordsEnglish": "A doctor opened your record: name, birth date, sex. Ground: your treating doctor.",
        "ground": "TREATS",
        "organization": {"name": "clinic of tests"},
    }


async def test_a_question_about_an_entry_is_answered_by_security(account: Account) -> None:
    entry = await opening(account)
    asked = (await account.run(ASK, i={"entryId": entry["id"], "text": "Зачем?"}))["askAboutAuditEntry"]
    assert asked["errors"] == []
    assert asked["appeal"]["entry"] == {"words": entry["words"]}
    (queued,) = (await account.run(QUEUE, "security"))["appealQueue"]["nodes"]
    assert (queued["kind"], queued["text"], queued["entry"]) == (
        "ENTRY",
        "Зачем?",
        {"actor": {"name": "Account of doctor"}},
    )
    done = await account.run(ANSWER, "security", i={"appealId": queued["id"], "granted": True, "text": "Обход."})
    assert done["answerAppeal"] == {"appeal": {"state": "GRANTED", "answer": "Обход."}, "errors": []}
    (mine,) = (await account.run(MINE))["viewer"]["patient"]["appeals"]["nodes"]
    assert (mine["state"], mine["answer"]) == ("GRANTED", "Обход.")


async def test_an_entry_about_somebody_else_is_not_there(account: Account) -> None:
    entry = await opening(account)
    answer = await account.run(ASK, "boris", i={"entryId": entry["id"], "text": "?"})
    assert answer["askAboutAuditEntry"] == {"appeal": None, "errors": [{"code": "NOT_FOUND"}]}
    assert (await account.run(QUEUE, "security"))["appealQueue"]["nodes"] == []


async def test_an_answer_is_put_off_once(account: Account) -> None:
    appeal = (await submit(account, "RECTIFICATION"))["appeal"]
    given = {"appealId": appeal["id"], "reason": "запрос в архив"}
    first = (await account.run(EXTEND, "admin", i=given))["extendAppeal"]
    assert first["appeal"]["extendedBecause"] == "запрос в архив"
    again = (await account.run(EXTEND, "admin", i=given))["extendAppeal"]
    assert again == {"appeal": None, "errors": [{"code": "ILLEGAL_TRANSITION"}]}


async def test_everything_that_is_kept_about_a_person_is_in_the_copy(account: Account) -> None:
    await opening(account)
    asked = await submit(account, "COPY")
    assert asked["errors"] == []
    mine = await made(account)
    assert (mine["state"], mine["copy"]["state"], mine["copy"]["progress"]) == ("GRANTED", "DONE", 100)
    archive = zipfile.ZipFile(io.BytesIO(await fetched(account, mine["copy"]["download"], "anna")))
    data = json.loads(archive.read("data.json"))
    assert set(data) == {str(table.__tablename__) for table in whole.tables()}
    assert data["patient"][0]["family"] == "Смирнова"
    assert data["patient_identifier"][0]["value"] == "11223344595"
    assert data["audit_entry"][0]["action"] == "record:read"
    assert (data["account"][0]["name"], "password_hash" in data["account"][0]) == ("Account of anna", False)
    assert "address" not in data["audit_entry"][0], "where the doctor sat is nobody's business"
    rows = list(csv.reader(io.StringIO(archive.read("tables/patient.csv").decode("utf-8-sig")), delimiter=";"))
    assert "Смирнова" in rows[1]
    manifest = notes.opened(archive.read("manifest.txt").decode(), (await audit.signer(account.app)).verifier)
    for line in manifest.splitlines()[2:]:
        digest, _, name = line.partition("  ")
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    assert {line.partition("  ")[2] for line in manifest.splitlines()[2:]} == set(archive.namelist()) - {"manifest.txt"}


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("boris", 404), ("doctor", 403), ("security", 404)])
async def test_a_copy_is_for_nobody_else(account: Account, who: str | None, status: int) -> None:
    path = await ready(account)
    assert await status_of(account, path, who) == status


async def test_a_copy_is_fetched_only_with_a_fresh_second_factor(account: Account) -> None:
    path = await ready(account)
    async with account.store.begin() as tx:
        await tx.connection.execute("update session set proved_at = proved_at - 1000000000", ())
    assert await status_of(account, path, "anna") == 403
    assert (await submit(account, "COPY"))["errors"] == [{"code": "STEP_UP"}]


async def test_the_copy_has_what_belongs_to_the_account_too(account: Account) -> None:
    password = "wrong"
    document = 'mutation { signIn(input: {login: "anna@example.org", password: "%s", code: "1"}) { token } }' % password
    await account.run(document, None)
    await submit(account, "COPY")
    archive = zipfile.ZipFile(io.BytesIO(await fetched(account, (await made(account))["copy"]["download"], "anna")))
    data = json.loads(archive.read("data.json"))
    assert [row["refused"] for row in data["sign_in"]] == ["WRONG_CREDENTIALS"]
    assert (data["passkey"], data["recovery"], data["registration"], data["scan"]) == ([], [], [], [])


async def test_a_table_of_a_patients_is_never_forgotten(account: Account) -> None:
    bodies = {str(table.__tablename__): whole.body_of(table) for table in whole.tables()}
    bodiless = {name for name, body in bodies.items() if body is None}
    assert bodiless == {"consent", "relation", "appointment"} & bodiless, "a body's class stands beside its row"
    assert {t.__tablename__ for t in sealed_tables() if "patient_id" in t.model_fields} - set(bodies) == {
        "export_part",
        "task",
    }


async def test_a_task_whose_worker_died_is_taken_by_another(account: Account) -> None:
    await account.house.tasks.stop()
    await submit(account, "COPY")
    async with account.store.begin() as tx:
        first = await tasks.claim(tx, EXPORT)
        assert await tasks.claim(tx, EXPORT) is None, "it is leased"
    assert first is not None
    now = account.store.clock
    account.store.clock = lambda: now() + LEASE + timedelta(seconds=1)
    async with account.store.begin() as tx:
        second = await tasks.claim(tx, EXPORT)
        assert second is not None
        assert (second.id, second.attempts) == (first.id, 2)
        assert not await tasks.beat(tx, first, 50), "the dead one's task is no longer its own"
        assert await tasks.settle(tx, second, tasks.TaskState.WAITING, again=tx.now)
    await account.house.tasks.settle()
    (mine,) = (await account.run(MINE, "anna"))["viewer"]["patient"]["appeals"]["nodes"]
    assert mine["copy"]["state"] == "DONE"


async def test_a_task_that_fails_is_tried_again_with_growing_pauses(account: Account) -> None:
    await account.house.tasks.stop()

    async def broken(work: object) -> None:
        raise RuntimeError("Смирнова")

    account.house.tasks._handlers = {"broken": broken}
    async with account.store.begin() as tx:
        task_id = await tasks.add(tx, "broken")
    now, ahead = account.store.clock, timedelta()
    account.store.clock = lambda: now() + ahead
    pauses = []
    for _ in range(8):
        await account.house.tasks.settle()
        async with account.store.snapshot() as snapshot:
            task = await tasks.by_id(snapshot, task_id)
            assert task is not None
            pauses.append((task.state, round((task.due_at - snapshot.now).total_seconds()), task.error))
            ahead += task.due_at - snapshot.now
    assert pauses == [("WAITING", 5 * 2**n, "RuntimeError") for n in range(7)] + [("FAILED", 640, "RuntimeError")]


async def made(account: Account) -> dict:
    """Return the appeal once its copy is made, behind."""
    async with asyncio.timeout(10):
        while True:
            await account.house.tasks.settle()
            (mine,) = (await account.run(MINE))["viewer"]["patient"]["appeals"]["nodes"]
            if mine["copy"]["state"] == "DONE":
                return mine
            await asyncio.sleep(0.02)


async def ready(account: Account) -> str:
    await submit(account, "COPY")
    return str((await made(account))["copy"]["download"])


async def fetched(account: Account, path: str, who: str) -> bytes:
    async with client(account) as opened:
        answer = await opened.get(path, headers={"authorization": f"Bearer {await account.token(who)}"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return answer.content


async def status_of(account: Account, path: str, who: str | None) -> int:
    headers = {"authorization": f"Bearer {await account.token(who)}"} if who else {}
    async with client(account) as opened:
        return (await opened.get(path, headers=headers)).status_code


def client(account: Account) -> AsyncClient:
    application = Starlette(routes=routes(account.app, WebSettings()))
    return AsyncClient(transport=ASGITransport(application), base_url="http://house")
