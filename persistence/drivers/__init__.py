"""The two databases behind one small protocol."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol

Row = Sequence[Any]
DialectName = Literal["sqlite", "postgresql"]


class Connection(Protocol):
    """One connection inside a transaction; the SQL is the dialect's own, parameters are positional."""

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        """Return all rows of a query or of a RETURNING clause."""
        ...

    async def execute(self, sql: str, arguments: Sequence[Any]) -> int:
        """Run a statement and return how many rows it touched."""
        ...

    async def many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each set of arguments."""
        ...


class Driver(Protocol):
    """A database: transactions that write, and snapshots that read."""

    dialect: DialectName

    async def open(self) -> None:
        """Connect.

        Raises:
            OSError: the database can't be reached.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...

    def write(self) -> AbstractAsyncContextManager[Connection]:
        """Open a connection to write on; commits when left, rolls back on any exception."""
        ...

    def read(self) -> AbstractAsyncContextManager[Connection]:
        """Open a read-only snapshot: every statement in it sees the same moment."""
        ...

    def alone(self, work: str) -> AbstractAsyncContextManager[None]:
        """Hold a lock that only one process has at a time; it is free again when the process dies.

        Raises:
            BlockingIOError: someone else holds it.
        """
        ...
