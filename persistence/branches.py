"""A branch of a plan's tree → one part of a statement; a list's rows are found by the rows above it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from persistence.columns import argument
from persistence.drivers import DialectName
from persistence.together import Given, Script, Take
from persistence.tree import Arguments, Branch, Filter, Op, Shape

MAX_FIRST: Final = 1000
"""Items of a page; the price of an operation bounds what hangs on them."""
Bound = Mapping[int, Arguments]
"""Arguments by a branch's number."""
NONE: Final = Arguments()
BOUND: Final = "~bound"
"""Under what a run is given its arguments; no statement's argument can be called so."""
HASHES: Final = "~hashes"
"""Under what it is given the hashes of keyed filters, by (branch number, argument)."""


@dataclass(frozen=True, slots=True)
class Above:
    """Where the rows above stand, and how their values are written."""

    place: Callable[[int], str]
    """Writes the value that the nth column of the join is compared with."""
    source: str | None = None
    """The part's name; None: the values are arguments."""
    number: str = "0"
    """Writes the number of the row above."""
    many: bool = False
    hashed: Callable[[Filter], str] | None = None
    """Writes the hash that a keyed filter compares with; None: it is an argument."""


@dataclass(frozen=True, slots=True)
class Written:
    """Where a branch's rows, and their numbers, stand in the answer of a statement."""

    branch: Branch
    part: int
    number: int | None
    """Where a row's own number stands; None: there is nothing below."""
    turn: int | None
    """Where a row's turn among its neighbours stands; None: they come in order."""
    below: tuple["Below", ...]
    patients: tuple[int, ...]
    """Where it stands whose rows they are, the to-one rows' too."""


class Below(NamedTuple):
    """A list below a row or its to-one rows."""

    path: tuple[str, ...]
    """Keys of the to-one rows that lead to the one that it hangs on."""
    key: str
    owner: Branch
    branch: Branch


def write(script: Script, branch: Branch, above: Above, bound: Bound, left_out: frozenset[Branch]) -> list[Written]:
    """Add a branch and all below it that isn't left out.

    The columns of a part: the number of the row above, the branch's and its to-one rows', then the row's own number if
    there are lists below, then its turn where the database doesn't keep an order.
    """
    arguments = bound.get(branch.number, NONE)
    below = [item for item in lists(branch) if item.branch not in left_out]
    number = lay_out(branch)
    turns = _takes_turns(script, branch, above)
    sql = _part(script, branch, above, arguments, turns=turns)
    sql = _numbered(sql, number, turns=turns) if below else sql
    single = branch.shape is Shape.ONE and not above.many
    name = script.part(sql, number + bool(below) + turns, single=single)
    turn = number + bool(below) if turns else None
    place = script.parts - 1
    written = [Written(branch, place, number if below else None, turn, tuple(lists(branch)), _patients(branch))]
    for item in below:
        inner = Above(
            _joined(item.owner, item.branch), name, f"p.c{number}", above.many or branch.shape is not Shape.ONE
        )
        written += write(script, item.branch, inner, bound, left_out)
    return written


def lists(branch: Branch, path: tuple[str, ...] = ()) -> list[Below]:
    """Return the lists right below a branch or its to-one rows."""
    found = []
    for key, child in branch.children.items():
        found += lists(child, (*path, key)) if child.shape is Shape.ONE else [Below(path, key, branch, child)]
    return found


def _patients(branch: Branch) -> tuple[int, ...]:
    joined = [place for child in branch.children.values() if child.shape is Shape.ONE for place in _patients(child)]
    return (branch.index["patient_id"], *joined) if "patient_id" in branch.index else tuple(joined)


def lay_out(branch: Branch) -> int:
    """Say where each column of a branch, and of its to-one rows, stands; return what comes behind them."""
    offset = [1]
    _columns(branch, "t0", offset, [0])
    return offset[0]


def _takes_turns(script: Script, branch: Branch, above: Above) -> bool:
    """Return whether order must be told: SQLite may forget that of a list without a limit, and has no lateral joins."""
    many = branch.shape is not Shape.ONE
    return script.dialect == "sqlite" and many and (above.many or branch.shape is Shape.LIST)


def _joined(owner: Branch, child: Branch) -> Callable[[int], str]:
    return lambda place: f"p.c{owner.index[child.join[place][0]]}"


def _part(script: Script, branch: Branch, above: Above, arguments: Arguments, *, turns: bool) -> str:
    columns, joins = _columns(branch, "t0", [1], [0])
    where = " and ".join(_where(script, branch, arguments, above)) or "true"
    order = _order(branch)
    body = f"from {{source}}{_table(branch)} t0{''.join(joins)} where {where}"
    if turns:
        partition = f"partition by {above.number} " if above.many else ""
        columns.append(f"row_number() over ({partition}{order})")
        sql = f"select {above.number}, {', '.join(columns)} {body.format(source=_source(above))}"
        return _limited(script, branch, sql, len(columns)) if branch.shape is Shape.PAGE else sql
    tail = _tail(script, branch, order)
    if not above.many:
        return f"select {above.number}, {', '.join(columns)} {body.format(source=_source(above))}{tail}"
    inner = f"select {', '.join(columns)} {body.format(source='')}{tail}"
    return f"select {above.number}, t.* from {above.source} p cross join lateral ({inner}) t"


def _source(above: Above) -> str:
    return f"{above.source} p cross join " if above.source else ""


def _limited(script: Script, branch: Branch, sql: str, width: int) -> str:
    """Return a window's rows up to the limit (SQLite)."""
    names = ", ".join(f"c{number}" for number in range(width))
    return f"with w({names}, turn) as ({sql}) select * from w where turn <= {script.value(_limit(branch))}"


def _numbered(sql: str, width: int, *, turns: bool) -> str:
    """Return rows with a number of their own, before their turn."""
    names = [f"c{number}" for number in range(width)]
    turn = ["turn"] if turns else []
    head = ", ".join([*names, "row_number() over ()", *turn])
    return f"with q({', '.join([*names, *turn])}) as ({sql}) select {head} from q"


def _tail(script: Script, branch: Branch, order: str) -> str:
    if branch.shape is Shape.ONE:
        return " limit 1"
    return f" {order} limit {script.value(_limit(branch))}" if branch.shape is Shape.PAGE else f" {order}"


def _columns(branch: Branch, alias: str, offset: list[int], aliases: list[int]) -> tuple[list[str], list[str]]:
    """Return the columns of a branch and of its to-one rows, and the joins; note where each column stands."""
    columns = []
    for name in branch.columns:
        branch.index[name] = offset[0]
        offset[0] += 1
        columns.append(f"{alias}.{name}")
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


def _where(script: Script, branch: Branch, arguments: Arguments, above: Above) -> list[str]:
    where = [f"t0.{own} = {above.place(place)}" for place, (_, own) in enumerate(branch.join)]
    where += [_fixed(script, column, op, value) for column, op, value in branch.fixed]
    for condition in branch.filters:
        if condition.argument in arguments.filters:
            where.append(_condition(script, branch, condition, above, alone=condition.argument in lone(arguments)))
    if arguments.after is not None:
        where.append(_follows(script, branch))
    return where


def _fixed(script: Script, column: str, op: Op, value: Any) -> str:
    if op is Op.IS_NULL:
        return f"t0.{column} is null"
    return f"t0.{column} {op.value} {script.value(lambda _: argument(value))}"


def _condition(script: Script, branch: Branch, condition: Filter, above: Above, *, alone: bool) -> str:
    column = f"t0.{condition.column}"
    if condition.op is Op.KEYED:
        if above.hashed:
            return f"{column if script.dialect == 'postgresql' else f'hex({column})'} = {above.hashed(condition)}"
        return f"{column} = {script.value(lambda given: given[HASHES][branch.number, condition.argument])}"
    if alone and condition.op is Op.IN:
        return f"{column} = {script.value(_only(branch, condition))}"
    value = script.value(_filter_value(branch, condition, script.dialect))
    if condition.op is not Op.IN:
        return f"{column} {condition.op.value} {value}"
    if script.dialect == "postgresql":
        return f"{column} = any({value})"
    return f"{column} in (select value from json_each({value}))"


def lone(arguments: Arguments) -> list[str]:
    """Return the filters by a list of one item: written as `=`, since an index keeps its order behind one value."""
    return [name for name, value in arguments.filters.items() if isinstance(value, list) and len(value) == 1]


def _only(branch: Branch, condition: Filter) -> Take:
    return lambda given: argument(given[BOUND][branch.number].filters[condition.argument][0])


def _filter_value(branch: Branch, condition: Filter, dialect: DialectName) -> Take:
    def take(given: Given) -> Any:
        value = given[BOUND][branch.number].filters[condition.argument]
        if condition.op is not Op.IN:
            return argument(value)
        items = [argument(item) for item in value]
        return items if dialect == "postgresql" else json.dumps(items)

    return take


def _follows(script: Script, branch: Branch) -> str:
    """Return the condition that a row lies behind the cursor; the order has one direction."""
    columns = ", ".join(f"t0.{column}" for column, _ in branch.order)
    places = ", ".join(script.value(_after(branch, number)) for number in range(len(branch.order)))
    return f"({columns}) {'<' if branch.order[0][1] else '>'} ({places})"


def _after(branch: Branch, number: int) -> Take:
    return lambda given: given[BOUND][branch.number].after[number]


def _limit(branch: Branch) -> Take:
    def take(given: Given) -> int:
        first = given[BOUND].get(branch.number, NONE).first
        return (MAX_FIRST if first is None else first) + 1

    return take


def _order(branch: Branch) -> str:
    terms = ", ".join(f"t0.{column}{' desc' if descending else ''}" for column, descending in branch.order)
    return f"order by {terms}" if terms else ""


def _table(branch: Branch) -> str:
    return str(branch.table.__tablename__)


def keyed(branch: Branch, bound: Bound) -> Sequence[Filter]:
    """Return a branch's filters by a keyed hash that were given."""
    given = bound.get(branch.number, NONE).filters
    return [f for f in branch.filters if f.op is Op.KEYED and f.argument in given]
