"""Migrations: applied by a command, and checked at every start."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from persistence.sealing import key_metadata
from persistence.tables import DATA

Which = Literal["data", "keys"]
HERE: Final = Path(__file__).parent / "migrations"
METADATA: Final[dict[Which, MetaData]] = {"data": DATA, "keys": key_metadata}
APPEND_ONLY: Final = "audit_entry"
T = TypeVar("T")


class SchemaMismatch(Exception):
    """The database's schema isn't this program's."""


def engine_url(url: str) -> str:
    """Return a database's URL as SQLAlchemy's async engines want it."""
    for plain, driver in (("postgresql://", "postgresql+asyncpg://"), ("sqlite:///", "sqlite+aiosqlite:///")):
        if url.startswith(plain):
            return driver + url.removeprefix(plain)
    raise ValueError("a database's URL begins with sqlite:/// or postgresql://")


async def upgrade(url: str, which: Which) -> None:
    """Bring a database to this program's schema.

    Raises:
        SchemaMismatch: it is newer than the program.
    """
    await _run(url, lambda connection: _upgrade(connection, which))


async def check(url: str, which: Which) -> None:
    """Check that a database has this program's schema, touching nothing.

    Raises:
        SchemaMismatch: it is older or newer.
    """
    await _run(url, lambda connection: _check(connection, which))


async def differences(url: str, which: Which) -> list[Any]:
    """Return how a migrated database differs from the tables that the code declares."""
    return await _run(url, lambda connection: _differences(connection, which))


async def revise(url: str, which: Which, message: str) -> None:
    """Write a new revision from the difference between a migrated database and the code's tables."""
    await _run(url, lambda c: command.revision(_config(c, which), message=message, autogenerate=True))


async def grant(url: str, user: str) -> None:
    """Give the service's own user what it needs: everything, but of the audit log only reading and adding."""
    if not user.replace("_", "").isalnum():
        raise ValueError("a user's name is letters, digits and underscores")
    await _run(url, lambda connection: _grant(connection, user))


def _upgrade(connection: Connection, which: Which) -> None:
    _refuse_newer(connection, which)
    command.upgrade(_config(connection, which), "head")


def _check(connection: Connection, which: Which) -> None:
    have = _refuse_newer(connection, which)
    head = _scripts(connection, which).get_current_head()
    if have != head:
        raise SchemaMismatch(f"the {which} schema is at {have or 'nothing'}, the program needs {head}: run `migrate`")


def _refuse_newer(connection: Connection, which: Which) -> str | None:
    have = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in _scripts(connection, which).walk_revisions()}
    if have is not None and have not in known:
        raise SchemaMismatch(f"the {which} schema is at {have}, which this program doesn't know: it is newer")
    return have


def _differences(connection: Connection, which: Which) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, METADATA[which]))


def _grant(connection: Connection, user: str) -> None:
    for statement in (
        f"grant usage on schema public to {user}",
        f"grant select, insert, update, delete on all tables in schema public to {user}",
        f"revoke update, delete, truncate on {APPEND_ONLY} from {user}",
        f"revoke insert, update, delete on alembic_version from {user}",
    ):
        connection.execute(text(statement))
    connection.commit()


def _scripts(connection: Connection, which: Which) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(connection, which))


def _config(connection: Connection, which: Which) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("version_locations", str(HERE / which))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = METADATA[which]
    return config


async def _run(url: str, work: Callable[[Connection], T]) -> T:
    engine = create_async_engine(engine_url(url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            done = await connection.run_sync(work)
            await connection.commit()
            return done
    finally:
        await engine.dispose()
