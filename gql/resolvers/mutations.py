"""What every mutation field has: guards that print in the SDL, and refusals as data."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types import Info
from strawberry.types.base import StrawberryOptional
from strawberry.types.field import StrawberryField

from domain.audit import AuditAction, AuditEntry, Outcome
from domain.errors import AuditUnavailable, Forbidden, InvalidInput, NotSignedIn, Refusal
from gql.context import Context
from gql.planning.ids import NodeId
from gql.planning.sources import Guard
from gql.schema.errors import UserError

TOP_LEVEL = (NotSignedIn, Forbidden, AuditUnavailable)
"""Refusals of the whole field; every other is an entry in the payload's `errors`."""


F = TypeVar("F", bound=Callable[..., Any])


class Guards(FieldExtension):
    """Asks the permission classes before the resolver runs: the early, visible check. The action checks again."""

    def __init__(self, guards: tuple[Guard, ...], arguments: Mapping[str, str] | None = None) -> None:
        self._guards = tuple(guard() for guard in guards)
        self._arguments = arguments or {}

    def apply(self, field: StrawberryField) -> None:
        """Print the guards as directives, and describe the arguments; a mutation has one."""
        for argument in field.arguments:
            argument.description = self._arguments.get(argument.python_name, "What is asked for.")
        for guard in self._guards:
            if guard.schema_directive not in field.directives:
                field.directives.append(guard.schema_directive)

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Info, **given: Any) -> Any:
        """Run the resolver if every guard lets it."""
        for guard in self._guards:
            if not guard.has_permission(source, info, **given):
                raise await refused_early(info.context)
        return await next_(source, info, **given)


async def refused_early(context: Context) -> Refusal:
    """Record that a guard refused a root field, and return why."""
    refusal = NotSignedIn() if context.viewer is None else Forbidden()
    entry = AuditEntry(AuditAction.ASK_FIELD, Outcome.REFUSED, reason=refusal.code)
    await context.call.app.audit.recorded([entry], context.call.origin(context.viewer))
    refusal.recorded = True
    return refusal


async def recorded(refusal: Refusal, context: Context) -> None:
    """Record what was refused before an action began, such as an id that is none: an entry an answer."""
    if not refusal.recorded and not isinstance(refusal, AuditUnavailable):
        entry = AuditEntry(AuditAction.ASK_FIELD, Outcome.REFUSED, reason=refusal.code)
        await context.call.app.audit.recorded([entry], context.call.origin(context.viewer))


class Refusals(FieldExtension):
    """Turns a refusal into the payload's `errors`."""

    def __init__(self) -> None:
        self._payload: Any = None

    def apply(self, field: StrawberryField) -> None:
        """Find the payload's class."""
        kind = field.type
        self._payload = kind.of_type if isinstance(kind, StrawberryOptional) else kind

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Info, **given: Any) -> Any:
        """Run the resolver."""
        try:
            return await next_(source, info, **given)
        except Refusal as refusal:
            await recorded(refusal, info.context)
            if isinstance(refusal, TOP_LEVEL):
                raise
            language = info.context.call.language
            return self._payload(errors=[UserError.of(fault, language) for fault in (refusal, *refusal.others)])


def mutation(description: str, *guards: Guard) -> Callable[[F], F]:
    """Declare a mutation."""
    # the last extension is the outermost: guards, then refusals as data
    declared: Any = strawberry.mutation(description=description, extensions=[Refusals(), Guards(guards)])
    return cast("Callable[[F], F]", declared)


def key_of(text: str, typename: str, field: str) -> tuple[int, ...]:
    """Return the key of a global id of a given type.

    Raises:
        InvalidInput: it is no such id; names the field.
    """
    try:
        parsed = NodeId.parse(text)
    except ValueError:
        raise InvalidInput(field) from None
    if parsed.typename != typename:
        raise InvalidInput(field)
    return parsed.key


def shared_id(text: str, typename: str, field: str) -> int:
    """Return the id of a row that belongs to no patient."""
    (row_id,) = _sized(key_of(text, typename, field), 1, field)
    return row_id


def owned_key(text: str, typename: str, field: str) -> tuple[int, int]:
    """Return (patient id, id) of a patient's row."""
    patient_id, row_id = _sized(key_of(text, typename, field), 2, field)
    return patient_id, row_id


def _sized(key: tuple[int, ...], size: int, field: str) -> tuple[int, ...]:
    if len(key) != size:
        raise InvalidInput(field)
    return key
