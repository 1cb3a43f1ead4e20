"""Every root field and every mutation, done or refused, is exactly one entry: with address, person, ground, outcome."""

import json

import pytest
from httpx2 import AsyncClient

from domain.audit import AuditAction
from persistence.audit import AuditBody, AuditRow
from server.machines import machines
from tests.gql.test_matrix import CORE, MUTATIONS, ROOTS, selection, senseless
from tests.house import Account

pytestmark = pytest.mark.anyio
NOBODYS = {
    "asOf",
    "viewer",
    "practitioners",
    "specialties",
    "organizations",
    "auditCheckpoint",
    "consentTexts",
    "processingRegister",
    "notificationSettings",
    "dataChangeForms",
    "dataChangeFaults",
    "requestQueueSummary",
}
"""Root fields that show nobody's data (the viewer's own account, the directory, a checkpoint)."""

ANONYMOUS = {"signIn", "sendSignInCode", "beginPasskey", "beginPasskeySignIn", "signInWithPasskey"}
"""Whom these are about, the login or the passkey says, or nothing can be refused: tests/actions."""


async def entries(account: Account) -> list[tuple]:
    """Return (action, outcome, reason, address, account, ground, session known) of every entry, oldest first."""
    found = []
    async with account.store.snapshot() as snapshot:
        from persistence import ledger

        names = {number: name for name, number in account.world.accounts.items()}
        for row in await snapshot.all(ledger._EVER_UNNUMBERED, after=-1, limit=10_000):
            body = await snapshot.opened(AuditRow, AuditBody, row)
            found.append((row.action, row.outcome, body.reason, body.address, names.get(row.account_id), body.ground))
    return found


@pytest.fixture
async def quiet(account: Account) -> Account:
    """The product with its log left unnumbered, so that new entries are seen at once."""
    await account.house.ledger.stop()
    return account


async def last(account: Account, before: int) -> list[tuple]:
    return (await entries(account))[before:]


async def test_every_refused_root_field_is_one_entry(quiet: Account) -> None:
    for name, allowed in ROOTS.items():
        if None in allowed:
            continue
        field = selection(CORE.query_type, name)
        document = f"query($id: ID!) {{ {field} }}" if "$id" in field else f"{{ {field} }}"
        before = len(await entries(quiet))
        await quiet.ask(document, None, **({"id": quiet.world.patient("anna")} if "$id" in field else {}))
        found = await last(quiet, before)
        assert [(e[1], e[2]) for e in found] == [("REFUSED", "NOT_SIGNED_IN")], name


async def test_every_answered_root_field_about_a_person_is_one_entry(quiet: Account) -> None:
    for name, allowed in ROOTS.items():
        if name == "consentWithdrawal":
            continue  # tests/actions/test_consents.py
        who = sorted(str(someone) for someone in allowed if someone)[0]
        who = "anna" if "anna" in allowed else who
        field = selection(CORE.query_type, name)
        document = f"query($id: ID!) {{ {field} }}" if "$id" in field else f"{{ {field} }}"
        before = len(await entries(quiet))
        answer = await quiet.ask(document, who, **({"id": quiet.world.patient("anna")} if "$id" in field else {}))
        assert "errors" not in answer, name
        found = await last(quiet, before)
        if name in NOBODYS or name == "requestQueue":  # an empty queue shows nobody
            assert found == [], name
        else:
            assert [(e[1], e[4]) for e in found] == [("DONE", who)], name


@pytest.mark.parametrize("name", sorted(set(MUTATIONS) - ANONYMOUS))
async def test_every_refused_mutation_is_one_entry(quiet: Account, name: str) -> None:
    asked = CORE.mutation_type.fields[name].args.get("input")
    takes, given = ("(input: $input)", f"($input: {asked.type})") if asked else ("", "")
    document = f"mutation{given} {{ {name}{takes} {{ errors {{ code }} }} }}"
    variables = {"input": senseless(quiet, name)} if asked else {}
    for who in (None, *sorted(someone for someone in MUTATIONS[name] if someone)[:1]):
        if who and (not asked or name == "createCalendarFeed"):
            continue  # nothing to be wrong in
        before = len(await entries(quiet))
        await quiet.ask(document, who, **variables)
        found = await last(quiet, before)
        assert [(e[1], e[4]) for e in found] == [("REFUSED", who)], (name, who)


async def test_an_id_that_is_none_is_refused_in_one_entry(quiet: Account) -> None:
    before = len(await entries(quiet))
    answer = await quiet.run('mutation { cancelAppointment(input: {appointmentId: "nonsense"}) { errors { code } } }')
    assert answer == {"cancelAppointment": {"errors": [{"code": "INVALID_INPUT"}]}}
    assert [e[:3] for e in await last(quiet, before)] == [("field:ask", "REFUSED", "INVALID_INPUT")]


async def test_an_answer_given_once_more_is_an_entry_of_its_own(quiet: Account) -> None:
    book = """mutation($s: ID!, $p: ID!) { bookAppointment(input: {slotId: $s, patientId: $p}) {
      appointment { status } errors { code } } }"""
    given = {"s": quiet.world.node("Slot", "doctor_slot_0"), "p": quiet.world.patient("anna")}
    for _ in range(2):
        answer = await quiet.ask(book, "anna", key="once", **given)
        assert answer["data"]["bookAppointment"]["errors"] == []
    assert [(e[0], e[1], e[2], e[5]) for e in await entries(quiet)] == [
        ("appointment:book", "DONE", None, "OWN"),
        ("appointment:book", "DONE", "REPEATED", None),
    ]


async def test_who_acts_for_another_is_told_by_the_ground(quiet: Account) -> None:
    await quiet.run("query($i: ID!) { node(id: $i) { id } }", "anna", i=quiet.world.patient("child"))
    await quiet.run("query($i: ID!) { node(id: $i) { id } }", "doctor", i=quiet.world.patient("anna"))
    assert [(e[4], e[5]) for e in await entries(quiet)] == [("anna", "REPRESENTS"), ("doctor", "TREATS")]


@pytest.mark.parametrize(("path", "kind"), [("/fhir", "application/fhir+json"), ("/hl7", "application/hl7-v2")])
@pytest.mark.parametrize(("trusted", "address"), [(True, "203.0.113.9"), (False, "127.0.0.1")])
async def test_the_machines_doors_record_the_address_that_the_proxy_tells(
    quiet: Account, path: str, kind: str, trusted: bool, address: str
) -> None:
    from httpx2 import ASGITransport
    from starlette.applications import Starlette

    settings = quiet.settings.model_copy(update={"trusted_proxy": trusted})
    async with (
        machines(quiet.house, settings) as routes,
        AsyncClient(transport=ASGITransport(Starlette(routes=list(routes))), base_url="http://house") as client,
    ):
        headers = {
            "content-type": kind,
            "x-forwarded-for": "198.51.100.1, 203.0.113.9",
            "user-agent": "lab\u001b[31m",
        }
        answer = await client.post(path, content=b"{}", headers=headers)
    assert answer.status_code == 401
    action = AuditAction.IMPORT if path == "/fhir" else AuditAction.TAKE_MESSAGE
    assert [e[:4] for e in await entries(quiet)] == [(action, "REFUSED", "NOT_SIGNED_IN", address)]


async def test_a_foreign_senders_message_is_one_entry(quiet: Account) -> None:
    from httpx2 import ASGITransport
    from starlette.applications import Starlette

    async with (
        machines(quiet.house, quiet.settings) as routes,
        AsyncClient(transport=ASGITransport(Starlette(routes=list(routes))), base_url="http://house") as client,
    ):
        for path, kind, body in (
            ("/fhir", "application/fhir+json", json.dumps({"resourceType": "Bundle"})),
            ("/hl7", "application/hl7-v2", "MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5\r"),
        ):
            headers = {"content-type": kind, "authorization": f"Bearer {await quiet.token('anna')}"}
            assert (await client.post(path, content=body, headers=headers)).status_code == 403
    assert [e[:3] for e in await entries(quiet)] == [
        ("record:import", "REFUSED", "FORBIDDEN"),
        ("message:receive", "REFUSED", "FORBIDDEN"),
    ]
