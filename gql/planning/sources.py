"""The words of declarations: where a field of the schema comes from.

A type says which row and body it shows (`node`); each field says which column, sealed attribute, neighbour or list
it is. From these words the planner makes what is loaded and the walker what is answered: a field is declared once.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import strawberry
from sqlmodel import SQLModel
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.unset import UNSET

from domain.access import StaffPermission
from domain.events import EventKind
from gql.permissions import RecordPermission, ViewerPermission
from persistence.columns import Owned, Sealed
from persistence.tree import Filter, Op, Shape

T = TypeVar("T")
SOURCE: Final = "source"
GUARDS: Final = "guards"
Guard = type[RecordPermission] | type[ViewerPermission]
RecordGuard = type[RecordPermission]


@strawberry.interface(description="Anything with a global id.")
class Node:
    """Relay's node."""

    id: strawberry.ID = strawberry.field(description="A global, opaque id.")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = strawberry.field(description="Whether more follow.")
    has_previous_page: bool = strawberry.field(description="Whether some lie before.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first item.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last item; pass it as `after`.")


@strawberry.type(description="An item of a list and its cursor.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: str = strawberry.field(description="The item's cursor.")
    node: T = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """Relay's connection."""

    edges: list[Edge[T]] = strawberry.field(description="The items with their cursors.")
    nodes: list[T] = strawberry.field(description="The items.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")


@dataclasses.dataclass(frozen=True)
class Column:
    """A column in the clear."""

    name: str


@dataclasses.dataclass(frozen=True)
class Attribute:
    """An attribute of the sealed body."""

    name: str


@dataclasses.dataclass(frozen=True)
class Identity:
    """The global id."""


@dataclasses.dataclass(frozen=True)
class Computed:
    """A pure function of named columns and attributes."""

    columns: tuple[str, ...]
    attributes: tuple[str, ...]
    function: Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Same:
    """An object that shows the same row."""


@dataclasses.dataclass(frozen=True)
class Link:
    """Neighbouring rows."""

    shape: Shape
    join: Callable[[type[SQLModel]], tuple[tuple[str, str], ...]]
    """From the target's table."""
    order: tuple[tuple[str, bool], ...] = ()
    filters: tuple[Filter, ...] = ()
    fixed: tuple[tuple[str, Op, Any], ...] = ()
    through: "Through | None" = None
    given: tuple[str, ...] = ()
    """For a root: which facts of the viewer stand for the parent's values."""


@dataclasses.dataclass(frozen=True)
class Through:
    """A list by way of a table of pairs (a projection): its rows carry order and filters, each leads to one node."""

    table: type[SQLModel]


@dataclasses.dataclass(frozen=True)
class NodeById:
    """`node(id)`: the id says which type and row."""


@dataclasses.dataclass(frozen=True)
class Reference:
    """A payload's object: the action returned its key, the selection says what to load."""

    attribute: str


@dataclasses.dataclass(frozen=True)
class Watched:
    """A subscription: which events, each shown as which payload."""

    events: Mapping[EventKind, type[Any]]
    only: tuple[str, str, str] | None = None
    """The argument that narrows it: its name, the type whose id it is, the event's column."""
    at: StaffPermission | None = None
    """Only what is about organizations where the viewer has this permission."""


Source = Column | Attribute | Identity | Computed | Same | Link | NodeById | Reference | Watched


def node(
    row: type[SQLModel],
    body: type[Sealed] | None = None,
    *,
    guard: RecordGuard | None = None,
    organization: Any = None,
    description: str,
) -> Callable[[type[T]], type[T]]:
    """Declare a type that shows a row; `guard` is asked wherever a row of it is reached by its id."""

    def declare(cls: type[T]) -> type[T]:
        made = strawberry.type(cls, description=description)
        made.__row__ = row  # type: ignore[attr-defined]
        made.__body__ = body  # type: ignore[attr-defined]
        made.__guard__ = guard  # type: ignore[attr-defined]
        made.__organization__ = organization.key if organization is not None else None  # type: ignore[attr-defined]
        return made

    return declare


def _field(
    source: Source, description: str, guards: Sequence[Guard], arguments: Sequence[StrawberryArgument] = (), **more: Any
) -> Any:
    field: Any = strawberry.field(
        description=description,
        metadata={SOURCE: source, GUARDS: tuple(guards)},
        directives=[guard().schema_directive for guard in guards],
        **more,
    )
    if arguments:
        field.arguments = list(arguments)
    return field


def column(name: Any, description: str, *guards: Guard) -> Any:
    """Declare a field that is a column, such as `AppointmentRow.starts_at`."""
    return _field(Column(name.key), description, guards)


def sealed(name: str, description: str, *guards: Guard) -> Any:
    """Declare a field that is an attribute of the sealed body."""
    return _field(Attribute(name), description, guards)


def identity() -> Any:
    """Declare the global id."""
    return _field(Identity(), "A global, opaque id.", ())


def computed(
    function: Callable[..., Any],
    description: str,
    *guards: Guard,
    columns: Sequence[Any] = (),
    attributes: Sequence[str] = (),
) -> Any:
    """Declare a field that a pure function makes of columns (first) and sealed attributes (then)."""
    return _field(Computed(tuple(c.key for c in columns), tuple(attributes), function), description, guards)


def same(description: str, *guards: Guard) -> Any:
    """Declare an object that shows further fields of the same row."""
    return _field(Same(), description, guards)


def to_one(via: Any, description: str, *guards: Guard) -> Any:
    """Declare the row that a column points at; a patient's row is found below the same patient."""

    def join(target: type[SQLModel]) -> tuple[tuple[str, str], ...]:
        if via.key == "patient_id":
            return (("patient_id", "patient_id"),)
        if issubclass(target, Owned):
            return (("patient_id", "patient_id"), (via.key, "id"))
        return ((via.key, "id"),)

    return _field(Link(Shape.ONE, join), description, guards)


def to_many(by: Any, description: str, *guards: Guard, order: Sequence[Any] = ()) -> Any:
    """Declare the rows whose column points here, all of them; for short lists only."""
    link = Link(Shape.LIST, _by(by), order=_order(order))
    return _field(link, description, guards)


@dataclasses.dataclass(frozen=True)
class Where:
    """A filter of a connection: an argument that narrows it."""

    column: Any
    op: Op
    type: Any
    description: str


def connection(
    by: Any,
    description: str,
    *guards: Guard,
    order: Sequence[Any],
    where: Mapping[str, Where] | None = None,
    fixed: Sequence[tuple[Any, Op, Any]] = (),
    through: type[SQLModel] | None = None,
    of: Any = None,
) -> Any:
    """Declare a Relay connection of the rows whose column points here.

    `through` names a table of pairs; `of` the column here that is pointed at, where that isn't the id.
    """
    link = Link(
        Shape.PAGE,
        (lambda _: ((of.key, by.key),)) if of is not None else _by(by),
        order=_order(order),
        filters=tuple(Filter(w.column.key, w.op, name) for name, w in (where or {}).items()),
        fixed=tuple((c.key, op, value) for c, op, value in fixed),
        through=Through(through) if through else None,
    )
    return _field(link, description, guards, _page_arguments(where or {}))


def root_one(given: str, description: str, *guards: Guard) -> Any:
    """Declare a root field: the row whose id is a fact of the viewer, such as `account_id`."""
    return _field(Link(Shape.ONE, lambda _: (("given", "id"),), given=(given,)), description, guards)


def root_connection(
    description: str,
    *guards: Guard,
    order: Sequence[Any],
    where: Mapping[str, Where] | None = None,
    fixed: Sequence[tuple[Any, Op, Any]] = (),
    through: type[SQLModel] | None = None,
    at: tuple[Any, StaffPermission] | None = None,
) -> Any:
    """Declare a root connection; `at` keeps it to the organizations where the viewer has a staff permission."""
    filters = tuple(Filter(w.column.key, w.op, name) for name, w in (where or {}).items())
    if at:
        filters += (Filter(at[0].key, Op.IN, f"at:{at[1].value}"),)
    link = Link(
        Shape.PAGE,
        lambda _: (),
        order=_order(order),
        filters=filters,
        fixed=tuple((c.key, op, value) for c, op, value in fixed),
        through=Through(through) if through else None,
    )
    return _field(link, description, guards, _page_arguments(where or {}))


def node_by_id(description: str, *guards: Guard) -> Any:
    """Declare `node(id)`."""
    argument = StrawberryArgument(
        "id", "id", StrawberryAnnotation(strawberry.ID), description="A global id that this API gave out."
    )
    return _field(NodeById(), description, guards, [argument])


def reference(description: str, attribute: str = "") -> Any:
    """Declare a payload's object, given as a reference by the action."""
    return _field(Reference(attribute), description, (), default=None)


AFTER: Final = "A cursor or an `asOf`: what happened since is sent first. Without it, only what happens from now on."
ONLY: Final[Mapping[str, tuple[str, str, str]]] = {
    "Patient": ("patientId", "patient_id", "Only what is about this patient."),
    "Practitioner": ("practitionerId", "practitioner_id", "Whose times."),
}


def watched(
    description: str,
    *guards: Guard,
    events: Mapping[EventKind, type[Any]],
    only: str | None = None,
    needed: bool = False,
    at: StaffPermission | None = None,
) -> Any:
    """Declare a subscription.

    `only` names the type whose id narrows it, `needed` says that it must be given; `at` keeps it to the organizations
    where the viewer has a staff permission.
    """
    arguments = [_argument("after", str | None, AFTER)]
    narrowed = None
    if only is not None:
        name, column, text = ONLY[only]
        narrowed = (name, only, column)
        kind = StrawberryAnnotation(strawberry.ID if needed else strawberry.ID | None)
        default = UNSET if needed else None
        arguments.insert(0, StrawberryArgument(column, name, kind, description=text, default=default))
    return _field(Watched(events, narrowed, at), description, guards, arguments)


def _by(by: Any) -> Callable[[type[SQLModel]], tuple[tuple[str, str], ...]]:
    table = by.class_

    def join(target: type[SQLModel]) -> tuple[tuple[str, str], ...]:
        if by.key == "patient_id":
            return (("patient_id", "patient_id"),)
        if issubclass(table, Owned):
            return (("patient_id", "patient_id"), ("id", by.key))
        return (("id", by.key),)

    return join


@dataclasses.dataclass(frozen=True)
class Descending:
    """A column of an order, the greatest first."""

    column: Any


def desc(column: Any) -> Descending:
    """Order by a column, the greatest first."""
    return Descending(column)


def _order(order: Sequence[Any]) -> tuple[tuple[str, bool], ...]:
    """Return (column, descending) of an order's terms."""
    return tuple((term.column.key, True) if isinstance(term, Descending) else (term.key, False) for term in order)


def _page_arguments(where: Mapping[str, Where]) -> list[StrawberryArgument]:
    arguments = [
        _argument("first", int | None, "How many at most, up to 1000; 20 by default."),
        _argument("after", str | None, "Start behind this cursor."),
    ]
    return arguments + [_argument(name, w.type | None, w.description) for name, w in where.items()]


def _argument(name: str, annotation: Any, description: str) -> StrawberryArgument:
    return StrawberryArgument(name, None, StrawberryAnnotation(annotation), default=None, description=description)
