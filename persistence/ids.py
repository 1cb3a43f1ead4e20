"""Ids of rows: 63-bit, taken from the database in blocks, since sealing needs the id before the insert."""

from typing import Final

from sqlalchemy import BigInteger, Column, MetaData, String, Table, bindparam, update
from sqlmodel import SQLModel

from persistence.drivers import Connection, DialectName
from persistence.statements import Statement

IDS_AHEAD: Final = 200
"""What an ordinary transaction may take."""
BLOCK: Final = 100_000
LOW_WATER: Final = 20_000
"""Many transactions take from one stock at once, each up to what it announced."""

metadata: MetaData = SQLModel.metadata
COUNTERS = Table(
    "counter",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Numbers that only grow: `ids` (the last id given out), `positions` (the last event numbered),
`forgotten` (the last one deleted)."""

ADVANCE = Statement(
    update(COUNTERS)
    .where(COUNTERS.c.name == bindparam("counter"))
    .values(value=COUNTERS.c.value + bindparam("step", type_=BigInteger))
    .returning(COUNTERS.c.value)
)


class Ids:
    """A process's stock of ids; what a crash leaves unused is lost, which harms nothing."""

    def __init__(self) -> None:
        self._next = self._end = 0

    @property
    def left(self) -> int:
        """How many can be taken before the next refill."""
        return self._end - self._next

    def take(self) -> int:
        """Return the next id."""
        if self._next >= self._end:
            raise RuntimeError("a transaction took more ids than it announced")
        self._next += 1
        return self._next - 1

    async def reserve(self, connection: Connection, dialect: DialectName, wanted: int) -> tuple[int, int]:
        """Take a block of at least `wanted` from the database; it may be used once that is committed."""
        size = BLOCK + wanted
        compiled = ADVANCE.on(dialect)
        rows = await connection.fetch(compiled.sql, compiled.arguments({"counter": "ids", "step": size}))
        end = rows[0][0] + 1
        return end - size, end

    def use(self, block: tuple[int, int]) -> None:
        """Give out ids of a block whose reservation is on disk."""
        self._next, self._end = block
