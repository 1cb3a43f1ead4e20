"""A plan's tree → few statements a dialect → rows hanging on each other; their number never depends on theirs."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import SQLModel

from persistence.columns import Instant, argument
from persistence.drivers import DialectName, Row
from persistence.sealing import Owner
from persistence.store import Snapshot
from persistence.tree import Arguments, Branch, Filter, Loaded, Op, Page, Root, Shape

MAX_FIRST: Final = 100
Bound = Mapping[int, Arguments]
"""Arguments by a branch's number."""
NONE: Final = Arguments()


async def load(snapshot: Snapshot, roots: Iterable[Root], bound: Bound) -> dict[str, Any]:
    """Return what hangs on each root: a row, a list, a page or None."""
    found: dict[str, Any] = {}
    for root in roots:
        found[root.key] = (await _load_below(snapshot, root.branch, [root.parent], bound))[0]
    return found


async def _load_below(
    snapshot: Snapshot, branch: Branch, parents: Sequence[tuple[Any, ...]], bound: Bound
) -> list[Any]:
    """Return for each parent what hangs on it by this branch."""
    arguments = bound.get(branch.number, NONE)
    rows = await _fetch(snapshot, branch, parents, arguments)
    groups: list[list[Loaded]] = [[] for _ in parents]
    for row in rows:
        groups[row[0]].append(_hung(branch, row))
    await _load_lists(snapshot, branch, [loaded for group in groups for loaded in group], bound)
    return [_shaped(branch, group, arguments) for group in groups]


def _hung(branch: Branch, row: Row) -> Loaded:
    """Return a row with the to-one rows that came with it."""
    loaded = Loaded(branch, row)
    for key, child in branch.children.items():
        if child.shape is Shape.ONE:
            loaded.links[key] = _hung(child, row) if row[child.index[_mark(child)]] is not None else None
    return loaded


async def _load_lists(snapshot: Snapshot, branch: Branch, loaded: Sequence[Loaded], bound: Bound) -> None:
    """Hang the lists below some rows, each branch by one statement for all of them."""
    if not loaded:
        return
    for key, child in branch.children.items():
        if child.shape is Shape.ONE:
            below = [row.links[key] for row in loaded if row.links[key] is not None]
            await _load_lists(snapshot, child, below, bound)
            continue
        parents = [tuple(row.column(column) for column, _ in child.join) for row in loaded]
        for row, found in zip(loaded, await _load_below(snapshot, child, parents, bound), strict=True):
            row.links[key] = found


def _shaped(branch: Branch, rows: list[Loaded], arguments: Arguments) -> Any:
    if branch.shape is Shape.ONE:
        return rows[0] if rows else None
    if branch.shape is Shape.LIST:
        return rows
    first = MAX_FIRST if arguments.first is None else arguments.first
    return Page(branch, rows[:first], len(rows) > first, arguments.after is not None)


def _mark(branch: Branch) -> str:
    """Return a column that is null only where the whole row is missing."""
    return "id" if "id" in branch.columns else branch.columns[0]


@dataclass(slots=True)
class _Text:
    """SQL being written, its arguments in the order of their places."""

    dialect: DialectName
    given: list[Callable[["_Values"], Any]]

    def value(self, take: Callable[["_Values"], Any]) -> str:
        """Return the place of an argument."""
        self.given.append(take)
        return f"${len(self.given)}" if self.dialect == "postgresql" else "?"


@dataclass(frozen=True, slots=True)
class _Values:
    """What one run of a statement is given."""

    parents: Sequence[tuple[Any, ...]]
    arguments: Arguments
    keyed: Mapping[str, Sequence[bytes]]
    """For each keyed filter the value's hash, one a parent."""


@dataclass(frozen=True, slots=True)
class _Ready:
    sql: str
    given: Sequence[Callable[[_Values], Any]]


_READY: WeakKeyDictionary[Branch, dict[tuple[Any, ...], _Ready]] = WeakKeyDictionary()


async def _fetch(
    snapshot: Snapshot, branch: Branch, parents: Sequence[tuple[Any, ...]], arguments: Arguments
) -> Sequence[Row]:
    keyed = {
        f.argument: await _hashes(snapshot, branch, parents, str(arguments.filters[f.argument]))
        for f in branch.filters
        if f.op is Op.KEYED and f.argument in arguments.filters
    }
    ready = _statement(branch, snapshot.dialect, len(parents) == 1, arguments)
    values = _Values(parents, arguments, keyed)
    return await snapshot.connection.fetch(ready.sql, [take(values) for take in ready.given])


async def _hashes(
    snapshot: Snapshot, branch: Branch, parents: Sequence[tuple[Any, ...]], value: str
) -> Sequence[bytes]:
    place = [own for _, own in branch.join].index("patient_id")
    owners = [Owner("patient", parent[place]) for parent in parents]
    return [(await snapshot.keys.newest(owner)).hash(value) for owner in owners]


def _statement(branch: Branch, dialect: DialectName, single: bool, arguments: Arguments) -> _Ready:
    """Return the statement of a branch for this dialect and these arguments' presence."""
    ready = _READY.setdefault(branch, {})
    key = (dialect, single, frozenset(arguments.filters), arguments.after is not None)
    if key not in ready:
        text = _Text(dialect, [])
        ready[key] = _Ready(_written(text, branch, single, arguments), text.given)
    return ready[key]


def _written(text: _Text, branch: Branch, single: bool, arguments: Arguments) -> str:
    if single:
        return _select(text, branch, arguments, _single_parent, "0")
    if text.dialect == "postgresql":
        return _lateral(text, branch, arguments)
    return _windowed(text, branch, arguments)


def _single_parent(text: _Text, place: int) -> str:
    return text.value(lambda values: values.parents[0][place])


def _lateral(text: _Text, branch: Branch, arguments: Arguments) -> str:
    """Return for PostgreSQL: all parents as arrays, the rows of each by an index."""
    keyed = _keyed(branch, arguments)
    names = [f"k{place}" for place in range(len(branch.join))] + [f"h{n}" for n in range(len(keyed))]
    arrays = [text.value(_array(place)) + "::bigint[]" for place in range(len(branch.join))]
    arrays += [text.value(_hash_array(f.argument)) + "::bytea[]" for f in keyed]
    inner = _select(text, branch, arguments, lambda _, place: f"p.k{place}", "(p.n - 1)::int", ranked=True)
    return (
        f"select t.* from unnest({', '.join(arrays)}) with ordinality p({', '.join(names)}, n)"
        f" cross join lateral ({inner}) t order by p.n, t.turn"
    )


def _windowed(text: _Text, branch: Branch, arguments: Arguments) -> str:
    """Return for SQLite: all parents as JSON, the rows of each numbered."""
    source = text.value(_json)
    inner = _select(
        text,
        branch,
        arguments,
        lambda _, place: f"json_extract(p.value, '$[{place}]')",
        "p.key",
        partition="p.key",
        ranked=True,
    )
    limit = text.value(_limit) if branch.shape is Shape.PAGE else None
    return f"select * from ({inner.replace('/*parents*/', f'json_each({source}) p, ', 1)})" + (
        f" where turn <= {limit} order by parent_n, turn" if limit else " order by parent_n, turn"
    )


def _select(
    text: _Text,
    branch: Branch,
    arguments: Arguments,
    parent: Callable[[_Text, int], str],
    number: str,
    partition: str | None = None,
    ranked: bool = False,
) -> str:
    """Return the select of a branch with its to-one rows; `parent` writes the parent's nth value."""
    columns, joins = _columns(branch, "t0", [1], [0])
    order = _order(branch)
    over = f"partition by {partition} {order}" if partition else order
    turn = f"row_number() over ({over})" if ranked else "0"
    where = _where(text, branch, arguments, parent)
    sql = (
        f"select {number} as parent_n, {', '.join(columns)}, {turn} as turn"
        f" from {'/*parents*/' if partition else ''}{_table(branch)} t0{''.join(joins)}"
        f"{' where ' + ' and '.join(where) if where else ''}"
    )
    return sql if partition else sql + _tail(text, branch, order)


def _tail(text: _Text, branch: Branch, order: str) -> str:
    if branch.shape is Shape.ONE:
        return " limit 1"
    return f" {order} limit {text.value(_limit)}" if branch.shape is Shape.PAGE else f" {order}"


def lay_out(branch: Branch) -> None:
    """Say where each column of a branch, and of its to-one rows, stands in the rows of its statement."""
    _columns(branch, "t0", [1], [0])


def _columns(branch: Branch, alias: str, offset: list[int], aliases: list[int]) -> tuple[list[str], list[str]]:
    """Return the columns of a branch and of its to-one rows, and the joins; note where each column stands."""
    columns = []
    for name in branch.columns:
        branch.index[name] = offset[0]
        offset[0] += 1
        columns.append(f"{alias}.{name} as c{offset[0]}")
    joins = []
    for child in branch.children.values():
        if child.shape is not Shape.ONE:
            continue
        aliases[0] += 1
        own = f"t{aliases[0]}"
        on = " and ".join(f"{own}.{mine} = {alias}.{theirs}" for theirs, mine in child.join)
        joins.append(f" left join {_table(child)} {own} on {on}")
        below, more = _columns(child, own, offset, aliases)
        columns += below
        joins += more
    return columns, joins


def _where(text: _Text, branch: Branch, arguments: Arguments, parent: Callable[[_Text, int], str]) -> list[str]:
    where = [f"t0.{own} = {parent(text, place)}" for place, (_, own) in enumerate(branch.join)]
    where += [_fixed(text, column, op, value) for column, op, value in branch.fixed]
    keyed = _keyed(branch, arguments)
    for condition in branch.filters:
        if condition.argument in arguments.filters:
            where.append(_condition(text, branch, condition, keyed, parent is _single_parent))
    if arguments.after is not None:
        where.append(_follows(text, branch))
    return where


def _fixed(text: _Text, column: str, op: Op, value: Any) -> str:
    if op is Op.IS_NULL:
        return f"t0.{column} is null"
    return f"t0.{column} {op.value} {text.value(lambda _: argument(value))}"


def _condition(text: _Text, branch: Branch, condition: Filter, keyed: Sequence[Filter], single: bool) -> str:
    column = f"t0.{condition.column}"
    if condition.op is Op.KEYED:
        if single:
            return f"{column} = {text.value(lambda values: values.keyed[condition.argument][0])}"
        if text.dialect == "postgresql":
            return f"{column} = p.h{keyed.index(condition)}"
        place = len(branch.join) + keyed.index(condition)
        return f"hex({column}) = json_extract(p.value, '$[{place}]')"
    if condition.op is Op.IN:
        taken = text.value(_list_argument(condition, text.dialect))
        return (
            f"{column} = any({taken})"
            if text.dialect == "postgresql"
            else f"{column} in (select value from json_each({taken}))"
        )
    value = text.value(lambda values: argument(values.arguments.filters[condition.argument]))
    return f"{column} {condition.op.value} {value}"


def _list_argument(condition: Filter, dialect: DialectName) -> Callable[[_Values], Any]:
    def take(values: _Values) -> Any:
        items = [argument(item) for item in values.arguments.filters[condition.argument]]
        return items if dialect == "postgresql" else json.dumps(items)

    return take


def _follows(text: _Text, branch: Branch) -> str:
    """Return the condition that a row lies behind the cursor; the order has one direction."""
    columns = ", ".join(f"t0.{column}" for column, _ in branch.order)
    places = ", ".join(text.value(_after(number)) for number in range(len(branch.order)))
    return f"({columns}) {'<' if branch.order[0][1] else '>'} ({places})"


def _order(branch: Branch) -> str:
    terms = ", ".join(f"t0.{column}{' desc' if descending else ''}" for column, descending in branch.order)
    return f"order by {terms}" if terms else ""


def _keyed(branch: Branch, arguments: Arguments) -> list[Filter]:
    return [f for f in branch.filters if f.op is Op.KEYED and f.argument in arguments.filters]


def _table(branch: Branch) -> str:
    return str(branch.table.__tablename__)


def _limit(values: _Values) -> int:
    first = values.arguments.first
    return (MAX_FIRST if first is None else first) + 1


def _after(number: int) -> Callable[[_Values], Any]:
    def take(values: _Values) -> Any:
        assert values.arguments.after is not None
        return values.arguments.after[number]

    return take


def _array(place: int) -> Callable[[_Values], Any]:
    return lambda values: [parent[place] for parent in values.parents]


def _hash_array(name: str) -> Callable[[_Values], Any]:
    return lambda values: list(values.keyed[name])


def _json(values: _Values) -> str:
    hashes = [[h.hex().upper() for h in column] for column in values.keyed.values()]
    return json.dumps([[*parent, *(column[n] for column in hashes)] for n, parent in enumerate(values.parents)])


def column_kind(table: type[SQLModel], name: str) -> str:
    """Return what a stored column holds: `instant`, `bytes`, `integer` or `other`."""
    kind = table.__table__.c[name].type  # type: ignore[attr-defined]
    if isinstance(kind, Instant):
        return "instant"
    if isinstance(kind, LargeBinary):
        return "bytes"
    return "integer" if isinstance(kind, BigInteger) else "other"
