"""Migrations: applied by a command, and checked at every start."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, event, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from persistence.sealing import key_metadata
from persistence.tables import DATA

Which = Literal["data", "keys"]
HERE: Final = Path(__file__).parent / "migrations"
METADATA: Final[dict[Which, MetaData]] = {"data": DATA, "keys": key_metadata}
APPEND_ONLY: Final = "audit_entry, audit_leaf, audit_tile, audit_checkpoint"
SQLITE: Final = "sqlite:///"
USER: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
T = TypeVar("T")


class SchemaMismatch(Exception):
    """The database's schema isn't this program's."""


def engine_url(url: str) -> str:
    """Return a database's URL as SQLAlchemy's async engines want it."""
    for plain, driver in (("postgresql://", "postgresql+asyncpg://"), ("sqlite:///", "sqlite+aiosqlite:///")):
        if url.startswith(plain):
            return driver + url.removeprefix(plain)
    raise ValueError("a database's URL begins with sqlite:/// or postgresql://")


async def upgrade(url: str, which: Which, revision: str = "head") -> None:
    """Bring a database to this program's schema (or to an older one that a backup was made at).

    Raises:
        SchemaMismatch: it is newer than the program.
    """
    await _run(url, lambda connection: _upgrade(connection, which, revision))


async def refuse_newer(url: str, which: Which) -> str | None:
    """Return the revision of a database, None if it has no schema yet; touches nothing.

    Raises:
        SchemaMismatch: it is newer than the program.
    """
    if not _there(url):
        return None
    return await _run(url, lambda connection: _refuse_newer(connection, which), read_only=True)


async def tables(url: str) -> list[str]:
    """Return the names of a database's tables; touches nothing."""
    if not _there(url):
        return []
    return await _run(url, lambda connection: inspect(connection).get_table_names(), read_only=True)


def knows(which: Which, revision: str) -> bool:
    """Return whether this program has that revision of a schema."""
    return revision in {script.revision for script in _scripts(which).walk_revisions()}


async def check(url: str, which: Which) -> None:
    """Check that a database has this program's schema, touching nothing.

    Raises:
        SchemaMismatch: it is older or newer.
    """
    if not _there(url):
        raise SchemaMismatch(f"there is no {which} database yet: run `migrate`")
    await _run(url, lambda connection: _check(connection, which), read_only=True)


async def differences(url: str, which: Which) -> list[Any]:
    """Return how a migrated database differs from the tables that the code declares."""
    return await _run(url, lambda connection: _differences(connection, which))


async def revise(url: str, which: Which, message: str) -> None:
    """Write a new revision from the difference between a migrated database and the code's tables."""
    await _run(url, lambda c: command.revision(_config(which, c), message=message, autogenerate=True))


async def grant(url: str, user: str, which: Which = "data") -> None:
    """Give the service's own user (PostgreSQL) what it needs: of the audit log, reading and adding only.

    Of the keys too: who turns them over, or restores, runs as the databases' owner, as migrations do.
    """
    if not USER.fullmatch(user):
        raise ValueError("a user's name is small letters, digits and underscores")
    await _run(url, lambda connection: _grant(connection, user, which))


def _upgrade(connection: Connection, which: Which, revision: str) -> None:
    _refuse_newer(connection, which)
    command.upgrade(_config(which, connection), revision)


def _check(connection: Connection, which: Which) -> None:
    have = _refuse_newer(connection, which)
    head = _scripts(which).get_current_head()
    if have != head:
        raise SchemaMismatch(f"the {which} schema is at {have or 'nothing'}, the program needs {head}: run `migrate`")


def _refuse_newer(connection: Connection, which: Which) -> str | None:
    have = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in _scripts(which).walk_revisions()}
    if have is not None and have not in known:
        raise SchemaMismatch(f"the {which} schema is at {have}, which this program doesn't know: it is newer")
    return have


def _differences(connection: Connection, which: Which) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, METADATA[which]))


def _grant(connection: Connection, user: str, which: Which) -> None:
    every = "select, insert" if which == "keys" else "select, insert, update, delete"
    for statement in (
        f"grant usage on schema public to {user}",
        f"revoke all on all tables in schema public from {user}",
        f"grant {every} on all tables in schema public to {user}",
        f"alter default privileges in schema public grant {every} on tables to {user}",
        f"revoke insert, update, delete on alembic_version from {user}",
        *([f"revoke update, delete on {APPEND_ONLY} from {user}"] if which == "data" else []),
    ):
        connection.execute(text(statement))


def _scripts(which: Which) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(which))


def _config(which: Which, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("version_locations", str(HERE / which))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = METADATA[which]
    return config


def _there(url: str) -> bool:
    """Return whether there is something to connect to; SQLite would make the file."""
    return not url.startswith(SQLITE) or Path(url.removeprefix(SQLITE)).exists()


async def _run(url: str, work: Callable[[Connection], T], *, read_only: bool = False) -> T:
    engine = create_async_engine(_read_only_url(url) if read_only else engine_url(url), poolclass=NullPool)
    if url.startswith(SQLITE):
        _begin_explicitly(engine)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _read_only_url(url: str) -> str:
    if not url.startswith(SQLITE):
        return engine_url(url)
    return f"sqlite+aiosqlite:///file:{quote(url.removeprefix(SQLITE))}?mode=ro&uri=true"


def _begin_explicitly(engine: AsyncEngine) -> None:
    """Make a migration one transaction on SQLite too: the driver by itself commits before each change of a table."""

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")
