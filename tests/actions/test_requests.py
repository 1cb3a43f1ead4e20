"""A request's life: the person's verbs and the reviewer's, by the table."""

import random

import pytest

from domain.requests import NEXT, RequestStatus
from tests.house import Account

pytestmark = pytest.mark.anyio
SUBMIT = """mutation($p: ID!, $o: ID!) { submitRequest(input: {patientId: $p, organizationId: $o, kind: REFERRAL, text: "?"}) {
  request { id number status } errors { code } } }"""
STEPS = "query($i: ID!) { node(id: $i) { ... on PatientRequest { status answer steps { status comment } } } }"
VERBS = {
    "takeRequest": ("reviewer", RequestStatus.IN_WORK),
    "askForMore": ("reviewer", RequestStatus.NEEDS_INFO),
    "approveRequest": ("reviewer", RequestStatus.APPROVED),
    "rejectRequest": ("reviewer", RequestStatus.REJECTED),
    "answerRequest": ("anna", RequestStatus.IN_WORK),
    "withdrawRequest": ("anna", RequestStatus.WITHDRAWN),
}


async def submit(account: Account) -> str:
    given = {"p": account.world.patient("anna"), "o": account.world.node("Organization", "clinic")}
    done = (await account.run(SUBMIT, **given))["submitRequest"]
    assert done["errors"] == []
    return str(done["request"]["id"])


async def move(account: Account, verb: str, request: str, who: str | None = None) -> list[str]:
    document = f'mutation($i: ID!) {{ {verb}(input: {{requestId: $i, comment: "{verb}"}}) {{ errors {{ code }} }} }}'
    done = await account.run(document, who or VERBS[verb][0], i=request)
    return [error["code"] for error in done[verb]["errors"]]


async def test_a_request_goes_from_submission_to_approval(account: Account) -> None:
    request = await submit(account)
    for verb in ("takeRequest", "askForMore", "answerRequest", "approveRequest"):
        assert await move(account, verb, request) == []
    seen = (await account.run(STEPS, i=request))["node"]
    assert [step["status"] for step in seen["steps"]] == ["SUBMITTED", "IN_WORK", "NEEDS_INFO", "IN_WORK", "APPROVED"]
    assert seen["answer"] == "approveRequest"


async def test_another_clinics_reviewer_neither_sees_nor_moves_it(account: Account) -> None:
    request = await submit(account)
    assert (await account.run(STEPS, "other_reviewer", i=request))["node"] is None
    assert await move(account, "takeRequest", request, "other_reviewer") == ["NOT_FOUND"]
    assert (await account.run(STEPS, i=request))["node"]["status"] == "SUBMITTED"


async def test_the_queue_has_the_clinics_requests_only(account: Account) -> None:
    await submit(account)
    document = "{ requestQueue { nodes { status patient { fullName } } } }"
    queued = [{"status": "SUBMITTED", "patient": {"fullName": "Смирнова Анна Петровна"}}]
    assert (await account.run(document, "reviewer"))["requestQueue"]["nodes"] == queued
    assert (await account.run(document, "other_reviewer"))["requestQueue"]["nodes"] == []


@pytest.mark.parametrize("seed", range(4))
async def test_random_verbs_never_leave_the_table(account: Account, seed: int) -> None:
    chance, request = random.Random(seed), await submit(account)
    status, steps = RequestStatus.SUBMITTED, 1
    for _ in range(12):
        verb = chance.choice(list(VERBS))
        wanted = VERBS[verb][1]
        legal = wanted in NEXT.get(status, ()) and (verb != "answerRequest" or status is RequestStatus.NEEDS_INFO)
        assert await move(account, verb, request) == ([] if legal else ["ILLEGAL_TRANSITION"]), (status, verb)
        status, steps = (wanted, steps + 1) if legal else (status, steps)
    seen = (await account.run(STEPS, i=request))["node"]
    assert (seen["status"], len(seen["steps"])) == (status, steps)
