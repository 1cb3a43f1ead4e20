"""Documents drawn from the schema itself: whatever a client could send, valid and within the limits."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
)
from hypothesis import strategies as st

GROWS = {"accessLog", "securityLog", "auditCheckpoint", "accessLogProof", "securityAlerts"}
"""Reading them adds to them, so that two answers differ."""
DEPTH = 7
FIELDS = 40


@dataclass
class Drawn:
    """A document with its variables."""

    text: str
    variables: dict[str, Any]


@dataclass
class Drawing:
    """One document being drawn."""

    schema: GraphQLSchema
    draw: Callable[[st.SearchStrategy[Any]], Any]
    fragments: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    wrapped: int = 0

    def document(self) -> Drawn:
        """Return a query."""
        selection = self.selection(self.schema.query_type, 0)
        head = f"query Q({', '.join(self.declared)})" if self.declared else "query Q"
        return Drawn(" ".join([head + selection, *self.fragments]), self.variables)

    def selection(self, kind: Any, depth: int) -> str:
        """Return a selection set of an object or interface type."""
        most = 1 if self.fields > FIELDS else max(1, 4 - depth // 2)
        parts = [self.part(kind, depth) for _ in range(self.draw(st.integers(1, most)))]
        return "{ " + " ".join(parts) + " }"

    def part(self, kind: Any, depth: int) -> str:
        """Return a field, an inline fragment or a spread."""
        form = self.draw(st.sampled_from(["field"] * 8 + ["inline", "spread", "typed"]))
        if form == "field" or self.wrapped >= 5:
            return self.one(kind, depth)
        self.wrapped += 1
        condition = self.draw(st.sampled_from(self.conditions(kind)))
        inner = self.selection(self.schema.type_map[condition], depth)
        if form == "spread":
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {condition} {inner}")
            return f"...{name}{self.directive()}"
        on = f" on {condition}" if form == "typed" or condition != kind.name else ""
        return f"...{on}{self.directive()} {inner}"

    def conditions(self, kind: Any) -> list[str]:
        """Return the type conditions that can hold for a type."""
        if isinstance(kind, GraphQLInterfaceType):
            return [kind.name, *(t.name for t in self.schema.get_possible_types(kind))]
        return [kind.name, *(interface.name for interface in kind.interfaces)]

    def one(self, kind: Any, depth: int) -> str:
        """Return one field with all below it."""
        self.fields += 1
        deep = depth >= DEPTH or self.fields > FIELDS
        names = [
            n
            for n, f in kind.fields.items()
            if n not in GROWS and not (deep and is_composite_type(get_named_type(f.type)))
        ]
        if kind is self.schema.query_type:
            names += LIKELY * 12
        name = self.draw(st.sampled_from([*names, "__typename"]))
        if name == "__typename":
            return name
        definition = kind.fields[name]
        below = get_named_type(definition.type)
        given = [f"{a}: {v}" for a, arg in definition.args.items() if (v := self.argument(arg.type)) is not None]
        alias = ""
        if given or (self.aliases < 20 and self.draw(st.integers(0, 4)) == 0):
            self.aliases += 1
            alias = f"a{self.aliases}: "
        arguments = f"({', '.join(given)})" if given else ""
        selection = (
            " " + self.selection(below, depth + 1)
            if isinstance(below, GraphQLObjectType | GraphQLInterfaceType)
            else ""
        )
        return f"{alias}{name}{arguments}{self.directive()}{selection}"

    def directive(self) -> str:
        """Return nothing mostly, or @include or @skip by a value or a variable."""
        if self.directives >= 3 or self.draw(st.integers(0, 9)):
            return ""
        self.directives += 1
        value = self.draw(st.booleans())
        text = self.variable("Boolean!", value) if self.draw(st.booleans()) else str(value).lower()
        return f" @{self.draw(st.sampled_from(['include', 'skip']))}(if: {text})"

    def argument(self, kind: GraphQLInputType) -> str | None:
        """Return an argument's value as written, None to leave it out."""
        required = isinstance(kind, GraphQLNonNull)
        if not required and self.draw(st.integers(0, 2)):
            return None
        value, text = self.value(kind.of_type if required else kind)
        return self.variable(str(kind), value) if self.draw(st.booleans()) else text

    def value(self, kind: Any) -> tuple[Any, str]:
        """Return a value, and as it is written in a document."""
        if isinstance(kind, GraphQLList):
            items = [self.value(kind.of_type.of_type if isinstance(kind.of_type, GraphQLNonNull) else kind.of_type)]
            return [v for v, _ in items], f"[{', '.join(t for _, t in items)}]"
        if isinstance(kind, GraphQLEnumType):
            name = self.draw(st.sampled_from(sorted(kind.values)))
            return name, name
        if isinstance(kind, GraphQLInputObjectType):
            parts = {name: self.value(getattr(f.type, "of_type", f.type)) for name, f in kind.fields.items()}
            written = ", ".join(f"{name}: {text}" for name, (_, text) in parts.items())
            return {name: value for name, (value, _) in parts.items()}, f"{{{written}}}"
        if kind.name == "Int":
            number = self.draw(st.integers(0, 4))
            return number, str(number)
        pools = {"ID": IDS, "String": [*CURSORS, "2823-3", "5778-6", "zz"], "DateTime": MOMENTS, "Date": DATES}
        text = self.draw(st.sampled_from(pools[kind.name]))
        return text, f'"{text}"'

    def variable(self, kind: str, value: Any) -> str:
        """Declare a variable; return how it is written."""
        name = f"v{len(self.declared)}"
        self.declared.append(f"${name}: {kind}")
        self.variables[name] = value
        return f"${name}"


MOMENTS = ["2020-01-01T00:00:00+00:00", "2026-11-23T10:00:00+03:00", "2030-01-01T00:00:00Z"]
LIKELY = ["viewer", "practitioners", "specialties", "organizations"]
"""Roots on which rows hang; drawn more often than the many that an action answers."""
IDS = [f"~id{n}~" for n in range(12)]
CURSORS = [f"~cursor{n}~" for n in range(4)]
"""Places of real ids and cursors, which are known only when a world stands."""
DATES = ["2020-01-01", "2026-11-23", "2030-01-01"]


@st.composite
def documents(draw: Callable[[st.SearchStrategy[Any]], Any], schema: GraphQLSchema) -> Drawn:
    """Draw a query of a schema."""
    return Drawing(schema, draw).document()


def placed(drawn: Drawn, ids: list[str], cursors: list[str]) -> Drawn:
    """Return a document with real ids and cursors in their places."""
    text, variables = drawn.text, json.dumps(drawn.variables)
    for places, values in ((IDS, ids), (CURSORS, cursors)):
        for number, place in enumerate(places):
            value = values[number * len(values) // len(places)]
            text, variables = text.replace(place, value), variables.replace(place, value)
    return Drawn(text, json.loads(variables))
