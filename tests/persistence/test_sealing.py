"""What is sealed opens in its place only; keys show nowhere; a wrong or missing master key refuses."""

import base64
import os
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pydantic import ValidationError

from domain.patients import Sex
from persistence.masters import MasterKeyMissing, MasterKeys, make_master_key
from persistence.patients import PatientBody, PatientIdentifierRow, PatientRow, by_id
from persistence.sealing import SYSTEM, Owner
from persistence.store import Store
from security.cipher import NONCE, SealBroken
from server.settings import Settings
from server.wiring import opened

pytestmark = pytest.mark.anyio

BODY = PatientBody("Смирнова", "Анна", sex=Sex.FEMALE)


@pytest.fixture
async def store(settings: Settings) -> AsyncGenerator[Store]:
    async with opened(settings) as made:
        yield made


async def test_a_body_opens_where_it_was_sealed(store: Store):
    patient = await _patient(store)
    async with store.snapshot() as snapshot:
        found = await by_id(snapshot, patient)
    assert found is not None
    assert found[1] == BODY


async def test_a_body_put_into_another_patient_s_row_does_not_open(store: Store):
    moved = "update patient set body = (select body from patient where id = {other}) where id = {one}"
    one, other = await _patient(store), await _patient(store)
    async with store.driver.write() as connection:
        await connection.execute(moved.format(one=one, other=other), ())
    await _refuses(store, one)
    async with store.snapshot() as snapshot:
        assert await by_id(snapshot, other) is not None


async def test_an_older_version_put_back_does_not_open(store: Store):
    patient = await _patient(store)
    (old,) = await _raw(store, patient)
    async with store.begin() as tx:
        row = PatientRow(patient_id=patient, id=patient, created_at=tx.now, key_id=1)
        assert await tx.reseal(row, PatientBody("Орлова", "Анна"))
    mark = "$1" if store.driver.dialect == "postgresql" else "?"
    async with store.driver.write() as connection:
        await connection.execute(f"update patient set body = {mark} where id = {patient}", [old])
    await _refuses(store, patient)


async def test_a_version_set_back_with_its_number_is_the_only_thing_that_opens(store: Store):
    """Number and body together are bound: the number alone, set back, opens nothing."""
    patient = await _patient(store)
    async with store.begin() as tx:
        row = PatientRow(patient_id=patient, id=patient, created_at=tx.now, key_id=1)
        assert await tx.reseal(row, BODY)
    async with store.driver.write() as connection:
        await connection.execute(f"update patient set version = 1 where id = {patient}", ())
    await _refuses(store, patient)


async def test_place_binds_table_owner_row_and_version(store: Store):
    mine, theirs = Owner("patient", 1), Owner("patient", 2)
    key = await store.keys.newest(mine)
    sealed = key.seal(PatientRow, mine, 5, 1, BODY)
    assert key.open(PatientRow, mine, 5, 1, sealed, PatientBody) == BODY
    for table, owner, row, version in (
        (PatientIdentifierRow, mine, 5, 1),
        (PatientRow, theirs, 5, 1),
        (PatientRow, mine, 6, 1),
        (PatientRow, mine, 5, 2),
    ):
        with pytest.raises(SealBroken):
            key.open(table, owner, row, version, sealed, PatientBody)
    with pytest.raises(SealBroken):
        (await store.keys.newest(theirs)).open(PatientRow, mine, 5, 1, sealed, PatientBody)


async def test_every_byte_counts(store: Store):
    owner = Owner("patient", 1)
    key = await store.keys.newest(owner)
    sealed = key.seal(PatientRow, owner, 1, 1, BODY)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealBroken):
            key.open(PatientRow, owner, 1, 1, bytes(changed), PatientBody)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            key.open(PatientRow, owner, 1, 1, sealed[:length], PatientBody)


async def test_no_nonce_is_used_twice(store: Store):
    owner = Owner("patient", 1)
    key = await store.keys.newest(owner)
    nonces = {key.seal(PatientRow, owner, 1, 1, BODY)[:NONCE] for _ in range(100_000)}
    assert len(nonces) == 100_000


async def test_owners_and_classes_have_keys_of_their_own(store: Store):
    one, other = await store.keys.newest(Owner("patient", 1)), await store.keys.newest(Owner("patient", 2))
    assert one.hash("2823-3") != other.hash("2823-3")
    assert one.hash("2823-3") == (await store.keys.renew(Owner("patient", 1))).hash("2823-3")


async def test_a_wrong_master_key_refuses_and_harms_nothing(settings: Settings):
    await _used(settings)
    before = _bytes(settings)
    with pytest.raises(SealBroken):
        await _start(settings, f"test:{_key()}")
    assert _bytes(settings) == before
    await _start(settings, settings.master_keys.get_secret_value())


@pytest.mark.parametrize("text", ["other:{key}", "", "test", "test:AAAA", "test:{key}x", "test:{key},test:{key}"])
async def test_a_missing_master_key_refuses_and_harms_nothing(settings: Settings, text: str):
    await _used(settings)
    before = _bytes(settings)
    with pytest.raises(MasterKeyMissing) as error:
        await _start(settings, text.format(key=_key()))
    assert "AAAA" not in str(error.value)
    assert _bytes(settings) == before


async def test_no_master_key_at_all_refuses(settings: Settings):
    with pytest.raises(MasterKeyMissing):
        async with opened(settings.model_copy(update={"master_keys": None})):
            pass
    with pytest.raises(MasterKeyMissing):
        async with opened(settings.model_copy(update={"master_keys_file": Path("/nowhere/keys")})):
            pass


async def test_lost_keys_are_not_replaced_by_new_ones(settings: Settings):
    """With an empty keys' database in its place the service would start, and what is stored would be unreadable."""
    await _used(settings)
    async with opened(settings) as store, store.keys.driver.write() as connection:
        await connection.execute("delete from wrapped_key", ())
    with pytest.raises(MasterKeyMissing, match="restore the keys"):
        await _start(settings, settings.master_keys.get_secret_value())


async def test_a_part_of_the_keys_under_a_master_that_is_gone_refuses(settings: Settings):
    await _used(settings)
    async with opened(settings) as store, store.keys.driver.write() as connection:
        await connection.execute("update wrapped_key set master = 'gone' where owner_kind = 'patient'", ())
    with pytest.raises(MasterKeyMissing, match="gone"):
        await _start(settings, settings.master_keys.get_secret_value())


async def test_keys_show_in_no_repr(store: Store, settings: Settings, tmp_path: Path):
    key = await store.keys.newest(SYSTEM)
    text = settings.master_keys.get_secret_value()
    secret = text.partition(":")[2]
    things = [settings, store, store.keys, store.keys.masters, key, key.aes, store.driver]
    shown = "".join(f"{thing!r}{thing!s}" for thing in things)
    for hidden in (secret, base64.b64decode(secret).hex(), key.lookup.hex(), repr(key.lookup)):
        assert hidden not in shown


def test_a_setting_that_is_missing_does_not_show_the_others(monkeypatch: pytest.MonkeyPatch):
    secret = _key()
    monkeypatch.setenv("MEDKABINET_MASTER_KEYS", f"test:{secret}")
    monkeypatch.delenv("MEDKABINET_DATABASE_URL", raising=False)
    with pytest.raises(ValidationError) as error:
        Settings.of_environment()
    assert secret not in str(error.value)
    assert "database_url" in str(error.value)


def test_the_database_s_password_shows_in_no_repr():
    made = Settings(database_url="postgresql://u:hunter2@h/d", keys_url="postgresql://u:hunter2@h/k", master_keys="x")
    assert "hunter2" not in f"{made!r}{made!s}"


def test_a_new_master_key_is_read_by_those_who_run(tmp_path: Path):
    file = tmp_path / "master.keys"
    make_master_key(file, "one")
    keys = MasterKeys(file)
    make_master_key(file, "two")
    assert keys.current == "two"
    assert file.stat().st_mode & 0o077 == 0


def test_a_file_that_is_being_edited_leaves_a_server_its_keys(tmp_path: Path):
    file = tmp_path / "master.keys"
    make_master_key(file, "one")
    keys = MasterKeys(file)
    file.write_text("half a li")
    assert keys.current == "one"
    file.unlink()
    assert keys.current == "one"


def test_a_master_key_never_hides_another(tmp_path: Path):
    file = tmp_path / "master.keys"
    make_master_key(file, "one")
    before = file.read_text()
    for name in ("one", "", "a:b", "a b", "a\nb", "a,b", "x" * 65):
        with pytest.raises(ValueError, match="master key"):
            make_master_key(file, name)
    assert file.read_text() == before


def test_a_key_is_added_to_a_file_whose_last_line_is_open(tmp_path: Path):
    file = tmp_path / "master.keys"
    file.write_text(f"one:{_key()}")
    make_master_key(file, "two")
    keys = MasterKeys(file)
    assert (keys.current, keys.cipher("one") is not None) == ("two", True)


async def _patient(store: Store) -> int:
    async with store.begin() as tx:
        number = tx.new_id()
        await tx.insert(PatientRow(patient_id=number, id=number, created_at=tx.now), BODY)
    return number


async def _raw(store: Store, patient: int) -> tuple[bytes]:
    async with store.driver.read() as connection:
        return tuple((await connection.fetch(f"select body from patient where id = {patient}", ()))[0])  # type: ignore[return-value]


async def _refuses(store: Store, patient: int) -> None:
    async with store.snapshot() as snapshot:
        with pytest.raises(SealBroken):
            await by_id(snapshot, patient)


async def _used(settings: Settings) -> None:
    async with opened(settings) as store:
        await store.keys.newest(SYSTEM)
        await _patient(store)


async def _start(settings: Settings, text: str) -> None:
    async with opened(Settings(**{**settings.model_dump(), "master_keys": text})):
        pass


def _key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def _bytes(settings: Settings) -> dict[str, bytes]:
    """Return what an SQLite database says, page by page."""
    if not settings.database_url.startswith("sqlite"):
        return {}
    folder = Path(settings.database_url.removeprefix("sqlite:///")).parent
    for path in folder.glob("*.db"):
        assert sqlite3.connect(path).execute("pragma integrity_check").fetchone() == ("ok",)
    return {path.name: path.read_bytes() for path in folder.glob("*.db")}
