"""No byte before its audit: reads' entries are committed in groups, and what can't be recorded isn't answered."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from domain.audit import AuditAction, AuditEntry
from domain.errors import AuditUnavailable
from persistence.audit import NOBODY, AuditLog
from persistence.store import Store
from tests.house import Account

pytestmark = pytest.mark.anyio

ENTRY = AuditEntry(AuditAction.READ, patient_id=1)
RECORD = "{ viewer { patient { familyName phone } } }"
PUBLIC = "{ __typename }"
BOOK = "mutation($input: BookAppointmentInput!) { bookAppointment(input: $input) { errors { code } } }"


async def test_an_entry_is_durable_when_it_is_recorded(account: Account):
    before = await _entries(account.store)
    await AuditLog(account.store).recorded([ENTRY, ENTRY], NOBODY)
    assert await _entries(account.store) == before + 2


async def test_nothing_to_record_writes_nothing(account: Account):
    before = await _entries(account.store)
    await AuditLog(account.store).recorded([], NOBODY)
    assert await _entries(account.store) == before


async def test_entries_of_many_readers_share_commits(account: Account, monkeypatch: pytest.MonkeyPatch):
    log, groups, commit = AuditLog(account.store), [], AuditLog._commit

    async def counted(self: AuditLog, group: object) -> None:
        groups.append(len(group))  # type: ignore[arg-type]
        await commit(self, group)  # type: ignore[arg-type]

    monkeypatch.setattr(AuditLog, "_commit", counted)
    before = await _entries(account.store)
    await asyncio.gather(*(log.recorded([ENTRY], NOBODY) for _ in range(100)))
    assert await _entries(account.store) == before + 100
    assert sum(groups) == 100
    assert len(groups) <= 3


async def test_a_reader_that_left_does_not_stop_the_others(account: Account):
    log = AuditLog(account.store)
    tasks = [asyncio.create_task(log.recorded([ENTRY], NOBODY)) for _ in range(10)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert ended[1::2] == [None] * 5
    await log.recorded([ENTRY], NOBODY)


async def test_every_reader_of_a_group_that_fails_is_refused_and_the_next_goes_on(account: Account):
    log = AuditLog(account.store)
    async with full(account.store):
        ended = await asyncio.gather(*(log.recorded([ENTRY] * 50, NOBODY) for _ in range(20)), return_exceptions=True)
        assert {type(end) for end in ended} <= {AuditUnavailable, type(None)}
        assert AuditUnavailable in {type(end) for end in ended}
    await log.recorded([ENTRY], NOBODY)


async def test_a_writer_that_is_stopped_leaves_nobody_waiting(account: Account):
    log = AuditLog(account.store)
    async with account.store.driver.write():
        reader = asyncio.create_task(log.recorded([ENTRY], NOBODY))
        await asyncio.sleep(0.01)
        if log._writer is not None and not log._writer.done():
            log._writer.cancel()
        ended = (await asyncio.gather(reader, return_exceptions=True))[0]
    assert ended is None or isinstance(ended, AuditUnavailable)


async def test_on_a_full_disk_nothing_of_a_record_is_answered(account: Account):
    assert (await account.run(RECORD))["viewer"]["patient"]["familyName"] == "Смирнова"
    async with full(account.store):
        answer = await _until_refused(account)
        assert answer["errors"][0]["extensions"]["code"] == "AUDIT_UNAVAILABLE"
        assert not answer.get("data")
        assert "Смирнова" not in json.dumps(answer, ensure_ascii=False)
        assert (await account.run(PUBLIC)) == {"__typename": "Query"}
    assert (await account.run(RECORD))["viewer"]["patient"]["familyName"] == "Смирнова"


async def test_on_a_full_disk_a_change_is_refused_whole_and_goes_on_later(account: Account):
    slot, patient = account.world.node("Slot", "doctor_slot_0"), account.world.patient("anna")
    given = {"slotId": slot, "patientId": patient, "reason": "Осмотр", "key": "k1"}
    await account.token("anna")
    async with full(account.store):
        await _until_refused(account)
        answer = await account.ask(BOOK, input=given)
        assert answer["errors"]
        assert "Осмотр" not in json.dumps(answer, ensure_ascii=False)
        assert await _count(account.store, "appointment") == 0
        assert await _count(account.store, "slot where state = 'TAKEN'") == 0
    answer = await account.run(BOOK, input=given)
    assert answer == {"bookAppointment": {"errors": []}}
    assert await _count(account.store, "appointment") == 1


async def _until_refused(account: Account) -> dict[str, object]:
    """Read until the last page is full."""
    for _ in range(2000):
        answer = await account.ask(RECORD)
        if "errors" in answer:
            return answer
    raise AssertionError("the disk was never full")


@asynccontextmanager
async def full(store: Store) -> AsyncGenerator[None]:
    """Let the database grow no further; on PostgreSQL its log takes no rows."""
    if store.driver.dialect == "postgresql":
        await _do(store, "alter table audit_entry add constraint disk_full check (false) not valid")
        yield
        await _do(store, "alter table audit_entry drop constraint disk_full")
        return
    writer = store.driver._writer  # type: ignore[attr-defined]
    await writer.execute("pragma max_page_count = 1")  # it answers with what there is already
    yield
    await writer.execute("pragma max_page_count = 4294967294")


async def _do(store: Store, statement: str) -> None:
    async with store.driver.write() as connection:
        await connection.execute(statement, ())


async def _entries(store: Store) -> int:
    return await _count(store, "audit_entry")


async def _count(store: Store, of: str) -> int:
    async with store.driver.read() as connection:
        return int((await connection.fetch(f"select count(*) from {of}", ()))[0][0])
