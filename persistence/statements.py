"""SQLAlchemy Core statements, compiled once a dialect and run on the driver itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql as on_postgresql
from sqlalchemy.dialects import sqlite as on_sqlite
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from persistence.columns import Instant, argument, from_micros
from persistence.drivers import DialectName, Row

DIALECTS: Final[Mapping[DialectName, Dialect]] = {
    "sqlite": sqlite(paramstyle="qmark"),
    "postgresql": postgresql(),  # type: ignore[no-untyped-call]
}

Build = Callable[[DialectName], Executable]


class Record:
    """One row of an answer, its columns as attributes; instants are datetimes."""

    __slots__ = ("_names", "_values")

    def __init__(self, names: Mapping[str, int], values: Sequence[Any]) -> None:
        self._names = names
        self._values = values

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[self._names[name]]
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[Any]:
        """Yield the values in the columns' order."""
        return iter(self._values)


class Compiled:
    """A statement as one dialect wants it."""

    def __init__(self, executable: Executable, dialect: Dialect) -> None:
        compiled = executable.compile(dialect=dialect)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        self.sql = str(compiled)
        self.order: Sequence[str] = compiled.positiontup or ()
        """The names of the arguments, in the order of their places."""
        self.given = {name: argument(value) for name, value in compiled.params.items()}
        columns = list(getattr(executable, "exported_columns", ()))
        self.names = {column.key: number for number, column in enumerate(columns)}
        self._instants = [n for n, column in enumerate(columns) if isinstance(column.type, Instant)]

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        """Return the positional arguments.

        Raises:
            KeyError: an argument is given that the statement doesn't know.
        """
        for name in given:
            if name not in self.given:
                raise KeyError(name)
        return [argument(given[name]) if name in given else self.given[name] for name in self.order]

    def records(self, rows: Sequence[Row]) -> list[Record]:
        """Return the rows with names and moments."""
        return [Record(self.names, self._converted(row)) for row in rows]

    def _converted(self, row: Row) -> Sequence[Any]:
        if not self._instants:
            return row
        values = list(row)
        for number in self._instants:
            if values[number] is not None:
                values[number] = from_micros(values[number])
        return values


def insert_new(dialect: DialectName, table: Any) -> Any:
    """Return an insertion into a table that does nothing where such a row is there already."""
    return (on_postgresql if dialect == "postgresql" else on_sqlite).insert(table).on_conflict_do_nothing()


class Statement:
    """A statement that both databases run; a function builds it where the dialects differ.

    `single`: it gives one row at most, whose first column isn't null.
    """

    def __init__(self, executable: Executable | Build, *, single: bool = False) -> None:
        self._executable = executable
        self.single = single
        self._compiled: dict[DialectName, Compiled] = {}

    def on(self, dialect: DialectName) -> Compiled:
        """Return the statement for a dialect, compiled at its first use."""
        found = self._compiled.get(dialect)
        if found is None:
            built = self._executable if isinstance(self._executable, Executable) else self._executable(dialect)
            found = self._compiled[dialect] = Compiled(built, DIALECTS[dialect])
        return found
