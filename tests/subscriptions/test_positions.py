"""Cursors are exact: under a burst that has no numbers yet, and when old events are gone."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from domain.events import Event, EventKind
from gql.exchange import StreamEnded
from persistence import events
from persistence.events import Cursor
from persistence.forgetting import BATCH, forget
from tests.actions.test_appointments import book
from tests.house import Account

pytestmark = pytest.mark.anyio

CHANGED = "subscription($a: String) { appointmentChanged(after: $a) { cursor } }"
SLOTS = "subscription($d: ID!, $a: String) { slotChanged(practitionerId: $d, after: $a) { cursor at } }"
GAP = b'"STREAM_GAP"'


def test_a_cursor_is_read_as_it_was_written() -> None:
    for cursor in (Cursor(0), Cursor(5, (7, 900, 901)), Cursor(2**40, tuple(range(10**6, 10**6 + 1000)))):
        assert Cursor.parse(cursor.text()) == cursor
    assert len(Cursor(2**40, tuple(range(10**6, 10**6 + 2000, 2))).text()) < 2100


@pytest.mark.parametrize("text", ["", ".", "1.", "-1", "1.5e3", "٣", f"{2**63}", "1." + "9" * 70_000])
def test_anything_else_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Cursor.parse(text)


async def _none(_: object) -> int:
    return 0


@contextmanager
def unnumbered() -> Generator[None]:
    """Keep the sequencer from numbering meanwhile (PostgreSQL; on SQLite the writer numbers)."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(events, "number_waiting", _none)
        yield


async def emit(account: Account, count: int) -> None:
    world = account.world.ids
    async with account.store.begin(ids=count) as tx:
        for _ in range(count):
            tx.emit(Event(EventKind.SLOT_CHANGED, world["doctor_slot_0"], practitioner_id=world["doctor"]))


async def test_as_of_is_exact_in_a_burst_of_a_thousand_events_without_numbers(account: Account) -> None:
    with unnumbered():
        for _ in range(10):
            await emit(account, 100)
        as_of = (await account.run("{ asOf }"))["asOf"]
        late = [asyncio.create_task(emit(account, 1)) for _ in range(10)]
        await asyncio.gather(*late)
    doctor = account.world.node("Practitioner", "doctor")
    async with account.watching(SLOTS, d=doctor, a=as_of) as watched:
        cursors = [(await watched.next())["slotChanged"]["cursor"] for _ in range(10)]
        with pytest.raises(TimeoutError):
            await watched.next(0.7)
    positions = [int(cursor.split(".")[0]) for cursor in cursors]
    assert positions == sorted(set(positions))
    async with account.watching(SLOTS, d=doctor, a=cursors[4]) as watched:
        assert [(await watched.next())["slotChanged"]["cursor"] for _ in range(5)] == cursors[5:]


async def numbered(account: Account) -> None:
    """Return when every event has its number (PostgreSQL: the sequencer gives them after the commit)."""
    async with asyncio.timeout(10):
        while "." in (await account.run("{ asOf }"))["asOf"]:  # noqa: ASYNC110 - the product has no event for tests
            await asyncio.sleep(0.05)


async def everything_forgotten(account: Account) -> int:
    gone = 0
    await numbered(account)
    while count := await forget(account.store, account.store.clock() + timedelta(seconds=1)):
        assert count <= BATCH
        gone += count
    return gone


async def ended(account: Account, document: str, who: str, **variables: str) -> bytes | None:
    """Return with what a stream ends at once, None if it stays."""
    async with account.watching(document, who, **variables) as watched:
        try:
            await watched.next(0.7)
        except StreamEnded as end:
            return end.body
        except TimeoutError:
            return None
    raise AssertionError("an event came")


async def test_a_gap_is_told_to_whom_something_is_missing_and_to_nobody_else(account: Account) -> None:
    before = (await account.run("{ asOf }"))["asOf"]
    await book(account, "anna", slot="doctor_slot_0")
    await numbered(account)
    between = (await account.run("{ asOf }"))["asOf"]
    await book(account, "boris", slot="other_doctor_slot_0")
    await numbered(account)
    after = (await account.run("{ asOf }"))["asOf"]
    assert await everything_forgotten(account) >= 4  # people are told of the visits as well
    doctor, other = (account.world.node("Practitioner", name) for name in ("doctor", "other_doctor"))
    assert GAP in (await ended(account, CHANGED, "anna", a=before) or b"")
    assert await ended(account, CHANGED, "anna", a=between) is None
    assert GAP in (await ended(account, CHANGED, "doctor", a=before) or b"")
    assert await ended(account, CHANGED, "doctor", a=between) is None
    assert GAP in (await ended(account, CHANGED, "boris", a=between) or b"")
    assert await ended(account, CHANGED, "boris", a=after) is None
    assert GAP in (await ended(account, SLOTS, "boris", a=before, d=doctor) or b"")
    assert await ended(account, SLOTS, "boris", a=between, d=doctor) is None
    assert GAP in (await ended(account, SLOTS, "boris", a=between, d=other) or b"")


async def test_who_missed_nothing_goes_on_from_an_old_cursor(account: Account) -> None:
    before = (await account.run("{ asOf }"))["asOf"]
    await book(account, "anna", slot="doctor_slot_0")
    await everything_forgotten(account)
    async with account.watching(CHANGED, "boris", a=before) as watched:
        await book(account, "boris", slot="doctor_slot_1")
        assert (await watched.next())["appointmentChanged"]["cursor"] != before


async def test_old_events_go_in_small_batches_and_young_ones_stay(account: Account) -> None:
    await emit(account, 2 * BATCH + 10)
    await numbered(account)
    assert await forget(account.store, account.store.clock() - timedelta(days=30)) == 0
    gone = [await forget(account.store, account.store.clock() + timedelta(seconds=1)) for _ in range(4)]
    assert gone == [BATCH, BATCH, 10, 0]


async def test_a_cursor_of_another_log_is_a_gap(account: Account) -> None:
    assert GAP in (await ended(account, CHANGED, "anna", a="999999") or b"")


async def test_a_log_that_someone_else_has_cut_is_a_gap_for_everybody(account: Account) -> None:
    await emit(account, 10)
    await numbered(account)
    async with account.store.begin() as tx:
        await tx.connection.execute("delete from event where position <= 5", ())
    assert GAP in (await ended(account, CHANGED, "boris", a="1") or b"")
    assert await ended(account, CHANGED, "boris", a="5") is None
