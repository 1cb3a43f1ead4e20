"""Tells a database that is away from a mistake: the one is asked again in a moment, the other is looked into."""

import sqlite3
from typing import Final

import asyncpg

AWAY: Final = (
    OSError,  # refused, reset, timed out
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # it shuts down, starts up or recovers
    asyncpg.TransactionRollbackError,  # another transaction was in the way
    asyncpg.InsufficientResourcesError,  # its disk is full, or too many are connected
)
SQLITE_AWAY: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
}


def is_away(error: BaseException) -> bool:
    """Return whether an error says that the database can't serve now, and may in a moment."""
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in SQLITE_AWAY
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # its own ValueError is about an argument; else the connection is gone
    return isinstance(error, AWAY)
