"""What every subscription field has: guards, and the one stream of events behind it."""

import inspect
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar, cast

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from domain.errors import InvalidInput
from domain.events import EventKind
from gql.context import Context
from gql.planning.sources import Guard
from gql.resolvers.mutations import refused_early
from persistence.events import Cursor
from subscriptions.stream import Happened, Interest

AFTER = "A cursor or an `asOf`: what happened since is sent first. Without it, only what happens from now on."


F = TypeVar("F", bound=Callable[..., Any])


class StreamGuards(FieldExtension):
    """Asks the permission classes when the stream begins; rights are decided anew at every event."""

    def __init__(self, guards: tuple[Guard, ...]) -> None:
        self._guards = tuple(guard() for guard in guards)

    def apply(self, field: StrawberryField) -> None:
        """Print the guards as directives and describe the argument."""
        for guard in self._guards:
            if guard.schema_directive not in field.directives:
                field.directives.append(guard.schema_directive)
        for argument in field.arguments:
            argument.description = AFTER

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Info, **given: Any) -> Any:
        """Start the stream if every guard lets it."""
        for guard in self._guards:
            if not guard.has_permission(source, info, **given):
                raise await refused_early(info.context)
        stream = next_(source, info, **given)
        return await stream if inspect.isawaitable(stream) else stream


def subscription(description: str, *guards: Guard) -> Callable[[F], F]:
    """Declare a subscription."""
    declared: Any = strawberry.subscription(description=description, extensions=[StreamGuards(guards)])
    return cast("Callable[[F], F]", declared)


async def events_of(info: Info[Context, None], kind: EventKind, after: str | None) -> AsyncGenerator[Happened, None]:
    """Yield the events of a kind that may concern the viewer; whether they do is decided when they are loaded.

    Raises:
        InvalidInput: `after` is no cursor.
        StreamGap: what follows the cursor is no longer kept.
        Ended: the session is over or the roles have changed.
    """
    context = info.context
    assert context.viewer is not None
    assert context.hub is not None
    try:
        cursor = Cursor.parse(after if after is not None else context.as_of)
    except ValueError:
        raise InvalidInput("after") from None
    async for happened in context.hub.stream(Interest.of(context.viewer, kind), cursor):
        yield happened
