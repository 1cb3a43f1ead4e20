"""The two databases behind one small protocol."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol, runtime_checkable

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

    async def later(self, sql: str, arguments: Sequence[Any]) -> None:
        """Run a writing statement before the next other one, or before the commit: together with its like if it may."""
        ...

    async def beside(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        """Return the rows of a query that needn't see what was put off, in the same round trip if that may be."""
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

    def look(self) -> AbstractAsyncContextManager[Connection]:
        """Take a connection for single reading statements: each sees its own moment, and costs one round trip."""
        ...

    def alone(self, work: str) -> AbstractAsyncContextManager[None]:
        """Hold a lock that only one process has at a time; it is free again when the process dies.

        Raises:
            BlockingIOError: someone else holds it.
        """
        ...


@runtime_checkable
class Shared(Protocol):
    """A database that many processes write at once, so that one of them must put what happened in order."""

    def apart(self, silence: float) -> AbstractAsyncContextManager[Connection]:
        """Open a connection of its own for single statements; the server ends it after `silence` seconds without."""
        ...
