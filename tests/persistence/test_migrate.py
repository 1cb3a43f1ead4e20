"""One set of migrations for both databases; a schema that is newer than the code refuses and harms nothing."""

import os
import sqlite3
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from persistence import migrate
from persistence.migrate import SchemaMismatch
from server.settings import Settings
from server.wiring import house, migrated, opened
from tests.conftest import CHEAP
from tests.house import Account
from tests.people import populate

pytestmark = pytest.mark.anyio

BOOK = "mutation($input: BookAppointmentInput!) { bookAppointment(input: $input) { errors { code } } }"
SEEN = "{ viewer { patient { appointments(first: 5) { nodes { reason } } } } }"


async def test_the_migrations_make_the_tables_that_the_code_declares(settings: Settings):
    assert await migrate.differences(settings.database_url, "data") == []
    assert await migrate.differences(settings.wrapped_keys_url, "keys") == []


@pytest.mark.parametrize("which", ["data", "keys"])
async def test_a_newer_schema_refuses_to_start_and_harms_nothing(settings: Settings, which: migrate.Which):
    url = settings.database_url if which == "data" else settings.wrapped_keys_url
    await _set_revision(url, "9999")
    before = _bytes(settings)
    with pytest.raises(SchemaMismatch, match="newer"):
        async with opened(settings):
            pass
    with pytest.raises(SchemaMismatch, match="newer"):
        await migrated(settings)
    assert _bytes(settings) == before


async def test_an_older_schema_refuses_to_start(settings: Settings):
    await _set_revision(settings.wrapped_keys_url, None)
    with pytest.raises(SchemaMismatch, match="run `migrate`"):
        async with opened(settings):
            pass


async def test_a_missing_database_is_not_made_by_a_check(tmp_path: Path):
    with pytest.raises(SchemaMismatch, match="no data database"):
        await migrate.check(f"sqlite:///{tmp_path / 'none.db'}", "data")
    assert os.listdir(tmp_path) == []


async def test_migrating_twice_changes_nothing(settings: Settings):
    await migrated(settings)
    assert await migrate.differences(settings.database_url, "data") == []


async def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "env.py").write_text((migrate.HERE / "env.py").read_text())
    (tmp_path / "data" / "0001_breaks.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\nrevision = '0001'\ndown_revision = None\n"
        "def upgrade():\n    op.create_table('half', sa.Column('id', sa.Integer))\n    raise ValueError('broken')\n"
    )
    monkeypatch.setattr(migrate, "HERE", tmp_path)
    with pytest.raises(ValueError, match="broken"):
        await migrate.upgrade(f"sqlite:///{tmp_path / 'x.db'}", "data")
    with sqlite3.connect(tmp_path / "x.db") as raw:
        assert raw.execute("select name from sqlite_master").fetchall() == []
    raw.close()


async def test_sqlite_is_durable_and_its_transactions_are_explicit(settings: Settings, postgres: str | None):
    if postgres:
        pytest.skip("SQLite's own")
    async with opened(settings) as store:
        for taken in (store.driver.write, store.driver.read, store.keys.driver.write):
            async with taken() as connection:
                assert (await connection.fetch("PRAGMA synchronous", ()))[0][0] == 2
                assert (await connection.fetch("PRAGMA journal_mode", ()))[0][0] == "wal"
                assert connection._raw.in_transaction


async def test_the_service_s_own_user_only_adds_to_the_audit_log(settings: Settings, postgres: str | None):
    if not postgres:
        pytest.skip("PostgreSQL's own")
    async with service_user(settings, postgres) as served, house(served, cost=CHEAP) as stands:
        world = await populate(stands.app.store, stands.app.passwords)
        account = Account(stands, world, served)
        await _the_product_works(account)
        raw = await asyncpg.connect(served.database_url)
        assert await raw.fetchval("select count(*) from audit_entry") > 0
        for forbidden in (
            "update audit_entry set outcome = 'DONE'",
            "delete from audit_entry",
            "truncate audit_entry",
            "drop table audit_entry",
            "alter table audit_entry disable trigger all",
            "update alembic_version set version_num = 'x'",
            "create table other (id int)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await raw.execute(forbidden)
        await raw.close()


async def test_the_service_s_own_user_cannot_destroy_keys(settings: Settings, postgres: str | None):
    if not postgres:
        pytest.skip("PostgreSQL's own")
    async with service_user(settings, postgres) as served:
        raw = await asyncpg.connect(served.wrapped_keys_url)
        for forbidden in ("delete from wrapped_key", "update wrapped_key set master = ''", "truncate wrapped_key"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await raw.execute(forbidden)
        await raw.close()


async def _the_product_works(account: Account) -> None:
    slot = account.world.node("Slot", "doctor_slot_0")
    given = {"slotId": slot, "patientId": account.world.patient("anna"), "reason": "Осмотр"}
    async with account.watching("subscription { appointmentChanged { appointment { status } } }") as watched:
        answer = await account.run(BOOK, input=given)
        assert answer["bookAppointment"]["errors"] == []
        assert await watched.next() == {"appointmentChanged": {"appointment": {"status": "BOOKED"}}}
    seen = await account.run(SEEN)
    assert seen["viewer"]["patient"]["appointments"]["nodes"] == [{"reason": "Осмотр"}]


@asynccontextmanager
async def service_user(settings: Settings, server: str) -> AsyncGenerator[Settings]:
    """Make a user without rights, migrate for it, and speak as it."""
    name = f"service_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(f"{server.rstrip('/')}/postgres")
    await admin.execute(f"create role {name} login")
    try:
        await migrated(settings.model_copy(update={"service_user": name}))
        yield settings.model_copy(
            update={"database_url": _as(settings.database_url, name), "keys_url": _as(settings.wrapped_keys_url, name)}
        )
    finally:
        for url in (settings.database_url, settings.wrapped_keys_url):
            raw = await asyncpg.connect(url)
            await raw.execute(f"drop owned by {name}")
            await raw.close()
        await admin.execute(f"drop role {name}")
        await admin.close()


def _as(url: str, user: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{user}@{rest.rpartition('@')[2]}"


async def _set_revision(url: str, revision: str | None) -> None:
    statement = f"update alembic_version set version_num = '{revision}'" if revision else "delete from alembic_version"
    if url.startswith("sqlite"):
        raw = sqlite3.connect(url.removeprefix("sqlite:///"))
        raw.execute(statement)
        raw.commit()
        raw.close()
        return
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def _bytes(settings: Settings) -> dict[str, bytes]:
    """Return every file beside an SQLite database."""
    if not settings.database_url.startswith("sqlite"):
        return {}
    folder = Path(settings.database_url.removeprefix("sqlite:///")).parent
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}
