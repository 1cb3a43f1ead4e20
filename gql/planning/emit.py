"""The generated emitter: one Python function a plan, with its selection, aliases and fragments baked in.

It covers what is allowed and well; whatever was refused, and whatever only Python can answer, is walked by graphql-core
over the same rows. `docs/decisions/0001` says why; a property test proves that both give the same answer.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_type_hints

from graphql import (
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLString,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from gql.planning.cursors import cursor_of
from gql.planning.declared import BACKREF
from gql.planning.plan import PAIRED, Out, Plan
from gql.planning.sources import Attribute, Column, Computed, Identity, Link, Same
from persistence.branches import lay_out
from persistence.columns import EPOCH, Sealed
from persistence.reads import column_kind
from persistence.tree import Branch, Shape

Emit = Callable[[Mapping[str, Any], str], dict[str, Any]]
"""(what hangs on each root, asOf) → the answer's `data`."""
Tell = Callable[[Any], dict[str, Any]]
"""An event's payload → the response's `data`."""
HAPPENING: Final = {
    "kind": "h.kind.name",
    "subjectId": "h.subject_id",
    "cursor": "h.cursor",
    "at": "h.at.isoformat()",
}
"""How what every event has is written."""
TEXTS: Final = {"Date": "{}.isoformat()", "DateTime": "{}.isoformat()", "Decimal": "str({})"}
"""How values that JSON doesn't have are written; other scalars and enums are written as they are."""
EXACT: Final = 4 * 10**15
"""Microseconds, up to the year 2096, that a float tells apart."""
PAGE_INFO: Final = {
    "hasNextPage": "p.has_next",
    "hasPreviousPage": "p.has_previous",
    "startCursor": "cursor_of(p.items[0]) if p.items else None",
    "endCursor": "cursor_of(p.items[-1]) if p.items else None",
}


class NotCovered(Exception):
    """The emitter leaves this plan to graphql-core."""


class UnexpectedNull(Exception):
    """A value that may not be null is: graphql-core says what follows."""


def emitter(plan: Plan) -> Emit:
    """Return the emitter of a plan.

    Raises:
        NotCovered: something in it only Python can answer.
    """
    for root in plan.roots:
        for branch in root.branches.values():
            _laid_out(branch)
    return _Writer().written(plan)


def teller(plan: Plan, typename: str) -> Tell:
    """Return the emitter of a subscription's events of one type.

    Raises:
        NotCovered: something in it only Python can answer.
    """
    assert plan.watched is not None
    for _, branch in (planned for payload in plan.payloads.values() for planned in payload.values()):
        _laid_out(branch)
    _, node = plan.watched
    return _Writer().told(node.alias.value if node.alias else node.name.value, plan.tellings[typename])


def _laid_out(branch: Branch) -> None:
    lay_out(branch)
    for below in branch.walk():
        if below.shape is not Shape.ONE:
            lay_out(below)


def instant(micros: int) -> str:
    """Return a stored moment as ISO 8601."""
    if 0 <= micros < EXACT:  # half the cost; a list of results has hundreds
        return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat()
    return (EPOCH + timedelta(microseconds=micros)).isoformat()


def identity(plain: str) -> str:
    """Return a global id of its plain text."""
    return urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def required(value: Any) -> Any:
    """Return a value that must be there.

    Raises:
        UnexpectedNull: it isn't.
    """
    if value is None:
        raise UnexpectedNull
    return value


class _Writer:
    """Writes the module of one plan."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names = 0
        self._given: dict[str, Any] = {
            "cursor_of": cursor_of,
            "identity": identity,
            "instant": instant,
            "required": required,
        }

    def written(self, plan: Plan) -> Emit:
        """Return the plan's function."""
        pairs = [f"{out.key!r}: {self._root(out)}" for out in plan.outs]
        self._lines += ["def emit(values, as_of):", f" return {{{', '.join(pairs)}}}"]
        exec(compile("\n".join(self._lines), "<plan>", "exec"), self._given)  # noqa: S102 - our own text: names are quoted
        made: Emit = self._given["emit"]
        return made

    def told(self, key: str, outs: list[Out]) -> Tell:
        """Return the function of an event."""
        pairs = [f"{out.key!r}: {self._of_event(out)}" for out in outs]
        self._lines += ["def tell(h):", f" return {{{key!r}: {{{', '.join(pairs)}}}}}"]
        exec(compile("\n".join(self._lines), "<plan>", "exec"), self._given)  # noqa: S102 - our own text: names are quoted
        made: Tell = self._given["tell"]
        return made

    def _of_event(self, out: Out) -> str:
        if out.name == "__typename":
            return repr(out.typename)
        if out.child is None:
            if out.name not in HAPPENING:
                raise NotCovered(f"{out.typename}.{out.name}")
            return HAPPENING[out.name]
        assert out.declared is not None
        text = self._hanging(f"h.loaded({out.key!r})", out, out.child)
        return f"required({text})" if isinstance(out.declared.field.type, GraphQLNonNull) else text

    def _root(self, out: Out) -> str:
        if out.name == "__typename":
            return "'Query'"
        if out.name == "asOf":
            return "as_of"
        if out.child is None:
            raise NotCovered(out.name)
        return self._hanging(f"values.get({out.key!r})", out, out.child)

    def _hanging(self, value: str, out: Out, child: Branch) -> str:
        if child.shape is Shape.PAGE:
            return self._optional(value, self._page(out, child))
        function = self._object(out.below, child)
        if child.shape is Shape.LIST:
            return f"[{function}(o) for o in {value}]"
        return self._optional(value, function)

    def _object(self, outs: list[Out], branch: Branch) -> str:
        """Write the function of a row; return its name."""
        pairs = [f"{out.key!r}: {self._field(out, branch)}" for out in outs]
        name = self._name("row")
        self._lines += [f"def {name}(o):", " r = o.row; b = o.body; l = o.links", f" return {{{', '.join(pairs)}}}"]
        return name

    def _page(self, out: Out, branch: Branch) -> str:
        pairs = [f"{part.key!r}: {self._part(part, branch)}" for part in out.below]
        name = self._name("page")
        self._lines += [f"def {name}(p):", f" return {{{', '.join(pairs)}}}"]
        return name

    def _part(self, part: Out, branch: Branch) -> str:
        """Write a part of a connection; of a pair's row the node is what it leads to."""
        paired = PAIRED in branch.children
        items = branch.children[PAIRED] if paired else branch
        node = f"o.links[{PAIRED!r}]" if paired else "o"
        if part.name == "nodes":
            return f"[{self._object(part.below, items)}({node}) for o in p.items]"
        if part.name == "edges":
            pairs = [f"{inner.key!r}: {self._edge(inner, items, node)}" for inner in part.below]
            return f"[{{{', '.join(pairs)}}} for o in p.items]"
        if part.name == "pageInfo":
            pairs = [f"{inner.key!r}: {PAGE_INFO.get(inner.name, repr('PageInfo'))}" for inner in part.below]
            return f"{{{', '.join(pairs)}}}"
        return repr(f"{items.typename}Connection")

    def _edge(self, inner: Out, items: Branch, node: str) -> str:
        if inner.name == "cursor":
            return "cursor_of(o)"
        if inner.name == "node":
            return f"{self._object(inner.below, items)}({node})"
        return repr(f"{items.typename}Edge")

    def _field(self, out: Out, branch: Branch) -> str:
        if out.name == "__typename":
            return repr(out.typename)
        if out.declared is None:
            raise NotCovered(f"{out.typename}.{out.name}")
        source = out.declared.source
        if isinstance(source, Link):
            assert out.child is not None
            return self._hanging(f"l[{out.link!r}]", out, out.child)
        if isinstance(source, Same):
            return f"{self._object(out.below, branch)}(o)"
        if isinstance(source, Identity):
            return self._identity(branch)
        return self._value(out, branch, source)

    def _identity(self, branch: Branch) -> str:
        key = f"{{r[{branch.index['id']}]}}"
        if branch.owned:
            key = f"{{r[{branch.index['patient_id']}]}}:{key}"
        return f"identity(f'{branch.typename}:{key}')"

    def _value(self, out: Out, branch: Branch, source: Any) -> str:
        assert out.declared is not None
        kind = out.declared.field.type
        value, nullable = self._read(branch, source)
        if isinstance(get_named_type(kind), GraphQLObjectType):
            return self._optional(value, self._parts(out, kind))
        text = self._text(value, kind, nullable)
        return f"required({text})" if nullable and isinstance(kind, GraphQLNonNull) else text

    def _parts(self, out: Out, kind: Any) -> str:
        """Write the function of an attribute that is an object of its own; return its name."""
        named = get_named_type(kind)
        if not isinstance(kind, GraphQLObjectType) or not out.below:
            raise NotCovered(f"{out.typename}.{out.name}")
        pairs = [f"{part.key!r}: {self._part_of(part, named)}" for part in out.below]
        name = self._name("part")
        self._lines += [f"def {name}(x):", f" return {{{', '.join(pairs)}}}"]
        return name

    @staticmethod
    def _part_of(part: Out, kind: GraphQLObjectType) -> str:
        """Return how a text of such an object is read."""
        if part.name == "__typename":
            return repr(kind.name)
        field = kind.fields[part.name]
        if get_nullable_type(field.type) is not GraphQLString:
            raise NotCovered(f"{kind.name}.{part.name}")
        return f"x.{field.extensions[BACKREF].python_name}"

    def _read(self, branch: Branch, source: Any) -> tuple[str, bool]:
        """Return how a value is read, and whether it can be null."""
        if isinstance(source, Column):
            column = branch.table.__table__.c[source.name]  # type: ignore[attr-defined]
            return self._column(branch, source.name), bool(column.nullable)
        if isinstance(source, Attribute):
            assert branch.body is not None
            return f"b.{source.name}", _optional(branch.body, source.name)
        assert isinstance(source, Computed)
        name = self._name("computed")
        self._given[name] = source.function
        given = [self._moment(branch, c) for c in source.columns] + [f"b.{a}" for a in source.attributes]
        return f"{name}({', '.join(given)})", True

    def _column(self, branch: Branch, name: str) -> str:
        return f"r[{branch.index[name]}]"

    def _moment(self, branch: Branch, name: str) -> str:
        if column_kind(branch.table, name) == "instant":
            raise NotCovered(f"computed from the moment {name}")
        return self._column(branch, name)

    def _text(self, value: str, kind: Any, nullable: bool) -> str:
        named = get_named_type(kind)
        pattern = TEXTS.get(named.name) if isinstance(named, GraphQLScalarType) else None
        if named.name == "DateTime" and value.startswith("r["):
            pattern = "instant({})"
        if named.name == "Boolean" and value.startswith("r["):
            pattern = "bool({})"
        if pattern is None:
            return value
        if is_list_type(get_nullable_type(kind)):
            raise NotCovered("a list of values that JSON doesn't have")
        return self._when_there(value, pattern) if nullable else pattern.format(value)

    def _when_there(self, value: str, pattern: str) -> str:
        name = self._name("x")
        return f"(None if ({name} := {value}) is None else {pattern.format(name)})"

    def _optional(self, value: str, function: str) -> str:
        return self._when_there(value, f"{function}({{}})")

    def _name(self, word: str) -> str:
        self._names += 1
        return f"{word}_{self._names}"


def _optional(body: type[Sealed], attribute: str) -> bool:
    kind = get_type_hints(body)[attribute]
    return type(None) in getattr(kind, "__args__", ())
