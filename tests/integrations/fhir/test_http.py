"""POST /fhir: who may send what, and what comes back."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from integrations.fhir import http
from tests.house import Account
from tests.integrations.fhir.samples import PERSON, bundle, concept, digits, observation, of_person

pytestmark = pytest.mark.anyio
FHIR = "application/fhir+json"


@pytest.fixture
async def door(account: Account) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of the door."""
    transport = httpx2.ASGITransport(app=Starlette(routes=http.routes(account.app)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://here.example") as client:
        yield client


async def post(
    door: httpx2.AsyncClient, account: Account, raw: Any, who: str | None = "record_system", **headers: str
) -> httpx2.Response:
    """Send a body as someone."""
    given = {"content-type": FHIR} | {name.replace("_", "-"): value for name, value in headers.items()}
    if who:
        given["authorization"] = f"Bearer {await account.token(who)}"
    return await door.post("/fhir", content=raw, headers=given)


def issue(answer: httpx2.Response) -> tuple[str, str, list[str] | None]:
    """Return an OperationOutcome's code, words and place."""
    assert answer.headers["content-type"] == FHIR
    assert answer.headers["cache-control"] == "no-store"
    (found,) = answer.json()["issue"]
    return found["code"], found["diagnostics"], found.get("expression")


async def people(account: Account) -> int:
    """Return how many patients there are."""
    async with account.store.snapshot() as snapshot:
        rows = await snapshot.connection.fetch("select count(*) from patient", ())
    return int(rows[0][0])


async def test_a_transaction_is_answered_entry_by_entry(door: httpx2.AsyncClient, account: Account) -> None:
    raw = digits(bundle(PERSON, {"resourceType": "Location", "id": "l"}, observation("k", "6.10")))
    answer = await post(door, account, raw)
    assert (answer.status_code, answer.headers["content-type"]) == (200, FHIR)
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["resourceType"], body["type"]) == ("Bundle", "transaction-response")
    assert [entry["response"]["status"] for entry in body["entry"]] == ["201 Created", "202 Accepted", "201 Created"]
    (left,) = body["entry"][1]["response"]["outcome"]["issue"]
    assert (left["severity"], left["code"]) == ("warning", "not-supported")
    again = await post(door, account, raw)
    assert [entry["response"]["status"] for entry in again.json()["entry"]] == ["200 OK", "202 Accepted", "200 OK"]


@pytest.mark.parametrize(("who", "status", "code"), [(None, 401, "login"), ("anna", 403, "forbidden")])
async def test_only_a_record_system_is_heard(
    door: httpx2.AsyncClient, account: Account, who: str | None, status: int, code: str
) -> None:
    before = await people(account)
    answer = await post(door, account, bundle(PERSON), who)
    assert (answer.status_code, issue(answer)[0]) == (status, code)
    assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)
    assert await people(account) == before


async def test_a_refused_partner_is_in_the_log(door: httpx2.AsyncClient, account: Account) -> None:
    await post(door, account, bundle(PERSON), "lab")
    async with account.store.snapshot() as snapshot:
        rows = await snapshot.connection.fetch(
            "select outcome, account_id from audit_entry where action = 'record:import'", ()
        )
    assert [tuple(row) for row in rows] == [("REFUSED", account.world.accounts["lab"])]


async def test_a_wrong_token_is_nobody(door: httpx2.AsyncClient, account: Account) -> None:
    answer = await post(door, account, bundle(PERSON), None, authorization="Bearer mk_wrong")
    assert (answer.status_code, issue(answer)[0]) == (401, "login")


@pytest.mark.parametrize("headers", [{"content_type": "application/fhir+xml"}, {"content_encoding": "gzip"}])
async def test_other_formats_are_refused(door: httpx2.AsyncClient, account: Account, headers: dict[str, str]) -> None:
    answer = await post(door, account, bundle(PERSON), **headers)
    assert (answer.status_code, issue(answer)[0]) == (415, "not-supported")


async def test_too_large_a_body_is_refused_whether_or_not_it_says_so(
    door: httpx2.AsyncClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LARGEST", 1000)
    assert (await post(door, account, b"x" * 1001)).status_code == 413

    async def parts() -> AsyncGenerator[bytes]:
        for _ in range(11):
            yield b"x" * 100

    answer = await post(door, account, parts())
    assert (answer.status_code, issue(answer)[0]) == (413, "too-long")


async def test_broken_json_is_400_and_names_line_and_column(door: httpx2.AsyncClient, account: Account) -> None:
    answer = await post(door, account, b'{"resourceType": "Bundle",\n "type" 1}')
    assert answer.status_code == 400
    assert issue(answer) == ("structure", "line 2 column 9: is not JSON: Expecting ':' delimiter", None)


async def test_a_broken_resource_is_422_and_names_its_place(door: httpx2.AsyncClient, account: Account) -> None:
    before = await people(account)
    answer = await post(door, account, bundle(PERSON, of_person("Observation", "c", status="final")))
    assert answer.status_code == 422
    assert issue(answer) == ("invalid", "is missing", ["Bundle.entry[1].resource.code"])
    assert await people(account) == before


async def test_a_batch_is_not_taken_here(door: httpx2.AsyncClient, account: Account) -> None:
    answer = await post(door, account, bundle(PERSON, kind="batch"))
    assert (answer.status_code, issue(answer)[2]) == (422, ["Bundle.type"])


async def test_a_stranger_is_422_and_neither_number_nor_name_comes_back(
    door: httpx2.AsyncClient, account: Account
) -> None:
    condition = {"resourceType": "Condition", "id": "c", "code": concept("Тайна")}
    raw = json.loads(bundle({**condition, "subject": {"reference": "Patient/77881"}}))
    answer = await post(door, account, json.dumps(raw).encode())
    assert answer.status_code == 422
    assert issue(answer)[0] == "not-found"
    assert "77881" not in answer.text
    assert "Тайна" not in answer.text
