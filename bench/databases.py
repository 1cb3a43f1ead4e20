"""The bench's own databases: made, migrated, filled and kept until the people's code changes."""

import base64
import hashlib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg

from bench import operations
from bench.sizes import Size, last_id, person_id
from server.settings import Settings
from server.wiring import migrated

SERVER: Final = os.environ.get("MEDKABINET_BENCH_POSTGRES", "postgresql://postgres@127.0.0.1:5432")
HERE: Final = Path(__file__).parent
FOLDER: Final = Path(".bench")
"""Where the master key and the runs lie."""
MADE_BY: Final = (
    "people.py",
    "sealed.py",
    "plain.py",
    "sizes.py",
    "tokens.py",
    "peers/schema.sql",
    "peers/indexes.sql",
)
KINDS: Final = ("", "keys", "peers")


def url(size: Size, kind: str = "") -> str:
    """Return a database's URL."""
    return f"{SERVER}/{size.database(kind)}"


def master_keys() -> Path:
    """Return the file of the master key: one key everywhere, so that every checkout opens the same databases.

    Its people are invented; nobody else's data may ever be sealed under it.
    """
    path = FOLDER / "master.keys"
    key = base64.b64encode(hashlib.sha256(b"medkabinet bench").digest()).decode()
    FOLDER.mkdir(exist_ok=True)
    path.write_text(f"invented:{key}\n")
    return path


def settings(size: Size) -> Settings:
    """Return the settings that our server runs with: an operator's on PostgreSQL."""
    return Settings(database_url=url(size), keys_url=url(size, "keys"), master_keys_file=master_keys())


@asynccontextmanager
async def connected(database: str) -> AsyncGenerator["asyncpg.Connection[Any]"]:
    """Hold one connection to a database."""
    connection = await asyncpg.connect(database, server_settings={"synchronous_commit": "off"})
    try:
        yield connection
    finally:
        await connection.close()


def stamp() -> str:
    """Return what changes when the people would."""
    found = hashlib.sha256()
    for path in [HERE / name for name in MADE_BY]:
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


@asynccontextmanager
async def alone() -> AsyncGenerator[None]:
    """Wait until nobody else measures on this PostgreSQL, and keep others waiting."""
    async with connected(f"{SERVER}/postgres") as connection:
        await connection.execute("select pg_advisory_lock(hashtext('medkabinet.bench'))")
        yield


async def is_made(size: Size) -> bool:
    """Return whether all three are there, made by this very code."""
    async with connected(f"{SERVER}/postgres") as admin:
        names = [size.database(kind) for kind in KINDS]
        told = await admin.fetch(
            "select shobj_description(oid, 'pg_database') as told from pg_database where datname = any($1)", names
        )
    return [row["told"] for row in told] == [stamp()] * len(KINDS)


async def drop(size: Size) -> None:
    """Drop the three."""
    async with connected(f"{SERVER}/postgres") as admin:
        for kind in KINDS:
            await admin.execute(f'drop database if exists "{size.database(kind)}" with (force)')


async def create(size: Size) -> None:
    """Make the three, with their schemas, empty; what had their names is dropped."""
    await drop(size)
    async with connected(f"{SERVER}/postgres") as admin:
        for kind in KINDS:
            await admin.execute(f"create database \"{size.database(kind)}\" template template0 encoding 'UTF8'")
    await migrated(settings(size))
    async with connected(url(size, "peers")) as peers:
        await peers.execute((HERE / "peers" / "schema.sql").read_text())


async def finish(size: Size) -> None:
    """Index, vacuum and analyze; say who made them."""
    async with connected(url(size, "peers")) as peers:
        await peers.execute((HERE / "peers" / "indexes.sql").read_text())
    async with connected(url(size)) as ours:
        await ours.execute("update counter set value = $1 where name = 'ids'", last_id(size))
    for kind in KINDS:
        async with connected(url(size, kind)) as connection:
            await connection.execute("vacuum (freeze, analyze)", timeout=3600)
            await connection.execute(f"comment on database \"{size.database(kind)}\" is '{stamp()}'")


async def refresh(size: Size) -> None:
    """Make the databases as they were before anybody used them: visits that runs booked go, sessions begin now."""
    end = last_id(size)
    async with connected(url(size)) as ours:
        await ours.execute("delete from appointment where id >= $1", end)
        await ours.execute("delete from practitioner_appointment where id >= $1", end)
        await ours.execute("update slot set state = 'FREE' where state <> 'FREE'")
        await ours.execute("vacuum (analyze) slot, appointment, practitioner_appointment")
    async with connected(url(size, "peers")) as peers:
        await peers.execute("delete from appointment where id >= $1", end)
        await peers.execute("update slot set state = 'FREE' where state <> 'FREE'")
        await peers.execute("vacuum (analyze) slot, appointment")
    await begin_sessions(size)


async def begin_sessions(size: Size) -> None:
    """Let the viewers' sessions begin now: an idle one ends after fifteen minutes."""
    who = {number for operation in operations.NAMES for number in operations.viewers(size, operation)}
    async with connected(url(size)) as ours:
        await ours.execute(
            "update session set seen_at = m.now, expires_at = m.now + 36000000000"
            " from (select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now) m"
            " where account_id = any($1::bigint[])",
            [person_id(number) + 1 for number in who],
        )
        await ours.execute("vacuum (analyze) session")
