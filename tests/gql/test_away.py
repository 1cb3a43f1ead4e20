"""A database that is away: people are told to come back, not that something is wrong with us."""

import json
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from gql.exchange import Request
from persistence.away import is_away
from tests.house import Account

pytestmark = pytest.mark.anyio

SAID = {
    "message": "The service is not available at the moment: try again in a few seconds.",
    "extensions": {"code": "UNAVAILABLE"},
}


def with_code(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("said by the database")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (ConnectionRefusedError(), True),
        (asyncpg.ConnectionDoesNotExistError(), True),
        (asyncpg.CannotConnectNowError(), True),
        (asyncpg.DiskFullError(), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (with_code(sqlite3.SQLITE_FULL), True),
        (with_code(sqlite3.SQLITE_IOERR_WRITE), True),
        (asyncpg.DataError("a wrong argument"), False),
        (asyncpg.UniqueViolationError(), False),
        (with_code(sqlite3.SQLITE_ERROR), False),
        (ValueError(), False),
    ],
)
def test_what_is_away_and_what_is_a_mistake(error: Exception, away: bool) -> None:
    assert is_away(error) is away


async def test_a_query_is_told_to_come_back(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = await account.caller("anna")
    gone(monkeypatch, account)
    reply = await account.api.execute(Request("{ asOf }"), caller)
    assert (reply.status, reply.retry_after, json.loads(reply.body)) == (503, 1, {"errors": [SAID]})


async def test_a_mutation_is_told_to_come_back(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    await account.token("anna")
    gone(monkeypatch, account)
    answer = await account.ask("mutation { signOut { errors { code } } }")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAVAILABLE"]


async def test_a_subscription_is_told_to_come_back(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = await account.caller("anna")
    gone(monkeypatch, account)
    reply: Any = await account.api.subscribe(Request("subscription { appointmentChanged { cursor } }"), caller)
    assert json.loads(reply.body) == {"errors": [SAID]}


def gone(monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    """Let the database be away from now on."""

    @asynccontextmanager
    async def refused() -> AsyncGenerator[None]:
        raise ConnectionRefusedError
        yield

    for name in ("read", "look", "write"):
        monkeypatch.setattr(account.store.driver, name, refused)
