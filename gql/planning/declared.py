"""The declarations of a schema, found by GraphQL type and field: the schema is handed in as a value."""

from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, get_named_type

from gql.planning.sources import GUARDS, SOURCE, Guard, Source

BACKREF: Final = "strawberry-definition"


@dataclass(frozen=True, slots=True)
class Declared:
    """A field that says where it comes from."""

    source: Source
    guards: tuple[Guard, ...]
    field: GraphQLField


class Declarations:
    """Every declared field, and the rows that types show."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._fields: dict[tuple[str, str], Declared] = {}
        self._origins: dict[str, Any] = {}
        for kind in schema.type_map.values():
            if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
                self._note(kind)

    def field(self, typename: str, name: str) -> Declared | None:
        """Return a field's declaration, if it has one."""
        return self._fields.get((typename, name))

    def origin(self, typename: str) -> Any:
        """Return the class that declares a type."""
        return self._origins.get(typename)

    def nodes(self) -> dict[str, Any]:
        """Return the types that show a row and have a global id."""
        return {
            name: origin
            for name, origin in self._origins.items()
            if hasattr(origin, "__row__") and self.field(name, "id") is not None
        }

    def __iter__(self) -> Any:
        return iter(self._fields.items())

    def _note(self, kind: GraphQLObjectType | GraphQLInterfaceType) -> None:
        definition = kind.extensions.get(BACKREF)
        self._origins[kind.name] = getattr(definition, "origin", None)
        for name, field in kind.fields.items():
            declared = field.extensions.get(BACKREF)
            metadata = getattr(declared, "metadata", None) or {}
            if SOURCE in metadata:
                self._fields[kind.name, name] = Declared(metadata[SOURCE], metadata[GUARDS], field)


def item_type(field: GraphQLField, connection: bool) -> GraphQLObjectType:
    """Return the object type that a field leads to; of a connection, that of its nodes."""
    named = get_named_type(field.type)
    assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType)
    if connection:
        named = get_named_type(named.fields["nodes"].type)
    assert isinstance(named, GraphQLObjectType)
    return named
