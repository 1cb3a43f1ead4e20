"""A backup is taken while the service writes; a restore gives back all of it, or refuses before it touches anything."""

import os
import random
from pathlib import Path
from typing import NamedTuple

import pytest

from domain.events import Event, EventKind
from persistence import backup, migrate
from persistence.backup import BackupDamaged, TargetNotEmpty
from persistence.backup.file import MAGIC, Reader
from persistence.backup.restore import check
from persistence.masters import MasterKeyMissing, MasterKeys
from persistence.migrate import SchemaMismatch
from persistence.patients import PatientBody, PatientRow, by_id
from persistence.sealing import Owner
from server.settings import Settings
from server.wiring import masters_of, migrated, opened
from tests.house import Account
from tests.persistence.places import contents, empty_place, patients, restored, writing

pytestmark = pytest.mark.anyio


class Taken(NamedTuple):
    """A backup's two files, and what was in the place."""

    data: Path
    keys: Path
    settings: Settings
    contents: dict[str, list[tuple[object, ...]]]


@pytest.fixture
async def taken(account: Account, tmp_path: Path) -> Taken:
    data, keys = tmp_path / "a.backup", tmp_path / "a.backup.keys"
    await account.house.ledger.stop()  # what is compared must stand still
    await backup.take(account.store, data, keys)
    return Taken(data, keys, account.settings, await contents(account.store))


async def test_what_is_restored_is_what_was_there(taken: Taken, tmp_path: Path, postgres: str | None):
    async with empty_place(taken.settings, tmp_path / "new", postgres) as place:
        done = await restored(place, taken.data, taken.keys)
        assert done.data.rows["patient"] == 3
        assert done.bytes == len(taken.data.read_bytes()) + len(taken.keys.read_bytes())
        async with opened(place) as store:
            assert await contents(store) == taken.contents
            async with store.snapshot() as snapshot:
                patient = await by_id(snapshot, (await patients(store))[0])
        assert patient is not None
        assert patient[1].family == "Смирнова"


async def test_it_restores_into_the_other_database(taken: Taken, tmp_path: Path, postgres: str | None):
    """One form for both: from PostgreSQL to SQLite here, and back again."""
    if not postgres:
        pytest.skip("needs both")
    async with empty_place(taken.settings, tmp_path / "sqlite", None) as place:
        await restored(place, taken.data, taken.keys)
        async with opened(place) as store:
            moved = await contents(store)
            assert {name: rows for name, rows in moved.items() if name not in ("event", "counter")} == {
                name: rows for name, rows in taken.contents.items() if name not in ("event", "counter")
            }
            await backup.take(store, tmp_path / "b", tmp_path / "b.keys")
    async with empty_place(taken.settings, tmp_path, postgres) as place:
        await restored(place, tmp_path / "b", tmp_path / "b.keys")
        async with opened(place) as store:
            assert await contents(store) == moved


async def test_events_without_a_number_get_one_on_sqlite(settings: Settings, tmp_path: Path, postgres: str | None):
    if not postgres:
        pytest.skip("SQLite's writer numbers them")
    async with opened(settings) as store:
        for subject in (1, 2, 3):
            async with store.begin() as tx:
                tx.emit(Event(EventKind.SLOT_CHANGED, subject))
        await backup.take(store, tmp_path / "b", tmp_path / "b.keys")
    async with empty_place(settings, tmp_path / "sqlite", None) as place:
        await restored(place, tmp_path / "b", tmp_path / "b.keys")
        async with opened(place) as store:
            async with store.begin() as tx:
                tx.emit(Event(EventKind.SLOT_CHANGED, 4))
            async with store.driver.read() as connection:
                found = await connection.fetch("select subject_id, position from event order by position", ())
    assert [tuple(row) for row in found] == [(1, 1), (2, 2), (3, 3), (4, 4)]


async def test_a_backup_taken_while_writing_has_all_that_was_acknowledged_before(
    settings: Settings, tmp_path: Path, postgres: str | None
):
    async with opened(settings) as store, writing(store) as writers:
        before = await writers.reach(30)
        summary = await backup.take(store, tmp_path / "b", tmp_path / "b.keys")
        await writers.reach(len(writers.acknowledged) + 10)
    async with empty_place(settings, tmp_path / "new", postgres) as place:
        await restored(place, tmp_path / "b", tmp_path / "b.keys")
        async with opened(place) as store:
            there = await patients(store)
            assert set(before) <= set(there)
            assert summary.data.rows["patient"] == len(there) == summary.data.rows["patient_identifier"]
            async with store.snapshot() as snapshot:
                for patient in there:
                    assert await by_id(snapshot, patient) is not None
            async with store.begin() as tx:
                assert tx.new_id() > max(there)


async def test_a_fresh_migrated_place_will_do(taken: Taken, tmp_path: Path, postgres: str | None):
    async with empty_place(taken.settings, tmp_path / "new", postgres) as place:
        await migrated(place)
        await restored(place, taken.data, taken.keys)
        async with opened(place) as store:
            assert await contents(store) == taken.contents
        assert await migrate.differences(place.database_url, "data") == []


async def test_a_place_with_rows_is_refused_and_stays(taken: Taken, account: Account):
    with pytest.raises(TargetNotEmpty):
        await restored(taken.settings, taken.data, taken.keys)
    assert await contents(account.store) == taken.contents


async def test_a_place_whose_keys_are_in_use_is_refused(taken: Taken, tmp_path: Path, postgres: str | None):
    async with empty_place(taken.settings, tmp_path / "new", postgres) as place:
        await migrated(place)
        async with opened(place) as store:
            await store.keys.newest(Owner("patient", 1))
        with pytest.raises(TargetNotEmpty):
            await restored(place, taken.data, taken.keys)
        async with opened(place) as store:
            assert await patients(store) == []


async def test_a_restore_that_breaks_leaves_no_row(
    taken: Taken, tmp_path: Path, postgres: str | None, monkeypatch: pytest.MonkeyPatch
):
    whole = Reader.chunks

    def breaking(reader: Reader):  # type: ignore[no-untyped-def]
        for number, chunk in enumerate(whole(reader)):
            yield chunk
            if number == 3 and reader.header.which == "data" and checked:
                raise OSError("the disk went away")
        checked.append(reader.header.which)

    checked: list[str] = []
    async with empty_place(taken.settings, tmp_path / "new", postgres) as place:
        monkeypatch.setattr(Reader, "chunks", breaking)
        with pytest.raises(OSError, match="went away"):
            await restored(place, taken.data, taken.keys)
        monkeypatch.undo()
        assert checked == ["data", "keys"]
        await restored(place, taken.data, taken.keys)
        async with opened(place) as store:
            assert await contents(store) == taken.contents


async def test_a_hundred_changed_bytes_are_all_refused(taken: Taken, tmp_path: Path):
    chance = random.Random(20260101)
    for number in range(100):
        files = {"data": taken.data.read_bytes(), "keys": taken.keys.read_bytes()}
        which = "keys" if number % 4 == 0 else "data"
        broken = bytearray(files[which])
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        await _refused(taken, tmp_path, files | {which: bytes(broken)})


async def test_every_byte_of_the_header_counts(taken: Taken, tmp_path: Path):
    whole = taken.data.read_bytes()
    length = int.from_bytes(whole[len(MAGIC) : len(MAGIC) + 4], "big")
    masters = masters_of(taken.settings)
    for position in range(len(MAGIC) + 4 + length + 5):
        broken = bytearray(whole)
        broken[position] ^= 1
        (tmp_path / "broken").write_bytes(broken)
        with pytest.raises((BackupDamaged, MasterKeyMissing)):
            check(tmp_path / "broken", "data", masters)


async def test_a_cut_or_lengthened_file_is_refused(taken: Taken, tmp_path: Path):
    chance = random.Random(20260102)
    whole = {"data": taken.data.read_bytes(), "keys": taken.keys.read_bytes()}
    for which, content in whole.items():
        lengths = {0, 1, len(MAGIC), len(content) - 1, *(chance.randrange(len(content)) for _ in range(20))}
        for length in lengths:
            await _refused(taken, tmp_path, whole | {which: content[:length]})
        await _refused(taken, tmp_path, whole | {which: content + b"\0"})


async def test_chunks_left_out_or_swapped_are_refused(taken: Taken, tmp_path: Path):
    whole = {"data": taken.data.read_bytes(), "keys": taken.keys.read_bytes()}
    head, *frames = _frames(whole["data"])
    assert len(frames) > 5
    await _refused(taken, tmp_path, whole | {"data": head + b"".join(frames[:2] + frames[3:])})
    await _refused(taken, tmp_path, whole | {"data": head + b"".join([frames[1], frames[0], *frames[2:]])})
    await _refused(taken, tmp_path, whole | {"data": head + b"".join(frames[:-1])})
    await _refused(taken, tmp_path, whole | {"data": head + frames[-1]})


async def test_files_of_two_backups_are_refused(taken: Taken, account: Account, tmp_path: Path):
    await backup.take(account.store, tmp_path / "b", tmp_path / "b.keys")
    whole = {"data": taken.data.read_bytes(), "keys": (tmp_path / "b.keys").read_bytes()}
    await _refused(taken, tmp_path, whole)
    await _refused(taken, tmp_path, {"data": taken.keys.read_bytes(), "keys": taken.data.read_bytes()})
    await _refused(taken, tmp_path, {"data": b"another file", "keys": whole["keys"]})


async def test_a_wrong_or_missing_master_key_is_refused(taken: Taken, tmp_path: Path):
    wrong = MasterKeys("test:" + "A" * 43 + "=")
    with pytest.raises(BackupDamaged, match="master key"):
        check(taken.data, "data", wrong)
    with pytest.raises(MasterKeyMissing, match="test"):
        check(taken.data, "data", MasterKeys("other:" + "A" * 43 + "="))
    files = {"data": taken.data.read_bytes(), "keys": taken.keys.read_bytes()}
    other = taken.settings.model_copy(update={"master_keys": type(taken.settings.master_keys)("x:" + "A" * 43 + "=")})
    await _refused(taken._replace(settings=other), tmp_path, files)


async def test_a_backup_of_a_newer_program_is_refused(taken: Taken, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(migrate, "knows", lambda which, revision: False)
    with pytest.raises(SchemaMismatch, match="newer"):
        check(taken.data, "data", masters_of(taken.settings))


async def test_nothing_is_overwritten_and_nothing_half_made_stays(
    taken: Taken, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    before = taken.data.read_bytes()
    with pytest.raises(FileExistsError):
        await backup.take(account.store, taken.data, tmp_path / "other.keys")
    assert taken.data.read_bytes() == before
    monkeypatch.setattr("persistence.backup.file.LONGEST_CHUNK", 1)
    with pytest.raises(ValueError, match="too large"):
        await backup.take(account.store, tmp_path / "c", tmp_path / "c.keys")
    assert sorted(name for name in os.listdir(tmp_path) if "backup" in name or name[0] in "co") == [
        "a.backup",
        "a.backup.keys",
    ]


async def test_large_rows_are_streamed_in_small_chunks(settings: Settings, tmp_path: Path):
    async with opened(settings) as store:
        for _ in range(40):
            async with store.begin() as tx:
                rows = [(number, "я" * 100_000) for number in (tx.new_id(), tx.new_id())]
                for number, text in rows:
                    row = PatientRow(patient_id=number, id=number, created_at=tx.now)
                    await tx.insert(row, PatientBody(text, ""))
        await backup.take(store, tmp_path / "b", tmp_path / "b.keys")
    frames = _frames((tmp_path / "b").read_bytes())
    assert sum(map(len, frames)) > 16_000_000
    assert sorted(map(len, frames))[-2] < 4_000_000


async def _refused(taken: Taken, folder: Path, files: dict[str, bytes]) -> None:
    """Check that a restore refuses before it has made so much as an empty file."""
    for which, content in files.items():
        (folder / f"broken.{which}").write_bytes(content)
    async with empty_place(taken.settings, folder / "refused", None) as place:
        with pytest.raises((BackupDamaged, MasterKeyMissing)):
            await restored(place, folder / "broken.data", folder / "broken.keys")
        assert os.listdir(folder / "refused") == []


def _frames(whole: bytes) -> list[bytes]:
    """Return the head and every chunk of a file."""
    at = len(MAGIC) + 4 + int.from_bytes(whole[len(MAGIC) : len(MAGIC) + 4], "big")
    found = [whole[:at]]
    while at < len(whole):
        end = at + 5 + whole[at + 4] + int.from_bytes(whole[at : at + 4], "big")
        found.append(whole[at:end])
        at = end
    return found
