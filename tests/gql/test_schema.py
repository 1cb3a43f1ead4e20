"""The contract: what is in git is what is served, everything is described, everything is guarded."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)

from gql.assembled import strawberry_schema
from gql.planning.declared import BACKREF

SCHEMA = strawberry_schema()
CORE = SCHEMA._schema
PUBLIC = {
    "Query.viewer",
    "Query.asOf",
    "Mutation.signIn",
    "Mutation.sendSignInCode",
    "Mutation.beginRegistration",
    "Mutation.beginRecovery",
    "Mutation.beginPasskeySignIn",
    "Mutation.signInWithPasskey",
    "Mutation.recoverAccess",
    "Mutation.confirmContacts",
    "Subscription.slotChanged",
}
WITHOUT_INPUT = {"signOut", "endOtherSessions", "beginAuthenticator"}
TYPES = [t for t in CORE.type_map.values() if not is_introspection_type(t) and not is_specified_scalar_type(t)]
OBJECTS = [t for t in TYPES if isinstance(t, GraphQLObjectType | GraphQLInterfaceType)]


def guards(field) -> set[str]:
    return {type(d).__qualname__ for d in field.extensions[BACKREF].directives}


def test_the_schema_in_git_is_the_one_that_is_served():
    assert Path("schema.graphql").read_text() == SCHEMA.as_str() + "\n"


def test_guards_print_as_directives():
    assert "phone: String @canReadContacts" in SCHEMA.as_str()


def test_everything_is_described():
    missing = [t.name for t in TYPES if not t.description]
    for kind in TYPES:
        if isinstance(kind, GraphQLEnumType):
            missing += [f"{kind.name}.{name}" for name, value in kind.values.items() if not value.description]
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for name, field in kind.fields.items():
                missing += [] if field.description else [f"{kind.name}.{name}"]
                for argument, given in getattr(field, "args", {}).items():
                    missing += [] if given.description else [f"{kind.name}.{name}({argument})"]
    assert missing == []


@pytest.mark.parametrize("root", [CORE.query_type, CORE.mutation_type, CORE.subscription_type], ids=lambda t: t.name)
def test_every_root_field_is_guarded_or_public(root):
    open_ones = {f"{root.name}.{name}" for name, field in root.fields.items() if not guards(field)}
    assert open_ones <= PUBLIC


def test_a_mutation_takes_one_input_with_a_key_and_gives_a_nullable_payload_with_errors():
    for name, field in CORE.mutation_type.fields.items():
        assert not isinstance(field.type, GraphQLNonNull), name
        assert "errors" in field.type.fields, name
        if name not in WITHOUT_INPUT:
            assert list(field.args) == ["input"], name
            assert "key" in field.args["input"].type.of_type.fields, name


def test_every_subscription_takes_a_cursor_and_gives_one():
    for name, field in CORE.subscription_type.fields.items():
        assert "after" in field.args, name
        assert {"cursor", "at"} <= set(field.type.of_type.fields), name


def test_a_guarded_field_is_nullable():
    faults = [
        f"{kind.name}.{name}"
        for kind in OBJECTS
        for name, field in kind.fields.items()
        if field.extensions.get(BACKREF) and guards(field) and isinstance(field.type, GraphQLNonNull)
        if kind.name not in ("Mutation", "Subscription")
    ]
    assert faults == []


def test_an_answer_is_whole():
    """Decision 15."""
    assert CORE.get_directive("defer") is None
    assert CORE.get_directive("stream") is None
