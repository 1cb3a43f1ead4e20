"""Limits of a document, measured once when it is new: each fragment once, so doubling fragments cost nothing."""

from typing import Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

DEPTH: Final = 12
INTROSPECTION_DEPTH: Final = 16
FIELDS: Final = 500
ALIASES: Final = 30
DIRECTIVES: Final = 5
TOKENS: Final = 2000


class Measure(NamedTuple):
    """What a selection comes to, fragments expanded."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0

    def over(self) -> str | None:
        """Return the name of the limit that is broken, if any."""
        if self.depth > DEPTH:
            return "DEPTH"
        if self.fields > FIELDS:
            return "FIELDS"
        return "ALIASES" if self.aliases > ALIASES else None


def measured(document: DocumentNode) -> str | None:
    """Return which limit a document breaks, or None. It must be free of fragment cycles (validation sees to that)."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    meter = _Meter(fragments)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            broken = meter.selection(definition.selection_set).over()
            if broken:
                return broken
    return None


class _Meter:
    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, Measure] = {}

    def selection(self, selection_set: SelectionSetNode | None) -> Measure:
        """Return what a selection set comes to."""
        depth = fields = aliases = 0
        for selection in selection_set.selections if selection_set else ():
            one = self._one(selection)
            depth, fields, aliases = max(depth, one.depth), fields + one.fields, aliases + one.aliases
        return Measure(depth, min(fields, FIELDS + 1), min(aliases, ALIASES + 1))

    def _one(self, selection: object) -> Measure:
        if isinstance(selection, FieldNode):
            if selection.name.value in ("__schema", "__type"):
                return Measure(1, 1, 0)  # its depth is bounded by graphql-core's own rule
            below = self.selection(selection.selection_set)
            return Measure(below.depth + 1, below.fields + 1, below.aliases + (selection.alias is not None))
        if isinstance(selection, InlineFragmentNode):
            return self.selection(selection.selection_set)
        assert isinstance(selection, FragmentSpreadNode)
        return self._fragment(selection.name.value)

    def _fragment(self, name: str) -> Measure:
        if name not in self._known:
            self._known[name] = self.selection(self._fragments[name].selection_set)
        return self._known[name]
