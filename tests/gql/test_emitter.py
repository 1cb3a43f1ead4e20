"""The generated emitter and graphql-core's walk give the same answer, key for key."""

import json

import pytest

from gql import api as engine
from tests.house import Account

pytestmark = pytest.mark.anyio

BOOK = 'mutation($s: ID!, $p: ID!) { bookAppointment(input: {slotId: $s, patientId: $p, reason: "?"}) { errors { code } } }'
RECEIVE = """mutation($at: DateTime!) { receiveResult(input: {
  person: {identifiers: [{system: "https://fhir.ru/ig/core/systems/snils", value: "11223344595"}]},
  study: "A-1", title: "Биохимия", issuedAt: $at, observations: [
    {code: "2823-3", title: "Калий", value: "6.90", unit: "mmol/L", low: "3.5", high: "5.1"},
    {code: "5778-6", title: "Цвет", value: "жёлтый"},
    {code: "1988-5", title: "СРБ", value: "<0.10", unit: "mg/L", note: "следы"}]
}) { errors { code } } }"""

DOCUMENTS = {
    "one field": "{ viewer { name } }",
    "aliases": "{ me: viewer { a: name b: name level } again: viewer { name } }",
    "typenames": "{ __typename viewer { __typename patient { __typename policies { __typename edges { __typename } } } } }",
    "as of": "{ asOf viewer { name } then: asOf }",
    "profile": "{ viewer { patient { id fullName birthDate sex phone email address patronymic } } }",
    "to one": "{ viewer { patient { appointments { nodes { practitioner { name specialty { title } clinic { name } } } } } } }",
    "dates": "{ viewer { patient { policies { nodes { startsOn endsOn services insurer { name } } } } } }",
    "numbers": "{ viewer { patient { observations { nodes { value text unit flag referenceRange { low high } note takenAt } } } } }",
    "nested lists": "{ viewer { patient { reports { nodes { title observations { nodes { analyte { code } } } } } } } }",
    "edges": "{ viewer { patient { observations(first: 2) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } } } }",
    "edges and nodes": """{ viewer { patient { observations { all: nodes { id text } some: edges { n: node { text } }
      pageInfo { startCursor hasPreviousPage } } } } }""",
    "two pages of one field": """{ viewer { patient { one: observations(first: 1) { nodes { text } }
      rest: observations(first: 5, analyte: "5778-6") { nodes { text } } } } }""",
    "empty": "{ viewer { patient { requests { nodes { number } pageInfo { endCursor } } } } }",
    "fragments": """query { viewer { ...Me patient { ... on Patient { fullName } ...P } } }
      fragment Me on Viewer { name } fragment P on Patient { sex appointments { nodes { ...A } } }
      fragment A on Appointment { status startsAt ... { endsAt } }""",
    "merged": "{ viewer { patient { fullName } patient { sex policies { nodes { number } } } } }",
    "identifiers": "{ viewer { patient { identifiers { system value } } } }",
    "roles": "{ viewer { roles { role since until organization { name } } } }",
    "directory": "{ practitioners(first: 1) { nodes { name slots(first: 2, state: FREE) { nodes { startsAt state } } } } }",
    "patients": "{ viewer { patients { edges { cursor node { fullName reports { nodes { title } } } } } } }",
    "schedule": "{ viewer { schedule { nodes { status patient { fullName } } } } }",
    "refused": "{ viewer { patients { nodes { fullName phone } } } }",
    "log": "{ viewer { patient { accessLog(first: 3) { nodes { action outcome categories roles actor { name } } } } } }",
    "queue": "{ requestQueue { nodes { number } } }",
    "security": "{ securityLog(first: 2) { nodes { action roles reason } } }",
}
CONDITIONS = """query($yes: Boolean!, $no: Boolean = false) { viewer {
  name @include(if: $yes) level @skip(if: $yes) patient @include(if: $no) { id } ... @include(if: $yes) { roles { role } } } }"""


@pytest.fixture
async def filled(account: Account) -> Account:
    """Anna with a visit and a result."""
    slot = account.world.node("Slot", "doctor_slot_0")
    await account.run(BOOK, s=slot, p=account.world.patient("anna"))
    await account.run(RECEIVE, "lab", at="2026-11-23T10:00:00+03:00")
    while "." in (await account.run("{ asOf }"))["asOf"]:  # until the sequencer has numbered everything
        pass
    return account


async def both(account: Account, monkeypatch: pytest.MonkeyPatch, document: str, who: str | None, **variables: object):
    """Return the answers of the emitter and of the walk, as ordered text."""
    emitted = await account.ask(document, who, **variables)
    with monkeypatch.context() as patched:
        patched.setattr(engine, "_emitted", lambda *_: None)
        walked = await account.ask(document, who, **variables)
    for answer in (emitted, walked):
        assert "extensions" in answer
        answer["extensions"].pop("asOf", None)  # reading someone else's record is an event of its own
    return json.dumps(emitted, ensure_ascii=False), json.dumps(walked, ensure_ascii=False)


@pytest.mark.parametrize("who", [None, "anna", "doctor", "reviewer", "security"])
async def test_both_give_the_same_answer(filled: Account, monkeypatch: pytest.MonkeyPatch, who: str | None) -> None:
    for name, document in DOCUMENTS.items():
        if name in ("log", "security"):  # the log grows by being read
            continue
        emitted, walked = await both(filled, monkeypatch, document, who)
        assert emitted == walked, name


@pytest.mark.parametrize(("yes", "no"), [(True, True), (True, False), (False, True), (False, False)])
async def test_conditions_are_part_of_the_plan(
    filled: Account, monkeypatch: pytest.MonkeyPatch, yes: bool, no: bool
) -> None:
    emitted, walked = await both(filled, monkeypatch, CONDITIONS, "anna", yes=yes, no=no)
    assert emitted == walked


async def test_the_emitter_is_what_answers(filled: Account) -> None:
    """Nothing here falls back without being noticed."""
    for document in DOCUMENTS.values():
        await filled.ask(document, "anna")
        await filled.ask(document, "doctor")
    plans = [plan for kept in filled.api._documents.kept for plan in kept.plans.values()]
    uncovered = {plan.uncovered for plan in plans if plan.roots and plan.uncovered}
    assert uncovered == set()
    assert sum(plan.emit is not None for plan in plans) >= 18
