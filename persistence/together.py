"""Several reads as one statement: each part's rows come back apart, all of one moment, in one round trip.

Each part is a common table expression with columns c0, c1, …, so later parts may refer to earlier ones. PostgreSQL
gives one row with an array a column; SQLite, which knows no arrays, gives all rows below each other, each with its
part's number first.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from persistence.columns import argument
from persistence.drivers import Connection, DialectName, Row
from persistence.statements import Statement

Given = Mapping[Any, Any]
Take = Callable[[Given], Any]
"""From what one run is given to one argument."""
PLACE: Final = re.compile(r"\$(\d+)")


class Together(NamedTuple):
    """The statement, ready to run."""

    sql: str
    takes: Sequence[Take]
    parts: Sequence["Part"]
    dialect: DialectName

    async def rows(self, connection: Connection, given: Given, *, beside: bool = False) -> list[list[Row]]:
        """Return the rows of each part; `beside`: they needn't see what was put off."""
        read = connection.beside if beside else connection.fetch
        fetched = await read(self.sql, [take(given) for take in self.takes])
        return self._from_arrays(fetched[0]) if self.dialect == "postgresql" else self._from_below(fetched)

    def _from_arrays(self, row: Row) -> list[list[Row]]:
        found: list[list[Row]] = []
        start = 0
        for part in self.parts:
            columns = row[start : start + part.width]
            start += part.width
            if columns[0] is None:
                found.append([])
            else:
                found.append([columns] if part.single else list(zip(*columns, strict=True)))
        return found

    def _from_below(self, rows: Iterable[Row]) -> list[list[Row]]:
        found: list[list[Row]] = [[] for _ in self.parts]
        for row in rows:
            number = row[0]
            found[number].append(row[1 : self.parts[number].width + 1])
        return found


class Part(NamedTuple):
    """One of the reads."""

    sql: str
    width: int
    single: bool
    """It gives one row at most, and the first column of that isn't null."""


class Script:
    """A statement being written, its arguments in the order of their places."""

    def __init__(self, dialect: DialectName) -> None:
        self.dialect: DialectName = dialect
        self._takes: list[Take] = []
        self._parts: list[Part] = []

    @property
    def parts(self) -> int:
        """Return how many parts there are so far."""
        return len(self._parts)

    def value(self, take: Take) -> str:
        """Return the place of an argument."""
        self._takes.append(take)
        return f"${len(self._takes)}" if self.dialect == "postgresql" else "?"

    def part(self, sql: str, width: int, *, single: bool = False) -> str:
        """Add a part of so many columns; return the name that later parts know it by."""
        self._parts.append(Part(sql, width, single))
        return f"p{len(self._parts) - 1}"

    def statement(self, statement: Statement) -> str:
        """Add a Core statement as a part; its arguments are given by their names."""
        compiled = statement.on(self.dialect)
        takes = [_named(name, compiled.given[name]) for name in compiled.order]
        if self.dialect == "postgresql":
            places = [self.value(take) for take in takes]
            sql = PLACE.sub(lambda found: places[int(found[1]) - 1], compiled.sql)
        else:
            self._takes += takes
            sql = compiled.sql
        return self.part(sql, len(compiled.names), single=statement.single)

    def ready(self) -> Together:
        """Return the statement."""
        parts = [
            f"p{number}({', '.join(_columns(part.width))}) as ({part.sql})" for number, part in enumerate(self._parts)
        ]
        last = self._arrays() if self.dialect == "postgresql" else self._below()
        return Together(f"with {', '.join(parts)} {last}", tuple(self._takes), tuple(self._parts), self.dialect)

    def _arrays(self) -> str:
        """Return one row: the columns of single rows as they are, of others an array each."""
        joins = []
        for number, part in enumerate(self._parts):
            columns = ", ".join(f"array_agg({column})" for column in _columns(part.width))
            joins.append(f"p{number}" if part.single else f"(select {columns} from p{number}) x{number}")
        names = (f"p{n}.*" if part.single else f"x{n}.*" for n, part in enumerate(self._parts))
        return f"select {', '.join(names)} from (select) _ left join {' on true left join '.join(joins)} on true"

    def _below(self) -> str:
        widest = max(part.width for part in self._parts)
        each = []
        for number, part in enumerate(self._parts):
            columns = _columns(part.width) + ["null"] * (widest - part.width)
            each.append(f"select {number}, {', '.join(columns)} from p{number}")
        return " union all ".join(each)


def _columns(width: int) -> list[str]:
    return [f"c{number}" for number in range(width)]


def _named(name: str, default: Any) -> Take:
    return lambda given: argument(given.get(name, default))


_READY: Final[dict[tuple[DialectName, tuple[Statement, ...]], Together]] = {}


def together(dialect: DialectName, *statements: Statement) -> Together:
    """Return Core statements as one; always the same statements, so that it is written once."""
    key = (dialect, statements)
    if key not in _READY:
        script = Script(dialect)
        for statement in statements:
            script.statement(statement)
        _READY[key] = script.ready()
    return _READY[key]
