"""Documents, parsed, validated, measured and planned once; the store of them is bounded."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.validation import NoSchemaIntrospectionCustomRule

from gql.limits import TOKENS, measured
from gql.planning.plan import Plan, Planner
from gql.planning.selection import Selection, fragments_of, operation_of

KEPT: Final = 150_000
"""Characters of documents that were seen at least twice; each takes some 200 bytes, with its plans."""
NEW: Final = 30_000
"""Characters of documents that were seen once: a flood of new ones pushes out only these."""
PLANS: Final = 8
"""Of one document: its operations under the values of @skip and @include."""
LONGEST: Final = 200_000


@dataclass(slots=True)
class Document:
    """A document that passed."""

    node: DocumentNode
    conditions: tuple[str, ...]
    """Variables that decide about @skip and @include."""
    plans: dict[tuple[str | None, tuple[object, ...]], Plan] = field(default_factory=dict)
    _operations: dict[str | None, OperationDefinitionNode] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the operation that a request means."""
        found = self._operations.get(name)
        if found is None:
            found = operation_of(self.node, name)
            if found is not None:
                self._operations[name] = found
        return found


class Refusal(Exception):
    """A document that doesn't pass; its errors, at most five."""

    def __init__(self, errors: list[GraphQLError], code: str) -> None:
        super().__init__(code)
        self.errors = errors[:5]
        self.code = code


class Shelf:
    """Documents by their text, the one used last in front, bounded by their length."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._held: OrderedDict[str, Document | Refusal] = OrderedDict()
        self._length = 0

    def get(self, text: str) -> "Document | Refusal | None":
        """Return a document, or why it doesn't pass."""
        found = self._held.get(text)
        if found is not None:
            self._held.move_to_end(text)
        return found

    def put(self, text: str, document: "Document | Refusal") -> None:
        """Keep a document; the ones used longest ago make room."""
        if len(text) > self._room:
            return
        self._held[text] = document
        self._length += len(text)
        while self._length > self._room:
            gone, _ = self._held.popitem(last=False)
            self._length -= len(gone)

    def take(self, text: str) -> "Document | Refusal | None":
        """Return a document and let go of it."""
        found = self._held.pop(text, None)
        if found is not None:
            self._length -= len(text)
        return found

    def __iter__(self) -> Iterator["Document | Refusal"]:
        return iter(self._held.values())


class Documents:
    """The documents that clients sent lately, with those that don't pass: each is measured once."""

    def __init__(self, schema: GraphQLSchema, planner: Planner, *, introspection: bool) -> None:
        self._schema = schema
        self._planner = planner
        self._rules: list[type[ASTValidationRule]] = [*specified_rules]
        if not introspection:
            self._rules.append(NoSchemaIntrospectionCustomRule)
        self.kept = Shelf(KEPT)
        self._new = Shelf(NEW)

    def get(self, text: str) -> Document:
        """Return a document.

        Raises:
            Refusal: it doesn't parse, isn't valid, or is beyond a limit.
        """
        document = self.kept.get(text)
        if document is None:
            document = self._new.take(text)
            if document is not None:
                self.kept.put(text, document)
            else:
                document = self._judged(text)
                self._new.put(text, document)
        if isinstance(document, Refusal):
            raise document.with_traceback(None)
        return document

    def _judged(self, text: str) -> "Document | Refusal":
        try:
            return self._passed(text)
        except Refusal as refusal:
            return refusal

    def plan(self, document: Document, name: str | None, conditions: dict[str, bool]) -> Plan:
        """Return the plan of an operation under the values of its conditions."""
        key = (name, tuple(conditions[variable] for variable in document.conditions))
        if key not in document.plans:
            operation = document.operation(name)
            assert operation is not None
            selection = Selection(self._schema, operation, fragments_of(document.node), conditions)
            if len(document.plans) >= PLANS:
                document.plans.clear()
            document.plans[key] = self._planner.plan(selection)
        return document.plans[key]

    def _passed(self, text: str) -> Document:
        if len(text) > LONGEST:
            raise Refusal([GraphQLError("The document is too long.")], "DOCUMENT_TOO_LARGE")
        try:
            node = parse(text, max_tokens=TOKENS, no_location=False)
        except GraphQLError as error:
            raise Refusal([error], "GRAPHQL_PARSE_FAILED") from None
        except RecursionError:
            raise Refusal([GraphQLError("The document is nested too deeply.")], "DOCUMENT_TOO_COMPLEX") from None
        errors = validate(self._schema, node, self._rules, max_errors=5, hide_suggestions=True)
        if errors:
            raise Refusal(errors, "GRAPHQL_VALIDATION_FAILED")
        broken = measured(node)
        if broken:
            raise Refusal([GraphQLError(f"The document breaks a limit: {broken}.")], "DOCUMENT_TOO_COMPLEX")
        return Document(node, _conditions(node))


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: object, *_: object) -> None:
        name = node.name.value  # type: ignore[attr-defined]
        if name in ("skip", "include"):
            for argument in node.arguments:  # type: ignore[attr-defined]
                if isinstance(argument.value, VariableNode):
                    self.names.add(argument.value.name.value)


def _conditions(node: DocumentNode) -> tuple[str, ...]:
    visitor = _Conditions()
    visit(node, visitor)
    return tuple(sorted(visitor.names))
