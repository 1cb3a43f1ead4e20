"""One helper object makes a test five lines long; the database is real, in a file of its own (or PostgreSQL)."""

import base64
import os
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from persistence.migrate import SQLITE
from security.passwords import CHEAP
from server.settings import Settings
from server.wiring import house, migrated
from tests.house import Account
from tests.people import populate
from tests.postgres import databases


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres", help="run on this PostgreSQL server (postgresql://…/) instead of SQLite")
    parser.addoption("--redis", help="carry wake-ups by this Redis instead of in process")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def postgres(request: pytest.FixtureRequest) -> str | None:
    """The PostgreSQL server that the tests run on, or None for SQLite."""
    return request.config.getoption("--postgres")


@pytest.fixture(scope="session")
async def mold(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Settings]:
    """Settings of migrated databases that hold nothing; each test gets a copy of them."""
    server = request.config.getoption("--postgres")
    if server is None:
        made = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('mold') / 'data.db'}", mode="development")
        await migrated(made)
        yield made
        return
    async with databases(server, 2) as (data, keys):
        made = Settings(database_url=data, keys_url=keys, mode="development")
        await migrated(made)
        yield made


@pytest.fixture
async def settings(mold: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Settings]:
    """Settings of an empty, migrated database of the test's own."""
    server = request.config.getoption("--postgres")
    made = Settings(
        database_url=f"sqlite:///{tmp_path / 'data.db'}",
        master_keys=f"test:{base64.b64encode(os.urandom(32)).decode()}",
        bus_url=request.config.getoption("--redis") or "memory://",
        mode="development",
        codes="outbox",
        registry="demo",
    )
    if server is None:
        for ours, empty in ((made.database_url, mold.database_url), (made.wrapped_keys_url, mold.wrapped_keys_url)):
            shutil.copy(empty.removeprefix(SQLITE), ours.removeprefix(SQLITE))
        yield made
        return
    async with databases(server, 2, like=(mold.database_url, mold.wrapped_keys_url)) as (data, keys):
        elsewhere = {"database_url": data, "keys_url": keys, "erasures_file": tmp_path / "erasures.txt"}
        yield made.model_copy(update=elsewhere)


@pytest.fixture
async def account(settings: Settings) -> AsyncGenerator[Account]:
    """The whole product without sockets, with people in it."""
    async with house(settings, cost=CHEAP) as opened:
        world = await populate(opened.app.store, opened.app.passwords)
        yield Account(opened, world, settings)
