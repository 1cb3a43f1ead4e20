"""Changes of personal data: forms, faults with proposals, reviewers, and what stands in the profile afterwards."""

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy import select, update

from actions import registry
from domain.accounts import Role
from domain.requests import every_move
from persistence.requests import PatientRequestRow, RequestMoveRow, RequestStepRow
from persistence.statements import Statement
from tests.house import Account

pytestmark = pytest.mark.anyio
SUBMIT = """mutation($i: SubmitDataChangeInput!) { submitDataChange(input: $i) {
  request { id number status values { field value } } errors { code path suggestion } } }"""
PROFILE = "{ viewer { patient { familyName givenName patronymic birthDate address identifiers { system value } } } }"
ASKED = """query($i: ID!) { node(id: $i) { ... on PatientRequest { status formerValues { field value }
  steps { number status } } } }"""
FAULTS = """query($c: ChangeCategory!, $v: [DataValueInput!]!) { dataChangeFaults(category: $c, values: $v) {
  field code proposal } }"""
WATCH = "subscription { requestStatusChanged { request { status patient { address } } } }"
NEW_NAME = {"familyName": "Орлова", "givenName": "Анна", "patronymic": "Петровна"}


def values(given: dict[str, str]) -> list[dict[str, str]]:
    return [{"field": name, "value": value} for name, value in given.items()]


async def ask(account: Account, category: str, **given: str) -> dict[str, Any]:
    wanted = {
        "patientId": account.world.patient("anna"),
        "organizationId": account.world.node("Organization", "clinic"),
        "category": category,
        "values": values(given),
        "reason": "переезд",
    }
    return dict((await account.run(SUBMIT, i=wanted))["submitDataChange"])


async def move(account: Account, verb: str, request: str, who: str) -> list[str]:
    document = f'mutation($i: ID!) {{ {verb}(input: {{requestId: $i, comment: "{verb}"}}) {{ errors {{ code }} }} }}'
    return [error["code"] for error in (await account.run(document, who, i=request))[verb]["errors"]]


async def colleague(account: Account) -> None:
    """Make the other clinic's reviewer one of this clinic's too."""
    async with account.store.begin() as tx:
        world = account.world
        await registry.grant_role(tx, world.accounts["other_reviewer"], Role.REVIEWER, world.ids["clinic"])


async def test_an_address_is_changed_by_one_reviewer_and_stands_in_the_profile(account: Account) -> None:
    old = (await account.run(PROFILE))["viewer"]["patient"]["address"]
    asked = (await ask(account, "ADDRESS", address="  Тула,  ул. Мира, 1 "))["request"]
    assert asked["values"] == [{"field": "address", "value": "Тула, ул. Мира, 1"}]
    assert await move(account, "takeRequest", asked["id"], "reviewer") == []
    async with account.watching(WATCH) as seen:
        assert await move(account, "approveRequest", asked["id"], "reviewer") == []
        shown = {"status": "APPLIED", "patient": {"address": "Тула, ул. Мира, 1"}}
        assert (await seen.next())["requestStatusChanged"]["request"] == shown
    assert (await account.run(PROFILE))["viewer"]["patient"]["address"] == "Тула, ул. Мира, 1"
    told = (await account.run(ASKED, i=asked["id"]))["node"]
    assert told["formerValues"] == [{"field": "address", "value": old}]
    assert [(step["number"], step["status"]) for step in told["steps"]] == [
        (1, "SUBMITTED"),
        (2, "IN_WORK"),
        (3, "APPROVED"),
        (4, "APPLIED"),
    ]


async def test_a_name_needs_two_reviewers(account: Account) -> None:
    await colleague(account)
    request = (await ask(account, "NAME", **NEW_NAME))["request"]["id"]
    assert await move(account, "takeRequest", request, "reviewer") == []
    assert await move(account, "approveRequest", request, "reviewer") == []
    assert (await account.run(PROFILE))["viewer"]["patient"]["familyName"] == "Смирнова"
    assert await move(account, "approveRequest", request, "reviewer") == ["ANOTHER_REVIEWER_NEEDED"]
    assert (await account.run(PROFILE))["viewer"]["patient"]["familyName"] == "Смирнова"
    assert await move(account, "approveRequest", request, "other_reviewer") == []
    assert (await account.run(PROFILE))["viewer"]["patient"]["familyName"] == "Орлова"
    assert await move(account, "approveRequest", request, "other_reviewer") == ["ILLEGAL_TRANSITION"]


async def test_the_second_reviewer_may_refuse(account: Account) -> None:
    await colleague(account)
    request = (await ask(account, "NAME", **NEW_NAME))["request"]["id"]
    for verb, who in (("takeRequest", "reviewer"), ("approveRequest", "reviewer"), ("rejectRequest", "other_reviewer")):
        assert await move(account, verb, request, who) == []
    assert (await account.run(PROFILE))["viewer"]["patient"]["familyName"] == "Смирнова"


async def test_another_persons_number_is_never_applied(account: Account) -> None:
    await colleague(account)
    async with account.store.begin() as tx:
        boris = account.world.ids["boris"]
        await registry.add_identifiers(tx, boris, [("https://fhir.ru/ig/core/systems/snils", "64270954807")])
    request = (await ask(account, "SNILS", snils="642-709-548 07"))["request"]["id"]
    assert await move(account, "takeRequest", request, "reviewer") == []
    assert await move(account, "approveRequest", request, "reviewer") == []
    assert await move(account, "approveRequest", request, "other_reviewer") == ["PATIENT_AMBIGUOUS"]
    assert (await account.run(ASKED, i=request))["node"]["status"] == "APPROVED"
    numbers = (await account.run(PROFILE))["viewer"]["patient"]["identifiers"]
    assert "64270954807" not in {number["value"] for number in numbers}


async def test_a_number_replaces_the_former_one(account: Account) -> None:
    await colleague(account)
    request = (await ask(account, "SNILS", snils="123-456-789 64"))["request"]["id"]
    for verb, who in (
        ("takeRequest", "reviewer"),
        ("approveRequest", "reviewer"),
        ("approveRequest", "other_reviewer"),
    ):
        assert await move(account, verb, request, who) == []
    numbers = (await account.run(PROFILE))["viewer"]["patient"]["identifiers"]
    assert [number["value"] for number in numbers if number["system"].endswith("snils")] == ["12345678964"]
    told = (await account.run(ASKED, i=request))["node"]
    assert told["formerValues"] == [{"field": "number", "value": "11223344595"}]


async def test_every_fault_of_a_form_is_named_and_nothing_is_submitted(account: Account) -> None:
    refused = await ask(account, "PASSPORT", series="123456", number="4509")
    assert refused == {
        "request": None,
        "errors": [
            {"code": "INVALID_INPUT", "path": ["input", "values.series"], "suggestion": "4509"},
            {"code": "INVALID_INPUT", "path": ["input", "values.number"], "suggestion": "123456"},
        ],
    }
    assert (await account.run("{ viewer { patient { requests { nodes { id } } } } }"))["viewer"]["patient"] == {
        "requests": {"nodes": []}
    }


@pytest.mark.parametrize(
    ("category", "given", "found"),
    [
        ("NAME", {"familyName": "Cмирнова", "givenName": "Анна"}, [("familyName", "MIXED_LETTERS", "Смирнова")]),
        ("NAME", {"givenName": "А1"}, [("familyName", "MISSING", None), ("givenName", "CHARACTERS", None)]),
        ("BIRTH", {"birthDate": "05.03.1985", "sex": "FEMALE"}, [("birthDate", "DATE", "1985-03-05")]),
        ("BIRTH", {"birthDate": "2999-01-01", "sex": "F"}, [("birthDate", "DATE", None), ("sex", "CHARACTERS", None)]),
        ("SNILS", {"snils": "112-233-445 96"}, [("snils", "CHECK_DIGIT", None)]),
        ("POLICY", {"policy": "7757910848000121"}, []),
        ("POLICY", {"policy": "775791084800012"}, [("policy", "LENGTH", None)]),
        ("PASSPORT", {"series": "45 09", "number": "123456"}, []),
        (
            "CONTACTS",
            {"phone": "8 912 000-00-01", "email": "anna@gmial.com"},
            [("email", "DOMAIN", "anna@gmail.com")],
        ),
        ("ADDRESS", {"address": "Тула", "street": "?"}, [("values", "UNKNOWN_FIELD", None)]),
    ],
)
async def test_a_form_is_checked_before_it_is_sent(
    account: Account, category: str, given: dict[str, str], found: list[tuple[str, str, str | None]]
) -> None:
    seen = (await account.run(FAULTS, c=category, v=values(given)))["dataChangeFaults"]
    assert [(fault["field"], fault["code"], fault["proposal"]) for fault in seen] == found


async def test_a_client_can_draw_every_form(account: Account) -> None:
    document = "{ dataChangeForms { category fourEyes fields { name kind required label labelEnglish longest } } }"
    forms = {form["category"]: form for form in (await account.run(document))["dataChangeForms"]}
    assert [field["name"] for field in forms["NAME"]["fields"]] == ["familyName", "givenName", "patronymic"]
    assert {name for name, form in forms.items() if form["fourEyes"]} == {"NAME", "BIRTH", "PASSPORT", "SNILS"}


async def test_the_databases_table_of_moves_is_the_rules(account: Account) -> None:
    moves = RequestMoveRow.__table__  # type: ignore[attr-defined]
    async with account.store.snapshot() as snapshot:
        found = await snapshot.all(Statement(select(moves.c.kind, moves.c.was, moves.c.status)))
    assert {(row.kind, row.was, row.status) for row in found} == every_move()


async def test_the_database_itself_refuses_an_illegal_move(account: Account) -> None:
    request = (await ask(account, "ADDRESS", address="Тула"))["request"]["id"]
    table = PatientRequestRow.__table__  # type: ignore[attr-defined]
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        async with account.store.begin() as tx:
            await tx.execute(Statement(update(table).values(status="APPLIED")))
    assert (await account.run(ASKED, i=request))["node"]["status"] == "SUBMITTED"


@pytest.mark.parametrize("seed", range(3))
async def test_people_who_act_at_once_lose_no_step(account: Account, seed: int) -> None:
    await colleague(account)
    chance = random.Random(seed)
    asked = [(await ask(account, "ADDRESS", address=f"Тула, {place}"))["request"] for place in range(3)]
    verbs = {
        "takeRequest": ("reviewer", "other_reviewer"),
        "askForMore": ("reviewer", "other_reviewer"),
        "approveRequest": ("reviewer", "other_reviewer"),
        "rejectRequest": ("reviewer",),
        "answerRequest": ("anna",),
        "withdrawRequest": ("anna",),
    }
    weights = (6, 3, 2, 1, 4, 1)
    drawn = chance.choices(list(verbs), weights, k=40)
    acts = [move(account, verb, chance.choice(asked)["id"], chance.choice(verbs[verb])) for verb in drawn]
    outcomes = await asyncio.gather(*acts)
    assert {code for codes in outcomes for code in codes} <= {"ILLEGAL_TRANSITION"}
    table = RequestStepRow.__table__  # type: ignore[attr-defined]
    async with account.store.snapshot() as snapshot:
        steps = await snapshot.all(Statement(select(*table.c).order_by(table.c.request_id, table.c.number)))
        rows = await snapshot.all(Statement(select(PatientRequestRow)))
    assert len({row.number for row in rows}) == len(rows) == 3
    for row in rows:
        life = [step for step in steps if step.request_id == row.id]
        assert [step.number for step in life] == list(range(1, row.steps + 1))
        assert [step.was for step in life] == ["NEW", *(step.status for step in life[:-1])]
        assert {(step.kind, step.was, step.status) for step in life} <= every_move()
        assert (life[-1].was, life[-1].status) == (row.was, row.status)
    applied = sum(step.status == "APPLIED" for step in steps)
    assert len(steps) == 3 + sum(not codes for codes in outcomes) + applied, "approval of an address is two steps"
