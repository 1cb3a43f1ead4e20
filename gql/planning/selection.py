"""What a document selects: fields collected through aliases, fragments, @skip and @include."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

Fields = dict[str, list[FieldNode]]
"""Field nodes by response key, in the order of the answer."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A validated operation with its fragments and the values of its Boolean conditions."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: Mapping[str, bool]

    def root(self, kind: GraphQLObjectType) -> Fields:
        """Return the fields of the operation itself."""
        return self._collected(kind, [self.operation.selection_set])

    def below(self, kind: GraphQLObjectType, nodes: Iterable[FieldNode]) -> Fields:
        """Return the fields below some merged fields, as far as they apply to the type."""
        return self._collected(kind, [node.selection_set for node in nodes if node.selection_set])

    def _collected(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Fields:
        fields: Fields = {}
        for selection_set in sets:
            self._collect(kind, selection_set.selections, fields, set())
        return fields

    def _collect(
        self, kind: GraphQLObjectType, selections: Iterable[SelectionNode], fields: Fields, seen: set[str]
    ) -> None:
        for selection in selections:
            if not self._included(selection.directives or ()):
                continue
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                fields.setdefault(key, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                if self._applies(selection, kind):
                    self._collect(kind, selection.selection_set.selections, fields, seen)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                fragment = self.fragments[selection.name.value]
                if self._applies(fragment, kind):
                    self._collect(kind, fragment.selection_set.selections, fields, seen)

    def _applies(self, fragment: InlineFragmentNode | FragmentDefinitionNode, kind: GraphQLObjectType) -> bool:
        condition = fragment.type_condition
        if condition is None or condition.name.value == kind.name:
            return True
        return any(interface.name == condition.name.value for interface in kind.interfaces)

    def _included(self, directives: Iterable[DirectiveNode]) -> bool:
        for directive in directives:
            name = directive.name.value
            if name in ("skip", "include") and self._condition(directive) is (name == "skip"):
                return False
        return True

    def _condition(self, directive: DirectiveNode) -> bool:
        value = next(argument.value for argument in directive.arguments or () if argument.name.value == "if")
        if isinstance(value, VariableNode):
            return self.conditions[value.name.value]
        assert isinstance(value, BooleanValueNode)
        return value.value


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return a document's fragments by name."""
    return {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """Return the named operation, or the only one; None if there isn't exactly one."""
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if name is not None:
        operations = [d for d in operations if d.name and d.name.value == name]
    return operations[0] if len(operations) == 1 else None
