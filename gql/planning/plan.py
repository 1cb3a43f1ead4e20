"""From a validated operation to a tree of what to load: no SQL, no keys, no rights; only what is selected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import FieldNode, GraphQLField, GraphQLObjectType, OperationType
from graphql.execution.values import VariableValues, get_argument_values

from domain.access import Permission
from domain.errors import InvalidInput
from gql.permissions import RecordPermission
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
)
from persistence.reads import MAX_FIRST
from persistence.tree import Arguments, Branch, Shape

DEFAULT_FIRST: Final = 20
PAIRED: Final = "~node"
"""The child of a pair's row that is the node itself; no GraphQL name can be this."""


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
    payloads: dict[str, dict[str, tuple[str, Branch]]] = field(default_factory=dict)
    """For each root field of a mutation or subscription: its payload's references and what they load."""
    bindings: list["Binding"] = field(default_factory=list)
    branches: int = 0

    def bound(self, variables: VariableValues) -> dict[int, Arguments]:
        """Return every branch's arguments with these variables.

        Raises:
            InvalidInput: a page size or a cursor is none; names the argument.
        """
        return {binding.branch.number: binding.values(variables) for binding in self.bindings}


@dataclass(frozen=True, slots=True)
class Binding:
    """A branch whose field has arguments."""

    branch: Branch
    field: GraphQLField
    node: FieldNode

    def values(self, variables: VariableValues) -> Arguments:
        """Return the arguments' values."""
        given = get_argument_values(self.field, self.node, variables)
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


class Planner:
    """Makes plans for one schema."""

    def __init__(self, declarations: Declarations) -> None:
        self._declarations = declarations

    def plan(self, selection: Selection) -> Plan:
        """Return what an operation loads."""
        plan = Plan()
        kind = self._declarations.schema.get_root_type(selection.operation.operation)
        assert kind is not None
        for key, nodes in selection.root(kind).items():
            if selection.operation.operation is OperationType.QUERY:
                self._root(plan, selection, kind, key, nodes)
            else:
                self._payload(plan, selection, kind, key, nodes)
        return plan

    def _root(
        self, plan: Plan, selection: Selection, kind: GraphQLObjectType, key: str, nodes: list[FieldNode]
    ) -> None:
        declared = self._declarations.field(kind.name, nodes[0].name.value)
        if declared is None:
            return
        if isinstance(declared.source, NodeById):
            branches = {
                name: self._filled(plan, selection, self._branch(plan, name, Shape.ONE), self._type(name), nodes)
                for name in self._declarations.nodes()
            }
            for branch in branches.values():
                branch.join = tuple((column, column) for column in _key_columns(branch))
        else:
            assert isinstance(declared.source, Link)
            branch = self._linked(plan, selection, declared, declared.source, nodes)
            branches = {branch.typename: branch}
        plan.roots.append(PlannedRoot(key, declared, nodes[0], branches))

    def _payload(
        self, plan: Plan, selection: Selection, kind: GraphQLObjectType, key: str, nodes: list[FieldNode]
    ) -> None:
        """Plan the references of a payload: several aliases of one reference load one tree each."""
        definition = kind.fields.get(nodes[0].name.value)
        if definition is None:
            return
        payload = item_type(definition, connection=False)
        for inner, below in selection.below(payload, nodes).items():
            declared = self._declarations.field(payload.name, below[0].name.value)
            if declared and isinstance(declared.source, Reference):
                target = item_type(declared.field, connection=False)
                branch = self._branch(plan, target.name, Shape.ONE)
                branch.join = tuple((column, column) for column in _key_columns(branch))
                self._filled(plan, selection, branch, target, below)
                plan.payloads.setdefault(key, {})[inner] = (below[0].name.value, branch)

    def _linked(
        self, plan: Plan, selection: Selection, declared: Declared, link: Link, nodes: list[FieldNode]
    ) -> Branch:
        paged = link.shape is Shape.PAGE
        target = item_type(declared.field, connection=paged)
        branch = self._branch(plan, target.name, link.shape)
        if link.through:
            branch = self._paired(plan, branch, link.through)
        branch.order, branch.filters, branch.fixed = link.order, link.filters, link.fixed
        branch.join = link.join(branch.table)
        branch.need(*(column for column, _ in link.order))
        if paged:
            plan.bindings.append(Binding(branch, declared.field, nodes[0]))
            nodes = self._node_fields(selection, declared.field, nodes)
        self._filled(plan, selection, branch.children[PAIRED] if link.through else branch, target, nodes)
        return branch

    def _paired(self, plan: Plan, target: Branch, through: Through) -> Branch:
        plan.branches += 1
        pair = Branch(through.table, number=plan.branches, shape=Shape.PAGE, typename=target.typename)
        target.shape = Shape.ONE
        target.join = _pair_join(target)
        pair.need(*(theirs for theirs, _ in target.join))
        pair.children[PAIRED] = target
        return pair

    def _node_fields(self, selection: Selection, definition: GraphQLField, nodes: list[FieldNode]) -> list[FieldNode]:
        """Return the field nodes under which a connection's items are selected."""
        from graphql import get_named_type

        page = get_named_type(definition.type)
        assert isinstance(page, GraphQLObjectType)
        found: list[FieldNode] = []
        for below in selection.below(page, nodes).values():
            if below[0].name.value == "nodes":
                found += below
            elif below[0].name.value == "edges":
                edge = get_named_type(page.fields["edges"].type)
                assert isinstance(edge, GraphQLObjectType)
                for inner in selection.below(edge, below).values():
                    found += inner if inner[0].name.value == "node" else []
        return found

    def _branch(self, plan: Plan, typename: str, shape: Shape) -> Branch:
        origin = self._declarations.origin(typename)
        plan.branches += 1
        branch = Branch(
            origin.__row__,
            origin.__body__,
            shape=shape,
            number=plan.branches,
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

    def _filled(
        self, plan: Plan, selection: Selection, branch: Branch, kind: GraphQLObjectType, nodes: list[FieldNode]
    ) -> Branch:
        self._fill(plan, selection, branch, kind, selection.below(kind, nodes), ())
        return branch

    def _fill(
        self,
        plan: Plan,
        selection: Selection,
        branch: Branch,
        kind: GraphQLObjectType,
        fields: Fields,
        inherited: tuple[Permission, ...],
    ) -> None:
        for key, nodes in fields.items():
            declared = self._declarations.field(kind.name, nodes[0].name.value)
            if declared is not None:
                self._field(plan, selection, branch, declared, key, nodes, inherited)

    def _field(
        self,
        plan: Plan,
        selection: Selection,
        branch: Branch,
        declared: Declared,
        key: str,
        nodes: list[FieldNode],
        inherited: tuple[Permission, ...],
    ) -> None:
        source = declared.source
        asked = inherited + _permissions(declared)
        if not isinstance(source, Link):
            branch.asks.update(asked)
        if isinstance(source, Column):
            branch.need(source.name)
        elif isinstance(source, Attribute):
            branch.open_for(asked[-1] if asked else None)
        elif isinstance(source, Computed):
            branch.need(*source.columns)
            if source.attributes:
                branch.open_for(asked[-1] if asked else None)
        elif isinstance(source, Same):
            target = item_type(declared.field, connection=False)
            self._fill(plan, selection, branch, target, selection.below(target, nodes), asked)
        elif isinstance(source, Link):
            child = self._linked(plan, selection, declared, source, nodes)
            child.guards = _permissions(declared)
            branch.need(*(theirs for theirs, _ in child.join))
            self._hang(branch, key, child, nodes)
        else:
            assert isinstance(source, Identity | Reference | NodeById)

    @staticmethod
    def _hang(branch: Branch, key: str, child: Branch, nodes: list[FieldNode]) -> None:
        """Hang a child on its branch; the same response key may stand for two children (under two aliases above)."""
        unique = key
        while unique in branch.children:
            unique += "'"
        branch.children[unique] = child
        for node in nodes:
            branch.keys[id(node)] = unique

    def _type(self, name: str) -> GraphQLObjectType:
        kind = self._declarations.schema.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        return kind


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
