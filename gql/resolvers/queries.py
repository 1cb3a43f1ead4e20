"""Root fields that an action answers: guards that print in the SDL, and every refusal recorded."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from domain.errors import Refusal
from gql.planning.sources import Guard
from gql.resolvers.mutations import Guards, recorded

F = TypeVar("F", bound=Callable[..., Any])


class _Recorded(FieldExtension):
    """Records a refusal that the action itself has not."""

    def apply(self, field: StrawberryField) -> None:
        """Change nothing."""

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Info, **given: Any) -> Any:
        """Run the resolver."""
        try:
            return await next_(source, info, **given)
        except Refusal as refusal:
            await recorded(refusal, info.context)
            raise


def question(description: str, *guards: Guard, **arguments: str) -> Callable[[F], F]:
    """Declare a root query that an action answers; `arguments` describes them."""
    extensions = [_Recorded(), Guards(guards, arguments)]
    declared: Any = strawberry.field(description=description, extensions=extensions)
    return cast("Callable[[F], F]", declared)
