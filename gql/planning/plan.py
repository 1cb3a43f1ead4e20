"""From a validated operation to a tree of what to load: no SQL, no keys, no rights; only what is selected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    ListValueNode,
    ObjectValueNode,
    OperationType,
    ValueNode,
    VariableNode,
    get_named_type,
)
from graphql.execution.values import VariableValues, get_argument_values

from domain.access import Permission
from domain.errors import InvalidInput
from gql.permissions import RecordPermission, ViewerPermission
from gql.planning.cursors import parse_cursor
from gql.planning.declared import Declarations, Declared, item_type
from gql.planning.ids import NodeId
from gql.planning.selection import Fields, Selection
from gql.planning.sources import (
    Attribute,
    Column,
    Computed,
    Identity,
    Link,
    NodeById,
    Reference,
    Same,
    Through,
    Watched,
)
from persistence.branches import MAX_FIRST
from persistence.tree import Arguments, Branch, Shape

DEFAULT_FIRST: Final = 20
PAIRED: Final = "~node"
"""The child of a pair's row that is the node itself; no GraphQL name can be this."""


@dataclass(slots=True)
class Out:
    """One field of the answer, for the emitter."""

    key: str
    name: str
    declared: Declared | None = None
    """None: `__typename`, a part of a page, or a field that only Python can answer."""
    below: list["Out"] = field(default_factory=list)
    child: Branch | None = None
    link: str = ""
    """Under which key the child hangs."""
    typename: str = ""


@dataclass(slots=True)
class PlannedRoot:
    """One root field that loads something."""

    key: str
    declared: Declared
    node: FieldNode
    branches: dict[str, Branch]
    """By type name; only `node(id)` has more than one."""


@dataclass(slots=True)
class Plan:
    """What one operation loads."""

    roots: list[PlannedRoot] = field(default_factory=list)
    outs: list[Out] = field(default_factory=list)
    payloads: dict[str, dict[str, tuple[str, Branch]]] = field(default_factory=dict)
    """For each root field of a mutation or subscription: its payload's references and what they load.

    Where the field gives an interface, for each of its types: `key:Type`.
    """
    tellings: dict[str, list[Out]] = field(default_factory=dict)
    """What is selected of each type of payload, by the type's name."""
    watched: tuple[Declared, FieldNode] | None = None
    """A subscription's root field."""
    bindings: list["Binding"] = field(default_factory=list)
    asks: set[type[ViewerPermission]] = field(default_factory=set)
    """Guards below the roots that ask about the viewer alone."""
    branches: int = 0
    emit: "Callable[..., dict[str, Any]] | None" = None
    """The generated emitter, once it was made."""
    prices: dict[tuple[int | None, ...], int] = field(default_factory=dict)
    """What it costs, by page sizes."""
    uncovered: str | None = None
    """Why there is none: what only graphql-core can answer."""
    tell: "dict[str, Callable[[Any], dict[str, Any]] | None]" = field(default_factory=dict)
    """The generated emitters of a subscription's events, by the payload's type; None: only graphql-core can."""

    def bound(self, variables: VariableValues) -> dict[int, Arguments]:
        """Return every branch's arguments with these variables.

        Raises:
            InvalidInput: a page size or a cursor is none; names the argument.
        """
        return {binding.branch.number: binding.values(variables) for binding in self.bindings}


class Binding:
    """A branch whose field has arguments; those without variables are read once."""

    __slots__ = ("_constant", "_field", "_node", "branch")

    def __init__(self, branch: Branch, field: GraphQLField, node: FieldNode) -> None:
        self.branch = branch
        self._field = field
        self._node = node
        self._constant: Arguments | None = None

    def values(self, variables: VariableValues) -> Arguments:
        """Return the arguments' values."""
        if self._constant is not None:
            return self._constant
        found = self._read(variables)
        if not any(_has_variable(argument.value) for argument in self._node.arguments or ()):
            self._constant = found
        return found

    def _read(self, variables: VariableValues) -> Arguments:
        given = get_argument_values(self._field, self._node, variables)
        first = given.pop("first", None)
        after = given.pop("after", None)
        if first is not None and not 0 <= first <= MAX_FIRST:
            raise InvalidInput("first")
        filters = {name: value for name, value in given.items() if value is not None}
        return Arguments(filters, DEFAULT_FIRST if first is None else first, self._after(after))

    def _after(self, after: str | None) -> tuple[Any, ...] | None:
        if after is None:
            return None
        try:
            return parse_cursor(after, self.branch)
        except ValueError:
            raise InvalidInput("after") from None


def _has_variable(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return any(_has_variable(item) for item in value.values)
    if isinstance(value, ObjectValueNode):
        return any(_has_variable(item.value) for item in value.fields)
    return isinstance(value, VariableNode)


class Planner:
    """Makes plans for one schema."""

    def __init__(self, declarations: Declarations) -> None:
        self._declarations = declarations

    def plan(self, selection: Selection) -> Plan:
        """Return what an operation loads."""
        kind = self._declarations.schema.get_root_type(selection.operation.operation)
        assert kind is not None
        return _Planning(self._declarations, selection).planned(kind)


class _Planning:
    """One operation being planned."""

    def __init__(self, declarations: Declarations, selection: Selection) -> None:
        self._declarations = declarations
        self._selection = selection
        self._plan = Plan()

    def planned(self, kind: GraphQLObjectType) -> Plan:
        """Return the plan."""
        for key, nodes in self._selection.root(kind).items():
            if self._selection.operation.operation is OperationType.QUERY:
                self._plan.outs.append(self._root(kind, key, nodes))
            else:
                self._payload(kind, key, nodes)
        return self._plan

    def _root(self, kind: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Out:
        name = nodes[0].name.value
        declared = self._declarations.field(kind.name, name)
        if declared is None:
            return Out(key, name)
        if isinstance(declared.source, NodeById):
            branches = {typename: self._node(typename, nodes)[0] for typename in self._declarations.nodes()}
            out = Out(key, name, declared)
        else:
            assert isinstance(declared.source, Link)
            branch, below = self._linked(declared, declared.source, nodes)
            branches = {branch.typename: branch}
            out = Out(key, name, declared, below, branch)
        self._plan.roots.append(PlannedRoot(key, declared, nodes[0], branches))
        return out

    def _node(self, typename: str, nodes: list[FieldNode]) -> tuple[Branch, list[Out]]:
        branch = self._branch(typename, Shape.ONE)
        branch.join = tuple((column, column) for column in _key_columns(branch))
        kind = self._declarations.schema.type_map[typename]
        assert isinstance(kind, GraphQLObjectType)
        return branch, self._fill(branch, kind, self._selection.below(kind, nodes), ())

    def _payload(self, kind: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> None:
        """Plan the references of a payload: several aliases of one reference load one tree each."""
        definition = kind.fields.get(nodes[0].name.value)
        if definition is None:
            return
        payload = get_named_type(definition.type)
        if isinstance(payload, GraphQLInterfaceType):
            for each in self._declarations.schema.get_implementations(payload).objects:
                self._references(each, f"{key}:{each.name}", nodes)
        elif isinstance(payload, GraphQLObjectType):
            self._references(payload, key, nodes)
        declared = self._declarations.field(kind.name, nodes[0].name.value)
        if declared is not None and isinstance(declared.source, Watched):
            self._plan.watched = declared, nodes[0]

    def _references(self, payload: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> None:
        outs = self._plan.tellings.setdefault(payload.name, [])
        for inner, below in self._selection.below(payload, nodes).items():
            name = below[0].name.value
            declared = self._declarations.field(payload.name, name)
            out = Out(inner, name, declared, typename=payload.name)
            outs.append(out)
            if declared and isinstance(declared.source, Reference):
                target = item_type(declared.field, connection=False)
                out.child, out.below = self._node(target.name, below)
                self._plan.payloads.setdefault(key, {})[inner] = (name, out.child)

    def _linked(self, declared: Declared, link: Link, nodes: list[FieldNode]) -> tuple[Branch, list[Out]]:
        paged = link.shape is Shape.PAGE
        target = item_type(declared.field, connection=paged)
        items = self._branch(target.name, link.shape)
        branch = self._paired(items, link.through) if link.through else items
        branch.order, branch.filters, branch.fixed = link.order, link.filters, link.fixed
        branch.join = link.join(branch.table)
        branch.need(*(column for column, _ in link.order))
        if not paged:
            return branch, self._fill(items, target, self._selection.below(target, nodes), ())
        self._plan.bindings.append(Binding(branch, declared.field, nodes[0]))
        return branch, self._page(items, target, declared.field, nodes)

    def _paired(self, target: Branch, through: Through) -> Branch:
        self._plan.branches += 1
        pair = Branch(through.table, number=self._plan.branches, shape=Shape.PAGE, typename=target.typename)
        target.shape = Shape.ONE
        target.join = _pair_join(target)
        pair.need(*(theirs for theirs, _ in target.join))
        pair.children[PAIRED] = target
        return pair

    def _page(
        self, items: Branch, target: GraphQLObjectType, definition: GraphQLField, nodes: list[FieldNode]
    ) -> list[Out]:
        """Plan what is selected of a connection: its items may be selected in several places."""
        page = _object(definition)
        outs = []
        for key, below in self._selection.below(page, nodes).items():
            name = below[0].name.value
            if name == "nodes":
                outs.append(Out(key, name, below=self._items(items, target, below)))
            elif name == "edges":
                outs.append(Out(key, name, below=self._edges(items, target, page.fields["edges"], below)))
            elif name == "pageInfo":
                info = self._selection.below(_object(page.fields["pageInfo"]), below)
                outs.append(Out(key, name, below=[Out(k, inner[0].name.value) for k, inner in info.items()]))
            else:
                outs.append(Out(key, name))
        return outs

    def _edges(
        self, items: Branch, target: GraphQLObjectType, definition: GraphQLField, nodes: list[FieldNode]
    ) -> list[Out]:
        outs = []
        for key, below in self._selection.below(_object(definition), nodes).items():
            name = below[0].name.value
            inner = self._items(items, target, below) if name == "node" else []
            outs.append(Out(key, name, below=inner))
        return outs

    def _items(self, items: Branch, target: GraphQLObjectType, nodes: list[FieldNode]) -> list[Out]:
        return self._fill(items, target, self._selection.below(target, nodes), ())

    def _branch(self, typename: str, shape: Shape) -> Branch:
        origin = self._declarations.origin(typename)
        self._plan.branches += 1
        branch = Branch(
            origin.__row__,
            origin.__body__,
            shape=shape,
            number=self._plan.branches,
            typename=typename,
            organization=origin.__organization__,
            row_guard=origin.__guard__.permission if origin.__guard__ else None,
        )
        branch.need("id")
        if branch.owned:
            branch.need("patient_id")
        if branch.organization:
            branch.need(branch.organization)
        return branch

    def _fill(
        self, branch: Branch, kind: GraphQLObjectType, fields: Fields, inherited: tuple[Permission, ...]
    ) -> list[Out]:
        """Ask a branch for what some fields need; return how they are answered."""
        outs = []
        for key, nodes in fields.items():
            name = nodes[0].name.value
            declared = self._declarations.field(kind.name, name)
            out = Out(key, name) if declared is None else self._field(branch, declared, key, nodes, inherited)
            out.typename = kind.name
            outs.append(out)
        return outs

    def _field(
        self, branch: Branch, declared: Declared, key: str, nodes: list[FieldNode], inherited: tuple[Permission, ...]
    ) -> Out:
        source = declared.source
        out = Out(key, nodes[0].name.value, declared)
        self._plan.asks.update(guard for guard in declared.guards if issubclass(guard, ViewerPermission))
        if isinstance(source, Link):
            return self._neighbour(branch, declared, source, out, nodes)
        asked = inherited + _permissions(declared)
        branch.asks.update(asked)
        if isinstance(source, Column):
            branch.need(source.name)
        elif isinstance(source, Attribute):
            branch.open_for(asked[-1] if asked else None)
            out.below = self._parts(declared, nodes)
        elif isinstance(source, Computed):
            branch.need(*source.columns)
            if source.attributes:
                branch.open_for(asked[-1] if asked else None)
        elif isinstance(source, Same):
            target = item_type(declared.field, connection=False)
            out.below = self._fill(branch, target, self._selection.below(target, nodes), asked)
        else:
            assert isinstance(source, Identity)
        return out

    def _parts(self, declared: Declared, nodes: list[FieldNode]) -> list[Out]:
        """Return what is selected of an attribute that is an object of its own, such as a coded concept."""
        target = get_named_type(declared.field.type)
        if not isinstance(target, GraphQLObjectType):
            return []
        below = self._selection.below(target, nodes)
        return [Out(key, inner[0].name.value, typename=target.name) for key, inner in below.items()]

    def _neighbour(self, branch: Branch, declared: Declared, link: Link, out: Out, nodes: list[FieldNode]) -> Out:
        child, out.below = self._linked(declared, link, nodes)
        child.guards = _permissions(declared)
        branch.need(*(theirs for theirs, _ in child.join))
        out.child = child
        out.link = out.key
        while out.link in branch.children:  # the same response key under two aliases above
            out.link += "'"
        branch.children[out.link] = child
        for node in nodes:
            branch.keys[id(node)] = out.link
        return out


def _object(definition: GraphQLField) -> GraphQLObjectType:
    named = get_named_type(definition.type)
    assert isinstance(named, GraphQLObjectType)
    return named


def node_root(branches: Mapping[str, Branch], text: str) -> tuple[Branch, tuple[int, ...]] | None:
    """Return which branch an id means and its key; None if it is no id of ours."""
    try:
        parsed = NodeId.parse(text)
    except ValueError:
        return None
    branch = branches.get(parsed.typename)
    return (branch, parsed.key) if branch and len(branch.join) == len(parsed.key) else None


def _permissions(declared: Declared) -> tuple[Permission, ...]:
    return tuple(guard.permission for guard in declared.guards if issubclass(guard, RecordPermission))


def _key_columns(branch: Branch) -> tuple[str, ...]:
    return ("patient_id", "id") if branch.owned else ("id",)


def _pair_join(target: Branch) -> tuple[tuple[str, str], ...]:
    if target.table.__tablename__ == "patient":
        return (("patient_id", "patient_id"),)
    return (("patient_id", "patient_id"), ("id", "id")) if target.owned else (("id", "id"),)
