"""A plan's tree → one statement → rows hanging on each other; nothing of it depends on how many they are.

With the tree come the session, the roles and the log's position, so that a person's own record costs one round trip.
Only a keyed filter below a list needs a second statement: whose key hashes its value is known once the list is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import SQLModel

from domain.accounts import Viewer
from persistence import branches, events, sessions
from persistence.branches import BOUND, HASHES, MAX_FIRST, NONE, Above, Below, Bound, Written
from persistence.columns import Instant
from persistence.drivers import DialectName, Row
from persistence.sealing import Owner
from persistence.statements import Statement
from persistence.store import Snapshot
from persistence.together import Given, Script, Together
from persistence.tree import Arguments, Branch, Filter, Loaded, Op, Page, Root, Shape

SESSION: Final = "p0"
PARENTS: Final = "~parents"
NOBODY: Final = -1


@dataclass(slots=True)
class Found:
    """What one moment of the database showed."""

    viewer: Viewer | None
    as_of: str
    values: dict[str, Any]
    patients: set[int] = field(default_factory=set)
    """Whose rows there are."""
    waiting: list[tuple[Below, list[Loaded]]] = field(default_factory=list)
    """Branches that wait for a second statement, and the rows that they hang on."""


@dataclass(frozen=True, slots=True)
class _Opening:
    """The statement of some roots."""

    together: Together
    statements: Sequence[Statement]
    written: Mapping[Branch, Written]
    left_out: frozenset[Branch]


_OPENINGS: WeakKeyDictionary[Branch, dict[Any, _Opening]] = WeakKeyDictionary()
_ROOTLESS: Final = Branch(SQLModel)


async def load(
    snapshot: Snapshot, token_hash: bytes | None, roots: Sequence[Root], bound: Bound, patient_id: int | None = None
) -> Found:
    """Return who a token stands for, the log's position, and what hangs on each root: a row, a list, a page or None.

    `patient_id` is whose record the session is expected to open: only what is looked up under that person's key rests
    on it, and the caller compares it with the viewer that is found.
    """
    hashes = await _hashes(snapshot, roots, bound, patient_id)
    opening = _opening(snapshot.dialect, token_hash is not None, roots, bound, hashes)
    given: dict[Any, Any] = {BOUND: bound, HASHES: hashes, "token_hash": token_hash, "at": snapshot.now}
    given["idle_since"] = snapshot.now - sessions.IDLE
    for root in roots:
        given[root.branch] = root.parent
    rows = await opening.together.rows(snapshot.connection, given)
    records = [
        statement.on(snapshot.dialect).records(part) for statement, part in zip(opening.statements, rows, strict=False)
    ]
    *session, position, unnumbered = records
    found = Found(sessions.viewer_of(*session) if session else None, events.cursor_of(position, unnumbered).text(), {})
    hanging = _Hanging(opening, rows, bound, found)
    for root in roots:
        found.values[root.key] = hanging.root(root.branch)
    return found


async def load_waiting(snapshot: Snapshot, found: Found, bound: Bound) -> None:
    """Hang what waited for its rows: each branch by one statement for all of them."""
    while found.waiting:
        below, rows = found.waiting.pop()
        await _load_below(snapshot, found, below, rows, bound)


async def _load_below(snapshot: Snapshot, found: Found, below: Below, rows: list[Loaded], bound: Bound) -> None:
    branch = below.branch
    keyed = branches.keyed(branch, bound)
    parents = [tuple(row.column(column) for column, _ in branch.join) for row in rows]
    hashes = [await _parent_hashes(snapshot, branch, parent, keyed, bound) for parent in parents]
    opening = _opening_below(snapshot.dialect, branch, bound, keyed)
    given = {BOUND: bound, PARENTS: (parents, hashes), HASHES: {}}
    fetched = await opening.together.rows(snapshot.connection, given)
    groups = _Hanging(opening, fetched, bound, found).groups(branch)
    for number, row in enumerate(rows):
        row.links[below.key] = shaped(branch, groups.get(number, []), bound.get(branch.number, NONE))


async def _parent_hashes(
    snapshot: Snapshot, branch: Branch, parent: tuple[Any, ...], keyed: Sequence[Filter], bound: Bound
) -> list[bytes]:
    place = [own for _, own in branch.join].index("patient_id")
    key = await snapshot.keys.newest(Owner("patient", parent[place]))
    return [key.hash(str(bound[branch.number].filters[f.argument])) for f in keyed]


async def _hashes(
    snapshot: Snapshot, roots: Sequence[Root], bound: Bound, patient_id: int | None
) -> dict[tuple[int, str], bytes]:
    """Return the hashes of keyed filters right below roots whose patient is known."""
    found: dict[tuple[int, str], bytes] = {}
    for root in roots:
        patient = root.patient_id or patient_id
        if patient is None:
            continue
        for branch in (b for b, direct in _looked_up(root) if direct):
            for condition in branches.keyed(branch, bound):
                key = await snapshot.keys.existing(Owner("patient", patient))
                value = str(bound[branch.number].filters[condition.argument])
                found[branch.number, condition.argument] = key.hash(value) if key else b""
    return found


def needs_patient(roots: Sequence[Root], bound: Bound) -> bool:
    """Return whether something is looked up under the key of the viewer, who isn't known yet."""
    return any(branches.keyed(b, bound) for root in roots if root.own for b, direct in _looked_up(root) if direct)


def needs_more(roots: Sequence[Root], bound: Bound) -> bool:
    """Return whether some branch will wait for the rows that it hangs on."""
    return any(branches.keyed(branch, bound) for root in roots for branch, direct in _looked_up(root) if not direct)


_LOOKED_UP: Final[WeakKeyDictionary[Branch, list[tuple[Branch, bool]]]] = WeakKeyDictionary()


def _looked_up(root: Root) -> list[tuple[Branch, bool]]:
    """Return the branches with a filter by a keyed hash, each with whether it hangs on a root of one row."""
    found = _LOOKED_UP.get(root.branch)
    if found is None:
        direct = {below.branch for below in branches.lists(root.branch)} if root.branch.shape is Shape.ONE else ()
        every = [b for b in root.branch.walk() if any(f.op is Op.KEYED for f in b.filters)]
        found = _LOOKED_UP[root.branch] = [(b, b in direct) for b in every]
    return found


def _opening(
    dialect: DialectName,
    signed_in: bool,
    roots: Sequence[Root],
    bound: Bound,
    hashes: Mapping[tuple[int, str], bytes],
) -> _Opening:
    """Return the statement for these roots and these arguments' presence."""
    ready = _OPENINGS.setdefault(roots[0].branch if roots else _ROOTLESS, {})
    key = (dialect, signed_in, tuple(id(root.branch) for root in roots), _presence(bound), frozenset(hashes))
    if key not in ready:
        ready[key] = _written(dialect, signed_in, roots, bound, hashes)
    return ready[key]


def _presence(bound: Bound) -> tuple[Any, ...]:
    """Return which arguments are there: all that a statement's text depends on."""
    return tuple(
        (number, *given.filters, given.after is not None, *branches.lone(given)) for number, given in bound.items()
    )


def _written(
    dialect: DialectName,
    signed_in: bool,
    roots: Sequence[Root],
    bound: Bound,
    hashes: Mapping[tuple[int, str], bytes],
) -> _Opening:
    script = Script(dialect)
    statements = [*(sessions.OPENING if signed_in else ()), *events.AS_OF]
    for statement in statements:
        script.statement(statement)
    left_out = _left_out(roots, bound, hashes)
    written: list[Written] = []
    for root in roots:
        above = _above_own(root, dialect) if root.own else _above_given(script, root)
        written += branches.write(script, root.branch, above, bound, left_out)
    return _Opening(script.ready(), statements, {item.branch: item for item in written}, left_out)


def _left_out(roots: Sequence[Root], bound: Bound, hashes: Mapping[tuple[int, str], bytes]) -> frozenset[Branch]:
    return frozenset(
        branch
        for root in roots
        for branch in root.branch.walk()
        for condition in branches.keyed(branch, bound)
        if (branch.number, condition.argument) not in hashes
    )


def _above_own(root: Root, dialect: DialectName) -> Above:
    names = sessions.LIVE.on(dialect).names
    return Above(lambda place: f"p.c{names[root.own[place]]}", SESSION)


def _above_given(script: Script, root: Root) -> Above:
    def place(number: int) -> str:
        return script.value(lambda given: given[root.branch][number])

    return Above(place)


def _opening_below(dialect: DialectName, branch: Branch, bound: Bound, keyed: Sequence[Filter]) -> _Opening:
    """Return the statement of a branch below many rows that are known."""
    ready = _OPENINGS.setdefault(branch, {})
    key = ("below", dialect, _presence(bound))
    if key not in ready:
        script = Script(dialect)
        width = len(branch.join)
        source = script.part(_given_rows(script, width, len(keyed)), width + len(keyed) + 1)
        above = Above(
            lambda place: f"p.c{place}",
            source,
            f"p.c{width + len(keyed)}",
            many=True,
            hashed=lambda condition: f"p.c{width + keyed.index(condition)}",
        )
        left_out = _left_out([Root("", child) for child in branch.children.values()], bound, {})
        written = branches.write(script, branch, above, bound, left_out)
        ready[key] = _Opening(script.ready(), (), {item.branch: item for item in written}, left_out)
    return ready[key]


def _given_rows(script: Script, width: int, hashes: int) -> str:
    """Return the part of the rows above: their join's values, their hashes, their number."""
    if script.dialect == "postgresql":
        arrays = [script.value(_array(place)) + "::bigint[]" for place in range(width)]
        arrays += [script.value(_hash_array(place)) + "::bytea[]" for place in range(hashes)]
        names = [f"k{place}" for place in range(len(arrays))]
        return (
            f"select {', '.join(names)}, (n - 1)::int from unnest({', '.join(arrays)})"
            f" with ordinality p({', '.join(names)}, n)"
        )
    places = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(width + hashes))
    return f"select {places}, key from json_each({script.value(_json)})"


def _array(place: int) -> Any:
    return lambda given: [parent[place] for parent in given[PARENTS][0]]


def _hash_array(place: int) -> Any:
    return lambda given: [hashes[place] for hashes in given[PARENTS][1]]


def _json(given: Given) -> str:
    parents, hashes = given[PARENTS]
    return json.dumps([[*parent, *(h.hex().upper() for h in row)] for parent, row in zip(parents, hashes, strict=True)])


class _Hanging:
    """Hangs the rows of one statement on each other."""

    def __init__(self, opening: _Opening, rows: list[list[Row]], bound: Bound, found: Found) -> None:
        self._opening = opening
        self._rows = rows
        self._bound = bound
        self._found = found

    def root(self, branch: Branch) -> Any:
        """Return what hangs on a root."""
        return shaped(branch, self.groups(branch).get(0, []), self._bound.get(branch.number, NONE))

    def groups(self, branch: Branch) -> dict[int, list[Loaded]]:
        """Return a branch's rows by the number of the row above, with all that hangs on them."""
        written = self._opening.written[branch]
        rows = self._rows[written.part]
        if written.turn is not None:
            rows = sorted(rows, key=itemgetter(0, written.turn))
        for place in written.patients:
            self._found.patients.update([row[place] for row in rows])
        groups = _by_parent(branch, rows)
        if rows and written.below:
            self._hang_lists(written, [item for group in groups.values() for item in group])
        return groups

    def _hang_lists(self, written: Written, rows: list[Loaded]) -> None:
        for below in written.below:
            owners = [(row, owner) for row in rows if (owner := _followed(row, below.path)) is not None]
            if below.branch in self._opening.left_out:
                if owners:
                    self._found.waiting.append((below, [owner for _, owner in owners]))
                continue
            assert written.number is not None
            groups = self.groups(below.branch)
            arguments = self._bound.get(below.branch.number, NONE)
            for row, owner in owners:
                owner.links[below.key] = shaped(below.branch, groups.get(row.row[written.number], []), arguments)


def _by_parent(branch: Branch, rows: Sequence[Row]) -> dict[int, list[Loaded]]:
    """Return rows by the number of the row above."""
    if not branch.children and len({row[0] for row in rows}) == 1:
        return {rows[0][0]: [Loaded(branch, row) for row in rows]}
    groups: dict[int, list[Loaded]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append(_hung(branch, row))
    return groups


def _hung(branch: Branch, row: Row) -> Loaded:
    """Return a row with the to-one rows that came with it."""
    loaded = Loaded(branch, row)
    if branch.children:
        for key, child in branch.children.items():
            if child.shape is Shape.ONE:
                loaded.links[key] = _hung(child, row) if row[child.index[_mark(child)]] is not None else None
    return loaded


def _mark(branch: Branch) -> str:
    """Return a column that is null only where the whole row is missing."""
    return "id" if "id" in branch.columns else branch.columns[0]


def _followed(row: Loaded, path: Sequence[str]) -> Loaded | None:
    found: Loaded | None = row
    for key in path:
        if found is not None:
            found = found.links[key]
    return found


def shaped(branch: Branch, rows: list[Loaded], arguments: Arguments) -> Any:
    """Return what hangs on a row: a row or None, a list, a page."""
    if branch.shape is Shape.ONE:
        return rows[0] if rows else None
    if branch.shape is Shape.LIST:
        return rows
    first = MAX_FIRST if arguments.first is None else arguments.first
    return Page(branch, rows[:first], len(rows) > first, arguments.after is not None)


def column_kind(table: type[SQLModel], name: str) -> str:
    """Return what a stored column holds: `instant`, `bytes`, `integer` or `other`."""
    kind = table.__table__.c[name].type  # type: ignore[attr-defined]
    if isinstance(kind, Instant):
        return "instant"
    if isinstance(kind, LargeBinary):
        return "bytes"
    return "integer" if isinstance(kind, BigInteger) else "other"
