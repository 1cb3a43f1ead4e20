"""What a plan loads: a tree of branches, made from the declarations of the schema; no SQL, no keys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from sqlmodel import SQLModel

from domain.access import Decision, Permission
from persistence.columns import Owned, Sealed, SealedRow

SEALING: Final = ("id", "key_id", "version", "body")


class Shape(Enum):
    """How many rows hang on one parent."""

    ONE = "one"
    LIST = "list"
    PAGE = "page"


class Op(Enum):
    """How a filter compares."""

    EQ = "="
    GE = ">="
    LT = "<"
    IN = "in"
    KEYED = "keyed"
    """By the keyed hash of the value under the patient's hash key."""
    IS_NULL = "is null"


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a column; `argument` names the value, absent when the client gave none."""

    column: str
    op: Op
    argument: str


@dataclass(slots=True)
class Arguments:
    """A branch's values in one operation."""

    filters: Mapping[str, Any] = field(default_factory=dict)
    first: int | None = None
    after: tuple[Any, ...] | None = None
    """Values of the order's columns, as stored, of the row that the page follows."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Branch:
    """Rows of one table below one parent, and what hangs on them."""

    table: type[SQLModel]
    body: type[Sealed] | None = None
    join: tuple[tuple[str, str], ...] = ()
    """(column of the parent, column here); a root's parent is what is given: the viewer, an id."""
    shape: Shape = Shape.ONE
    order: tuple[tuple[str, bool], ...] = ()
    """(column, descending); the last one makes it total."""
    filters: tuple[Filter, ...] = ()
    fixed: tuple[tuple[str, Op, Any], ...] = ()
    """Conditions that hold always, such as "not replaced"."""
    guards: tuple[Permission, ...] = ()
    """What must be allowed to follow the link that leads here."""
    number: int = 0
    columns: list[str] = field(default_factory=list)
    asks: set[Permission] = field(default_factory=set)
    """Guards of the fields that are selected here."""
    opens: set[Permission | None] = field(default_factory=set)
    """For what the body is wanted: any of these opens it; None: whoever may see the row. Empty: it stays closed."""
    children: dict[str, "Branch"] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    """Which child a field node of the document means (by the node's identity)."""
    index: dict[str, int] = field(default_factory=dict)
    """Where each column stands in the rows of the statement that loads this branch."""
    organization: str | None = None
    """The column that says to which organization a row belongs, where access depends on it."""
    typename: str = ""
    row_guard: Permission | None = None
    """What must be allowed to reach a row of this type by its id."""

    plain: bool | None = None
    """Nothing is asked of a row here or below, nothing is opened; known once the plan is whole."""

    @property
    def owned(self) -> bool:
        """Return whether the rows belong to patients."""
        return issubclass(self.table, Owned)

    def is_plain(self) -> bool:
        """Return whether rows here need no look: they belong to nobody, and so does all below."""
        if self.plain is None:
            asked = self.asks or self.opens or self.guards or self.row_guard or self.owned or self.organization
            self.plain = not asked and all(child.is_plain() for child in self.children.values())
        return self.plain

    def is_leaf(self) -> bool:
        """Return whether rows here have nothing below and are the same person's as the row above."""
        return not self.children and self.organization is None and ("patient_id", "patient_id") in self.join

    def need(self, *columns: str) -> None:
        """Ask for columns."""
        for column in columns:
            if column not in self.columns:
                self.columns.append(column)

    def open_for(self, permission: Permission | None) -> None:
        """Ask for the body."""
        self.opens.add(permission)
        self.need(*SEALING)
        if issubclass(self.table, SealedRow) and self.table.__owner_column__ is not None:
            self.need(self.table.__owner_column__)

    def walk(self) -> "Iterator[Branch]":
        """Yield this branch and all below it."""
        yield self
        for child in self.children.values():
            yield from child.walk()


NONE_BELOW: Final[dict[str, Any]] = MappingProxyType({})  # type: ignore[assignment]
"""What hangs on a row that can have nothing below; hundreds of them share it."""


class Loaded:
    """One row of a branch: its values, its opened body, what hangs on it."""

    __slots__ = ("body", "branch", "links", "row")

    def __init__(self, branch: Branch, row: Sequence[Any]) -> None:
        self.branch = branch
        self.row = row
        self.body: Any = None
        self.links: dict[str, Any] = {} if branch.children else NONE_BELOW

    def column(self, name: str) -> Any:
        """Return a column as stored."""
        return self.row[self.branch.index[name]]

    @property
    def patient_id(self) -> int | None:
        """Return whose row it is."""
        index = self.branch.index.get("patient_id")
        return None if index is None else self.row[index]

    @property
    def organization_id(self) -> int | None:
        """Return the organization that the row belongs to, where access depends on it."""
        return self.column(self.branch.organization) if self.branch.organization else None


class Refused:
    """Stands where a link may not be followed."""

    __slots__ = ("decision",)

    def __init__(self, decision: Decision) -> None:
        self.decision = decision


class Page:
    """A page of a connection."""

    __slots__ = ("branch", "has_next", "has_previous", "items")

    def __init__(self, branch: Branch, items: list[Loaded], has_next: bool, has_previous: bool) -> None:
        self.branch = branch
        self.items = items
        self.has_next = has_next
        self.has_previous = has_previous


@dataclass(frozen=True, slots=True)
class Root:
    """A branch that hangs on nothing loaded: on the viewer, on an id, on nothing at all."""

    key: str
    branch: Branch
    parent: tuple[Any, ...] = ()
    """The values of the join, where they are known."""
    own: tuple[str, ...] = ()
    """Else which columns of the viewer's session they are."""

    @property
    def patient_id(self) -> int | None:
        """Return whose row it is, where that is known."""
        names = [own for _, own in self.branch.join]
        return self.parent[names.index("patient_id")] if self.parent and "patient_id" in names else None
