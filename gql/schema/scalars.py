"""Scalars and small shared inputs."""

from typing import Any, Final, NewType

import strawberry
from graphql import GraphQLError
from starlette.datastructures import UploadFile
from strawberry.types.scalar import ScalarDefinition


def _file(value: Any) -> UploadFile:
    """Return the file that the transport has put in the variable's place; text is none."""
    if not isinstance(value, UploadFile):
        raise GraphQLError("A file is sent as a part of a multipart request.")
    return value


def _unsent(value: Any) -> Any:
    raise GraphQLError("A file is never answered.")


Upload = NewType("Upload", UploadFile)
UPLOAD: Final = ScalarDefinition(
    name="Upload",
    description="A file, sent as a part of a multipart request (the GraphQL multipart request specification).",
    specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
    serialize=_unsent,
    parse_value=_file,
    parse_literal=None,
    origin=Upload,
)

KEY = "The client's own key of this act: the same key with the same input has the same outcome, however often sent."
AS_OF = "Where the event log stood when this was read: subscribe `after` it, and nothing is missed or repeated."
CURSOR = "Where this event stands in the log: pass the last one as `after` when you come back."


def key_field() -> Any:
    """Declare a mutation's idempotency key."""
    return strawberry.field(default=None, description=KEY)


def unkept_key() -> Any:
    """Declare the key of a mutation whose answer is a secret: nothing may keep that, so a repeat acts anew."""
    return strawberry.field(default=None, description="Not kept: the answer is a secret that is told once.")
