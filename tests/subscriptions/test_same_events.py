"""An event that the generated emitter writes is, byte for byte, what graphql-core answers."""

from typing import Any

import pytest

from gql import subscription
from gql.subscription import Subscription
from tests.actions.test_appointments import book
from tests.gql.test_matrix import submit
from tests.house import Account
from tests.subscriptions.test_streams import FILE

pytestmark = pytest.mark.anyio

DOCUMENTS = [
    """subscription($a: String) { events(after: $a) { __typename k: kind subjectId cursor at
      ... on AppointmentChanged { appointment { id startsAt status kind: __typename practitioner { name } ...P } }
      ... on AbnormalResultArrived { report { study observations { nodes { value flag takenAt } } } }
      ... on ConsentChanged { consent { categories since until practitioner { name } } }
      ... on RequestStatusChanged { request { id status submittedAt } } } }
    fragment P on Appointment { patient { fullName birthDate } clinic { name } }""",
    "subscription($a: String) { visit: appointmentChanged(after: $a) { at one: appointment { id } two: appointment { endsAt } } }",
    "subscription($a: String) { abnormalResultArrived(after: $a) { report { issuedAt title observations { pageInfo { hasNextPage } } } } }",
]


@pytest.fixture
def twice(monkeypatch: pytest.MonkeyPatch) -> list[bytes | None]:
    """What the emitter gave for each event that graphql-core answered as well; the two are compared."""
    given: list[bytes | None] = []
    render, emit = Subscription._rendered, subscription._emitted

    def both(self: Subscription, placed: Any, cursor: str, reading: Any) -> bytes:
        emitted = render(self, placed, cursor, reading)
        with monkeypatch.context() as walking:
            walking.setattr(subscription, "_emitted", lambda *_: None)
            walked = render(self, placed, cursor, reading)
        assert emitted == walked
        return emitted

    def noted(*arguments: Any) -> Any:
        data = emit(*arguments)
        given.append(data)
        return data

    monkeypatch.setattr(subscription, "_emitted", noted)
    monkeypatch.setattr(Subscription, "_rendered", both)
    return given


@pytest.mark.parametrize(
    ("document", "events"), list(zip(DOCUMENTS, (3, 1, 1), strict=True)), ids=["all", "aliases", "one"]
)
async def test_both_ways_give_the_same_bytes(account: Account, twice: list[Any], document: str, events: int) -> None:
    async with account.watching(document, "anna", a=(await account.run("{ asOf }"))["asOf"]) as watched:
        await book(account, slot="doctor_slot_0")
        assert (await account.run(FILE, "lab", v="9"))["receiveResult"]["errors"] == []
        await submit(account)
        for _ in range(events):
            await watched.next()
    assert None not in twice
    assert len(twice) >= events
