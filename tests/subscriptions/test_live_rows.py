"""Every live row of the requirements: who hears of what, and who doesn't."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from actions import registry
from domain.access import Category
from gql.exchange import Reply, Request
from tests.actions.test_appointments import CANCEL, book
from tests.house import Account, Watched
from tests.subscriptions.test_streams import FILE

pytestmark = pytest.mark.anyio

GIVE = """mutation($p: ID!, $d: ID!) { giveConsent(input: {patientId: $p, practitionerId: $d, categories: [RESULTS]}) {
  consent { id } errors { code } asOf } }"""
SUBMIT = """mutation($p: ID!, $o: ID!) {
  submitRequest(input: {patientId: $p, organizationId: $o, kind: FEEDBACK, text: "?"}) { request { id } errors { code } }
}"""
STATUS = """mutation($p: ID!) { changePolicyStatus(input: {policyId: $p, status: SUSPENDED}) { errors { code } } }"""
SEE = "query($p: ID!) { node(id: $p) { ... on Patient { fullName } } }"


async def now(account: Account) -> str:
    return str((await account.run("{ asOf }", None))["asOf"])


async def heard(watched: Watched) -> list[dict[str, Any]]:
    """Return what comes until it is silent."""
    found = []
    try:
        while True:
            found.append(await watched.next(0.7))
    except TimeoutError:
        return found


async def refused(account: Account, document: str, who: str | None, **variables: Any) -> str:
    """Return the code with which a subscription is refused at its start."""
    reply = await account.api.subscribe(Request(document, variables=variables), await account.caller(who))
    assert isinstance(reply, Reply)
    return str(json.loads(reply.body)["errors"][0]["extensions"]["code"])


async def test_everybody_watches_a_doctors_free_times(account: Account) -> None:
    document = """subscription($d: ID!, $a: String) { slotChanged(practitionerId: $d, after: $a) {
      kind subjectId slot { id state practitioner { name } } } }"""
    doctor, other = (account.world.node("Practitioner", name) for name in ("doctor", "other_doctor"))
    before = await now(account)
    async with (
        account.watching(document, None, d=doctor, a=before) as nobody,
        account.watching(document, "boris", d=doctor, a=before) as boris,
        account.watching(document, "boris", d=other, a=before) as elsewhere,
    ):
        await book(account, slot="doctor_slot_0")
        slot = account.world.node("Slot", "doctor_slot_0")
        shown = {"id": slot, "state": "TAKEN", "practitioner": {"name": "Врач doctor"}}
        expected = {"slotChanged": {"kind": "SLOT_CHANGED", "subjectId": slot, "slot": shown}}
        assert await nobody.next() == expected
        assert await boris.next() == expected
        assert await heard(elsewhere) == []


async def test_an_appointment_reaches_the_patient_and_the_doctor_and_nobody_else(account: Account) -> None:
    document = "subscription($a: String) { appointmentChanged(after: $a) { appointment { status } } }"
    before = await now(account)
    await book(account, slot="doctor_slot_0")
    for who in ("anna", "doctor", "boris", "other_doctor", "reviewer", "admin", "lab", "operator"):
        async with account.watching(document, who, a=before) as watched:
            seen = await heard(watched)
            there = [{"appointmentChanged": {"appointment": {"status": "BOOKED"}}}]
            assert seen == (there if who in ("anna", "doctor") else []), who


async def test_a_selection_without_the_object_tells_nothing_either(account: Account) -> None:
    document = "subscription($a: String) { appointmentChanged(after: $a) { cursor kind } }"
    before = await now(account)
    await book(account, slot="other_doctor_slot_0")  # booking alone opens nothing to him
    async with account.watching(document, "other_doctor", a=before) as watched:
        assert await heard(watched) == []


async def test_one_patient_of_several_is_watched_alone(account: Account) -> None:
    document = "subscription($p: ID, $a: String) { appointmentChanged(patientId: $p, after: $a) { subjectId } }"
    before = await now(account)
    await book(account, slot="doctor_slot_0")
    async with account.watching(document, "anna", p=account.world.patient("child"), a=before) as watched:
        assert await heard(watched) == []
    async with account.watching(document, "anna", p=account.world.patient("anna"), a=before) as watched:
        assert len(await heard(watched)) == 1
    assert await refused(account, document, "boris", p=account.world.patient("anna")) == "NOT_FOUND"
    assert await refused(account, document, "boris", p="nonsense") == "INVALID_INPUT"


async def test_a_request_reaches_its_person_and_the_queue_it_is_in(account: Account) -> None:
    queue = "subscription($a: String) { requestQueueChanged(after: $a) { request { status } } }"
    own = "subscription($a: String) { requestStatusChanged(after: $a) { request { status } } }"
    before = await now(account)
    place = account.world.node("Organization", "clinic")
    await account.run(SUBMIT, p=account.world.patient("anna"), o=place)
    seen = {}
    for who in ("reviewer", "other_reviewer"):
        async with account.watching(queue, who, a=before) as watched:
            seen[who] = await heard(watched)
    for who in ("anna", "boris", "doctor"):
        async with account.watching(own, who, a=before) as watched:
            seen[who] = await heard(watched)
    moved = {"request": {"status": "SUBMITTED"}}
    assert seen == {
        "reviewer": [{"requestQueueChanged": moved}],
        "other_reviewer": [],
        "anna": [{"requestStatusChanged": moved}],
        "boris": [],
        "doctor": [],
    }
    assert await refused(account, queue, "anna") == "FORBIDDEN"
    assert await refused(account, queue, None) == "NOT_SIGNED_IN"


async def test_policies_and_consents_reach_their_person(account: Account) -> None:
    policies = "subscription($a: String) { policyStatusChanged(after: $a) { policy { status } } }"
    consents = "subscription($a: String) { consentChanged(after: $a) { consent { categories } } }"
    before = await now(account)
    policy = f"InsurancePolicy:{account.world.ids['anna']}:{account.world.ids['anna_policy']}"
    await account.run(STATUS, "insurer", p=urlsafe_b64encode(policy.encode()).decode().rstrip("="))
    named = {"p": account.world.patient("anna"), "d": account.world.node("Practitioner", "other_doctor")}
    await account.run(GIVE, **named)
    async with account.watching(policies, a=before) as watched:
        assert await heard(watched) == [{"policyStatusChanged": {"policy": {"status": "SUSPENDED"}}}]
    async with account.watching(consents, a=before) as watched:
        assert await heard(watched) == [{"consentChanged": {"consent": {"categories": ["RESULTS"]}}}]
    for document in (policies, consents):
        async with account.watching(document, "boris", a=before) as watched:
            assert await heard(watched) == []


async def test_a_person_sees_live_who_opens_the_record(account: Account) -> None:
    document = (
        "subscription($a: String) { recordOpened(after: $a) { entry { action outcome actor { name } categories } } }"
    )
    before = await now(account)
    async with account.watching(document, a=before) as watched, account.watching(document, "boris", a=before) as other:
        await account.run(SEE, "doctor", p=account.world.patient("anna"))
        entry = {
            "action": "record:read",
            "outcome": "DONE",
            "actor": {"name": "Account of doctor"},
            "categories": ["PROFILE"],
        }
        assert await watched.next() == {"recordOpened": {"entry": entry}}
        await account.run(SEE, "anna", p=account.world.patient("anna"))
        assert await heard(watched) == []
        assert await heard(other) == []


async def test_a_representative_who_watches_the_log_makes_no_echo(account: Account) -> None:
    document = "subscription($a: String) { events(after: $a) { kind ... on RecordOpened { entry { action } } } }"
    async with account.store.begin() as tx:
        scope = frozenset({Category.ACCESS_LOG})
        await registry.represent(tx, account.world.ids["child"], account.world.accounts["anna"], scope)
    before = await now(account)
    async with account.watching(document, "anna", a=before) as watched:
        await account.run(SEE, "anna", p=account.world.patient("child"))
        assert await heard(watched) == [{"events": {"kind": "RECORD_OPENED", "entry": {"action": "record:read"}}}]


async def test_security_is_told_of_staff_who_reach_beyond_a_consent(account: Account) -> None:
    document = "subscription($a: String) { securityAlertRaised(after: $a) { entry { action outcome } } }"
    named = {"p": account.world.patient("anna"), "d": account.world.node("Practitioner", "other_doctor")}
    await account.run(GIVE, **named)  # results only
    before = await now(account)
    await account.ask(SEE, "other_doctor", p=account.world.patient("anna"))
    await account.ask(SEE, "doctor", p=account.world.patient("boris"))  # whom he may not know of: see `domain.audit`
    alert = {"securityAlertRaised": {"entry": {"action": "record:read", "outcome": "REFUSED"}}}
    for who, expected in (("other_admin", [alert]), ("admin", []), ("security", [])):
        async with account.watching(document, who, a=before) as watched:
            assert await heard(watched) == expected, who
    assert await refused(account, document, "doctor") == "FORBIDDEN"


async def test_one_stream_has_all_of_ones_own_in_order(account: Account) -> None:
    document = """subscription($a: String) { events(after: $a) { __typename kind cursor
      ... on AppointmentChanged { appointment { status } }
      ... on SlotChanged { slot { state } }
      ... on AbnormalResultArrived { report { study } }
      ... on ConsentChanged { consent { purpose } } } }"""
    before = await now(account)
    booked = await book(account, slot="doctor_slot_0")
    await account.run(CANCEL, a=booked["appointment"]["id"])
    await account.run(FILE, "lab", v="A")
    named = {"p": account.world.patient("anna"), "d": account.world.node("Practitioner", "other_doctor")}
    await account.run(GIVE, **named)
    async with account.watching(document, a=before) as watched:
        seen = [event["events"] for event in await heard(watched)]
    cursors = [int(event.pop("cursor").split(".")[0]) for event in seen]
    assert cursors == sorted(set(cursors))
    assert [event for event in seen if event["kind"] != "RECORD_OPENED"] == [
        {"__typename": "AppointmentChanged", "kind": "APPOINTMENT_CHANGED", "appointment": {"status": "CANCELLED"}},
        {"__typename": "AppointmentChanged", "kind": "APPOINTMENT_CHANGED", "appointment": {"status": "CANCELLED"}},
        {"__typename": "ResultArrived", "kind": "RESULT_ARRIVED"},
        {"__typename": "AbnormalResultArrived", "kind": "ABNORMAL_RESULT_ARRIVED", "report": {"study": "A"}},
        {"__typename": "ConsentChanged", "kind": "CONSENT_CHANGED", "consent": {"purpose": "TREATMENT"}},
    ]


async def test_an_events_as_of_is_its_cursor(account: Account) -> None:
    document = "subscription($a: String) { appointmentChanged(after: $a) { cursor } }"
    before = await now(account)
    for number in range(2):
        await book(account, slot=f"doctor_slot_{number}")
    stream = await account.api.subscribe(Request(document, variables={"a": before}), await account.caller("anna"))
    assert not isinstance(stream, Reply)
    first = json.loads(await anext(stream))
    await stream.aclose()
    assert first["extensions"]["asOf"] == first["data"]["appointmentChanged"]["cursor"]


async def test_security_is_told_of_a_locked_account(account: Account) -> None:
    document = "subscription($a: String) { securityAlertRaised(after: $a) { entry { action reason } } }"
    attempt = """mutation { signIn(input: {login: "anna@example.org", password: "wrong wrong", code: "000000"}) {
      errors { code } } }"""
    before = await now(account)
    codes = [(await account.run(attempt, None))["signIn"]["errors"][0]["code"] for _ in range(6)]
    assert codes == ["WRONG_CREDENTIALS"] * 5 + ["TOO_MANY_ATTEMPTS"]
    async with account.watching(document, "security", a=before) as watched:
        alert = {"action": "session:sign-in", "reason": "TOO_MANY_ATTEMPTS"}
        assert await heard(watched) == [{"securityAlertRaised": {"entry": alert}}]
