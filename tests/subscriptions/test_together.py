"""Readers of one event are decided and loaded together: each by their own rights, each recorded, rendered once for all alike."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gql.exchange import Reply, Request, StreamEnded
from gql.subscription import FRESH, Subscription
from persistence import access
from persistence.readers import now
from persistence.sessions import viewer as viewer_of
from security.tokens import digest
from tests.actions.test_appointments import book
from tests.gql.test_matrix import consent, submit
from tests.house import Account
from tests.people import STAFF
from tests.subscriptions.test_streams import FILE

pytestmark = pytest.mark.anyio

SLOTS = "subscription($d: ID!) { slotChanged(practitionerId: $d) { slot { state } } }"
PHONES = (
    "subscription($a: String) { appointmentChanged(after: $a) { appointment { status patient { fullName phone } } } }"
)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Positions of the events that were rendered."""
    seen: list[int] = []
    render = Subscription._rendered

    def counted(self: Subscription, placed: Any, cursor: str, reading: Any) -> bytes:
        seen.append(placed.position)
        return render(self, placed, cursor, reading)

    monkeypatch.setattr(Subscription, "_rendered", counted)
    return seen


async def test_an_event_is_rendered_once_for_a_hundred_readers_alike(account: Account, rendered: list[int]) -> None:
    doctor = account.world.node("Practitioner", "doctor")
    async with AsyncExitStack() as stack:
        who = ["anna", "boris", None, "reviewer"]
        readers = [await stack.enter_async_context(account.watching(SLOTS, who[n % 4], d=doctor)) for n in range(100)]
        await book(account, slot="doctor_slot_0")
        seen = await asyncio.gather(*(reader.next() for reader in readers))
    assert seen == [{"slotChanged": {"slot": {"state": "TAKEN"}}}] * 100
    assert len(rendered) == 1


async def test_readers_with_other_rights_are_shown_something_else_at_the_same_moment(account: Account) -> None:
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(opened(account, PHONES, who)) for who in ("anna", "doctor") * 3]
        await book(account, slot="doctor_slot_0")
        answers = await asyncio.gather(*(answer(stream) for stream in streams))
    own, treating = answers[0], answers[1]
    assert answers == [own, treating] * 3
    shown = {"status": "BOOKED", "patient": {"fullName": "Смирнова Анна Петровна", "phone": "+79161234567"}}
    assert own["data"]["appointmentChanged"]["appointment"] == shown
    shown["patient"] = {"fullName": "Смирнова Анна Петровна", "phone": None}
    assert treating["data"]["appointmentChanged"]["appointment"] == shown
    assert "denied" not in own["extensions"]
    assert treating["extensions"]["denied"] == [
        {
            "path": ["appointmentChanged", "appointment", "patient", "phone"],
            "reason": "ROLE",
            "remedy": "ASK_AN_ADMINISTRATOR",
        }
    ]


async def test_each_reader_of_an_event_is_recorded(account: Account) -> None:
    async with AsyncExitStack() as stack:
        document = "subscription { appointmentChanged { appointment { status } } }"
        readers = [
            await stack.enter_async_context(account.watching(document, who)) for who in ("anna", "doctor", "anna")
        ]
        before = await entries(account)
        await book(account, slot="doctor_slot_0")
        await asyncio.gather(*(reader.next() for reader in readers))
        told = (await entries(account))[len(before) :]
    names = {number: name for name, number in account.world.accounts.items()}
    assert sorted((names[who], action) for who, action in told) == [
        ("anna", "appointment:book"),
        ("anna", "record:read"),
        ("anna", "record:read"),
        ("doctor", "record:read"),
    ]


async def test_facts_in_bulk_are_the_facts_of_each(account: Account) -> None:
    await submit(account)
    await consent(account, "practitioner_id")
    await consent(account, "organization_id", expired=True)
    patients = [account.world.ids[name] for name in ("anna", "boris", "child")]
    for who in ("anna", "boris", *STAFF):
        token = digest(await account.token(who))
        async with account.store.snapshot() as snapshot:
            viewer = await viewer_of(snapshot, token)
            assert viewer is not None
            same, standing = await now(snapshot, [viewer], patients)
            assert same[viewer.session_id] is viewer
            others = [patient for patient in patients if patient != viewer.patient_id]
            one, bulk = await access.facts(snapshot, viewer, others), standing.facts(viewer, others)
        assert sorted(map(repr, one.relations)) == sorted(map(repr, bulk.relations)), who
        assert sorted(map(repr, one.consents)) == sorted(map(repr, bulk.consents)), who


def opened(account: Account, document: str, who: str, **variables: Any) -> Any:
    """Begin a stream, to be closed by the context."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def begun() -> Any:
        stream = await account.api.subscribe(Request(document, variables=variables), await account.caller(who))
        assert not isinstance(stream, Reply)
        try:
            yield stream
        finally:
            await stream.aclose()

    return begun()


async def answer(stream: Any) -> dict[str, Any]:
    async with asyncio.timeout(5):
        return json.loads(await anext(stream))


async def entries(account: Account) -> list[tuple[int, str]]:
    async with account.store.snapshot() as snapshot:
        rows = await snapshot.connection.fetch("select account_id, action from audit_entry order by id", ())
    return [tuple(row) for row in rows]


FILED = "subscription($a: String) { abnormalResultArrived(after: $a) { report { study } } }"


async def filed(account: Account, count: int) -> str:
    """File abnormal results of Anna's for the consented doctor to replay; return where they begin."""
    await consent(account, "practitioner_id")
    before = str((await account.run("{ asOf }"))["asOf"])
    for number in range(count):
        await account.run(FILE, "lab", v=f"{number}")
    return before


async def test_what_was_decided_ahead_is_decided_again_after_a_moment(account: Account) -> None:
    before = await filed(account, 9)
    async with opened(account, FILED, "other_doctor", a=before) as stream:
        seen = []
        for _ in range(9):
            seen.append((await answer(stream))["data"]["abnormalResultArrived"]["report"]["study"])
            await asyncio.sleep(2 * FRESH / 3)
    assert seen == [f"{number}" for number in range(9)]


async def test_what_was_decided_ahead_is_not_sent_after_a_withdrawal(account: Account) -> None:
    before = await filed(account, 9)
    async with opened(account, FILED, "other_doctor", a=before) as stream:
        await answer(stream)
        async with account.store.begin() as tx:
            rows = await tx.connection.fetch("select patient_id, id from consent", ())
            await access.withdraw(tx, *rows[0])
        await asyncio.sleep(FRESH)
        with pytest.raises(StreamEnded) as ended:
            await answer(stream)
    assert b'"CONSENT_WITHDRAWN"' in ended.value.body
