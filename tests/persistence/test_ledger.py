"""The audit log as a Merkle log: numbered behind the writers, provable, and every tampering is found."""

import asyncio
import base64
import random

import pytest

from actions import audit
from domain import merkle
from domain.audit import AuditAction, AuditEntry
from persistence import ledger, verifying
from persistence.audit import NOBODY
from persistence.trees import Tree
from security import notes
from tests.house import Account

pytestmark = pytest.mark.anyio


async def grow(account: Account, count: int, patients: int = 3) -> None:
    """Write entries by groups and by transactions, and number them."""
    for number in range(count):
        entry = AuditEntry(AuditAction.READ, patient_id=number % patients + 1 if number % 5 else None)
        await account.app.audit.recorded([entry], NOBODY)
    await account.house.ledger.settle()


async def seen(account: Account, sql: str) -> list[tuple]:
    async with account.store.driver.read() as connection:
        return [tuple(row) for row in await connection.fetch(sql, ())]


async def do(account: Account, sql: str) -> None:
    async with account.store.driver.write() as connection:
        await connection.execute(sql, ())


async def faults(account: Account, kept: dict[int, bytes] | None = None) -> list[str]:
    async with account.store.snapshot() as snapshot:
        return (await verifying.verify(snapshot, kept)).faults


async def test_every_entry_gets_one_number_without_gaps(account: Account) -> None:
    await asyncio.gather(*(account.ask("{ viewer { patient { fullName } } }", who) for who in ("anna", "boris") * 20))
    await account.house.ledger.settle()
    entries = await seen(account, "select id from audit_entry")
    leaves = await seen(account, "select number, entry_id from audit_leaf order by number")
    assert [number for number, _ in leaves] == list(range(40))
    assert sorted(entry for _, entry in leaves) == sorted(entry for (entry,) in entries)


async def test_an_entry_that_commits_late_is_numbered_too(account: Account) -> None:
    if account.store.driver.dialect == "sqlite":
        pytest.skip("on SQLite the writer is alone")
    async with account.store.begin() as slow:
        slow.audit(AuditEntry(AuditAction.READ, reason="slow"))
        await slow.value(ledger._HORIZON)
        await slow.connection.fetch("select pg_current_xact_id()", ())
        await grow(account, 3)
        assert len(await seen(account, "select number from audit_leaf")) == 0, "a slower one before them may yet commit"
    await account.house.ledger.settle()
    assert len(await seen(account, "select number from audit_leaf")) == 4


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 700])
async def test_any_leaf_is_proved_and_any_growth(account: Account, size: int) -> None:
    await grow(account, size)
    async with account.store.snapshot() as snapshot:
        tree = Tree(snapshot, await ledger.size(snapshot))
        assert tree.size == size
        root = await tree.root()
        hashes = [row.hash for row in await ledger.between(snapshot, 0, size)]
        assert root == merkle.root(hashes)
        for number in {0, size // 2, size - 1}:
            proof = await tree.inclusion(number)
            assert merkle.included(hashes[number], number, size, proof, root)
            assert not merkle.included(hashes[number], number, size, [*proof, hashes[0]], root)
            assert not merkle.included(merkle.leaf_hash(b"other"), number, size, proof, root)
        for older in {1, size // 3, size // 2, size - 1, size} - {0}:
            before = await Tree(snapshot, older).root()
            proof = await tree.consistency(older)
            assert merkle.consistent(older, size, before, root, proof)
            assert older == size or not merkle.consistent(older, size, merkle.leaf_hash(b"other"), root, proof)


async def test_an_untouched_log_has_no_fault(account: Account) -> None:
    await grow(account, 300)
    assert await faults(account) == []


async def test_every_one_of_a_hundred_tamperings_is_found(account: Account) -> None:
    await grow(account, 40)
    async with account.store.snapshot() as snapshot:
        kept = {40: await Tree(snapshot, 40).root()}
    assert await faults(account, dict(kept)) == []
    chance = random.Random(7)
    tamperings = [
        "update audit_entry set outcome = 'REFUSED' where id = {entry}",
        "update audit_entry set at = at + 1 where id = {entry}",
        "update audit_entry set account_id = 5 where id = {entry}",
        "update audit_entry set patient_id = 77 where id = {entry}",
        "delete from audit_entry where id = {entry}",
        "delete from audit_leaf where number = {number}",
        "update audit_leaf set entry_id = -entry_id where number = {number}",
        "update audit_entry set body = (select body from audit_entry where id = {other}) where id = {entry}",
        "update counter set value = {number} where name = 'audit_leaves'",
    ]
    found = 0
    for _ in range(100):
        number = chance.randrange(40)
        entry, other = await seen(
            account, f"select entry_id from audit_leaf where number in ({number}, {(number + 1) % 40})"
        )
        sql = chance.choice(tamperings).format(number=number, entry=entry[0], other=other[0])
        try:
            async with account.store.driver.write() as connection:
                await connection.execute(sql, ())
                found += await _fault_seen(account, connection, kept)
                raise _Undo
        except _Undo:
            pass
    assert found == 100


class _Undo(Exception):
    pass


async def _fault_seen(account: Account, connection: object, kept: dict[int, bytes]) -> bool:
    """Verify inside the transaction that has tampered, before it is undone."""
    from persistence.store import Snapshot

    store = account.store
    snapshot = Snapshot(connection, store.driver.dialect, store.keys, store.clock())  # type: ignore[arg-type]
    return (await verifying.verify(snapshot, dict(kept))).faults != []


async def test_a_rewritten_log_is_betrayed_by_a_checkpoint_kept_elsewhere(account: Account) -> None:
    await grow(account, 10)
    async with account.store.snapshot() as snapshot:
        key = await audit.signer(account.app)
        note = await audit.checkpoint(snapshot, key, 10)
    await account.house.ledger.stop()
    await do(account, "delete from audit_entry where id = (select entry_id from audit_leaf where number = 4)")
    await do(account, "delete from audit_leaf")
    await do(account, "delete from audit_tile")
    await do(account, "update counter set value = 0 where name = 'audit_leaves'")
    await do(account, "delete from counter where name = 'audit_mark'")
    account.house.ledger._sweep = ledger.Sweep()
    await account.house.ledger.settle()
    assert await faults(account) == [], "by itself it looks whole"
    kept = notes.parsed(notes.opened(note, key.verifier))
    assert await faults(account, {kept.size: kept.root}) == [
        "the checkpoint of size 10 commits to more than there is: cut off"
    ]


async def test_a_checkpoint_is_a_signed_note(account: Account) -> None:
    await grow(account, 7)
    await account.house.ledger.checkpoint()
    ((size, note),) = await seen(account, "select size, note from audit_checkpoint order by size desc limit 1")
    key = await audit.signer(account.app)
    text = notes.opened(note, key.verifier)
    async with account.store.snapshot() as snapshot:
        root = base64.b64encode(await Tree(snapshot, 7).root()).decode()
    assert (size, text) == (7, f"medkabinet/audit\n7\n{root}\n")
    with pytest.raises(notes.NoteBroken):
        notes.opened(note.replace("\n7\n", "\n8\n"), key.verifier)


async def test_the_signer_outlives_a_new_sealing_key(account: Account) -> None:
    before = (await audit.signer(account.app)).verifier
    await account.store.keys.renew(ledger.SIGNER)
    assert (await audit.signer(account.app)).verifier == before


async def test_only_the_entry_that_was_changed_is_named(account: Account) -> None:
    await grow(account, 20, patients=1)
    await do(
        account, "update audit_entry set at = at + 1 where id = (select entry_id from audit_leaf where number = 7)"
    )
    found = await faults(account)
    assert found[0] == "entry 7 was changed"
    assert [fault for fault in found if fault.startswith("entry")] == ["entry 7 was changed"]
