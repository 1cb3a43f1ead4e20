"""Keys are turned over while servers write: nothing is lost, and what was killed goes on."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions import registry
from actions.registry import Person
from persistence import patients as stored
from persistence import resealing, rotation
from persistence.drivers import Driver
from persistence.masters import MasterKeyMissing, make_master_key
from persistence.migrate import METADATA
from persistence.patients import PatientBody, PatientRow
from persistence.resealing import Resealed, reseal, sweep
from persistence.sealing import SYSTEM, Owner, owner_of, place
from persistence.statements import Statement
from persistence.store import Store
from persistence.tables import sealed_tables
from security.cipher import unseal
from security.passwords import Passwords
from server import vault
from server.settings import Settings
from server.wiring import opened
from tests.conftest import CHEAP
from tests.people import populate
from tests.persistence.places import patients, writing

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]


@pytest.fixture
def filed(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose master keys are in a file, as the environment gives them too."""
    file = tmp_path / "master.keys"
    make_master_key(file, "first")
    made = settings.model_copy(update={"master_keys": None, "master_keys_file": file})
    for name, value in _environment(made).items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
async def store(filed: Settings) -> AsyncGenerator[Store]:
    """A server's store that has people in it and learns of new keys within a moment."""
    async with opened(filed) as made:
        made.keys.cached_seconds = 0.2
        await populate(made, Passwords(CHEAP))
        yield made


async def test_servers_learn_a_new_master_key_and_the_old_one_can_go(filed: Settings, store: Store):
    async with writing(store) as writers:
        await writers.reach(5)
        said = await vault.rotate_master("second", settle=0.5)
        await writers.reach(len(writers.acknowledged) + 5)
    assert "second" in said
    assert set(await rotation.masters_in_use(store.keys)) == {"second"}
    lines = filed.master_keys_file.read_text().splitlines()
    filed.master_keys_file.write_text(lines[1] + "\n")
    async with opened(filed) as fresh:
        assert set(writers.acknowledged) <= set(await patients(fresh))
        await _open_everything(fresh)


async def test_a_rewrap_that_was_broken_off_goes_on(filed: Settings, store: Store, monkeypatch: pytest.MonkeyPatch):
    make_master_key(filed.master_keys_file, "second")
    monkeypatch.setattr(rotation, "_rewrap_some", _once(rotation._rewrap_some))
    with pytest.raises(KeyboardInterrupt):
        await rotation.rewrap(store.keys)
    monkeypatch.undo()
    await rotation.rewrap(store.keys)
    assert set(await rotation.masters_in_use(store.keys)) == {"second"}
    await _open_everything(store)


async def test_rotating_again_under_the_same_name_makes_no_second_key(filed: Settings, store: Store):
    await vault.rotate_master("second", settle=0)
    before = filed.master_keys_file.read_text()
    await vault.rotate_master("second", settle=0)
    assert filed.master_keys_file.read_text() == before


async def test_a_master_key_of_the_environment_cannot_be_rotated(monkeypatch: pytest.MonkeyPatch, store: Store):
    monkeypatch.setenv("MEDKABINET_MASTER_KEYS", "x:" + "A" * 43 + "=")
    monkeypatch.delenv("MEDKABINET_MASTER_KEYS_FILE")
    with pytest.raises(ValueError, match="MASTER_KEYS_FILE"):
        await vault.rotate_master("second", settle=0)


async def test_everything_is_sealed_anew_while_servers_write(filed: Settings, store: Store):
    rows = await _open_everything(store)
    sealed = await _bodies(store)
    async with opened(filed) as own, writing(store) as writers:
        await writers.reach(20)
        done = await reseal(own, grace=0.6)
        await writers.reach(len(writers.acknowledged) + 5)
    assert done.broken == []
    assert done.moved >= rows
    assert done.destroyed == done.renewed > 10
    assert set(writers.acknowledged) <= set(await patients(store))
    async with opened(filed) as fresh:
        assert await _open_everything(fresh) == rows + 2 * (len(await patients(fresh)) - 3)
        assert not sealed & await _bodies(fresh)
        assert await _keys(fresh) == await _keys(fresh, distinct=True)
        async with fresh.snapshot() as snapshot:
            assert len(await stored.by_identifier(snapshot, "urn:x", "1")) == len(await patients(fresh)) - 3


async def test_a_run_killed_in_the_middle_goes_on(filed: Settings, store: Store):
    await _many(store, 1500)
    rows, there = await _open_everything(store), await patients(store)
    process = subprocess.Popen(  # noqa: ASYNC220 - it is killed below
        [sys.executable, "-m", "server", "reseal", "--grace", "0"], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    moved = 0
    async with asyncio.timeout(60):
        while not moved:
            assert process.poll() is None, "it ended before it could be killed"
            moved = await _under_new_keys(store)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < await _under_new_keys(store) < rows
    async with opened(filed) as fresh:
        assert await _open_everything(fresh) == rows
        before = await _keys(fresh)
        done = await reseal(fresh, grace=0)
        assert done.moved < rows
        assert done.renewed + before == 2 * await _keys(fresh, distinct=True), "nobody is renewed twice"
        assert await _open_everything(fresh) == rows
        assert await patients(fresh) == there
        assert await _keys(fresh) == await _keys(fresh, distinct=True)


async def test_a_change_made_at_the_same_moment_is_kept(store: Store):
    patient = (await patients(store))[0]
    await rotation.renew_all(store.keys)
    store.keys.forget()
    table = resealing._Statements(PatientRow)
    async for page in resealing._pages(store, table):
        (row,) = [row for row in page if row.id == patient]
    change = await resealing._change(store, table, row, Resealed())
    assert change is not None
    async with store.begin() as tx:
        changed = PatientRow(patient_id=patient, id=patient, created_at=tx.now, version=row.version)
        assert await tx.reseal(changed, PatientBody("Новая", "Анна"))
    await resealing._write(store, table, [change])
    async with store.snapshot() as snapshot:
        found = await stored.by_id(snapshot, patient)
    assert found is not None
    assert found[1].family == "Новая"


async def test_a_server_s_change_is_not_refused_because_of_a_reseal(filed: Settings, store: Store):
    patient = (await patients(store))[0]
    async with store.snapshot() as snapshot:
        read = await stored.by_id(snapshot, patient)
    assert read is not None
    async with opened(filed) as own:
        await reseal(own, grace=0.3)
    async with store.begin() as tx:
        row = PatientRow(patient_id=patient, id=patient, created_at=tx.now, version=read[0].version)
        assert await tx.reseal(row, PatientBody("Новая", "Анна"))
    await _open_everything(store)


async def test_a_body_that_does_not_open_is_left_with_its_key(store: Store):
    patient = (await patients(store))[0]
    async with store.driver.write() as connection:
        await connection.execute(f"update patient set version = version + 1 where id = {patient}", ())
    done = await reseal(store, grace=0)
    assert done.broken == [("patient", patient, Owner("patient", patient), 1)]
    assert (await store.keys.key(Owner("patient", patient), 1)).number == 1
    async with store.driver.write() as connection:
        await connection.execute(f"update patient set version = version - 1 where id = {patient}", ())
    await _open_everything(store)


async def test_a_killed_run_s_owners_are_not_renewed_twice(store: Store):
    await rotation.renew_all(store.keys)
    done = await reseal(store, grace=0)
    assert done.renewed == 0
    assert done.destroyed > 0


async def test_two_runs_at_once_are_refused(store: Store):
    async with store.keys.driver.alone("reseal"):
        with pytest.raises(BlockingIOError):
            await reseal(store, grace=0)
    await reseal(store, grace=0)


async def test_it_gives_way_to_a_server_that_holds_a_row(store: Store, postgres: str | None):
    if not postgres:
        pytest.skip("SQLite has one writer")
    patient = (await patients(store))[0]
    await rotation.renew_all(store.keys)
    done = Resealed()
    async with store.driver.write() as connection, asyncio.timeout(5):
        await connection.execute(f"update patient set created_at = 0 where id = {patient}", ())
        assert await sweep(store, done, None) > 0
        assert (await store.keys.newest(Owner("patient", patient))).number == 2
    assert await sweep(store, done, None) > 0
    assert await sweep(store, done, None) == 0
    await _open_everything(store)


def test_every_table_with_a_sealed_body_is_known():
    having = {name for name, table in METADATA["data"].tables.items() if {"body", "key_id"} <= set(table.c.keys())}
    assert {table.__tablename__ for table in sealed_tables()} == having


async def test_the_system_s_lookups_survive(store: Store):
    before = (await store.keys.newest(SYSTEM)).hash("a number")
    await reseal(store, grace=0)
    assert (await store.keys.newest_fresh(SYSTEM)).hash("a number") == before


async def test_without_the_new_master_key_nothing_starts(filed: Settings, store: Store):
    old = filed.master_keys_file.read_text()
    await vault.rotate_master("second", settle=0)
    filed.master_keys_file.write_text(old)
    with pytest.raises(MasterKeyMissing, match="second"):
        async with opened(filed):
            pass


async def _open_everything(store: Store) -> int:
    """Open every sealed body; return how many there are."""
    count = 0
    for table in sealed_tables():
        async with store.snapshot() as snapshot:
            rows = await snapshot.all(Statement(select(*table.__table__.c)))  # type: ignore[attr-defined]
        for row in rows:
            if row.key_id:
                owner = owner_of(table, row)
                key = await store.keys.key(owner, row.key_id)
                unseal(key.aes, row.body, place(table, owner, row.id, row.version))
                count += 1
    return count


async def _bodies(store: Store) -> set[bytes]:
    found: set[bytes] = set()
    for table in sealed_tables():
        found |= {
            row[0] for row in await _rows(store.driver, f"select body from {table.__tablename__} where key_id > 0")
        }
    return found


async def _under_new_keys(store: Store) -> int:
    return sum(
        [
            (await _rows(store.driver, f"select count(*) from {table.__tablename__} where key_id > 1"))[0][0]
            for table in sealed_tables()
        ]
    )


async def _keys(store: Store, *, distinct: bool = False) -> int:
    which = "distinct owner_kind, owner_id, retention" if distinct else "*"
    return int((await _rows(store.keys.driver, f"select count(*) from (select {which} from wrapped_key) as k"))[0][0])


async def _rows(driver: Driver, sql: str) -> Any:
    async with driver.read() as connection:
        return await connection.fetch(sql, ())


async def _many(store: Store, count: int) -> None:
    async with store.begin(ids=4 * count) as tx:
        for _ in range(count):
            await registry.add_patient(tx, Person("Иванов", "Иван"))


def _once(function: Any) -> Any:
    calls = []

    async def once(ring: Any) -> Any:
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return await function(ring)

    return once


def _environment(settings: Settings) -> dict[str, str]:
    """Return the environment that gives a command these settings."""
    given = {"DATABASE_URL": settings.database_url, "KEYS_URL": settings.wrapped_keys_url}
    given["MASTER_KEYS_FILE"] = str(settings.master_keys_file)
    return {f"MEDKABINET_{name}": value for name, value in given.items()}
