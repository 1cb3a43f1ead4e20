"""The exact path: graphql-core walks the loaded rows by these resolvers, made from the declarations."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLResolveInfo

from domain.access import Decision, Reason
from domain.errors import Forbidden, NotSignedIn
from gql.permissions import RecordPermission, ViewerPermission
from gql.planning.cursors import cursor_of
from gql.planning.declared import Declarations, Declared
from gql.planning.ids import NodeId
from gql.planning.plan import PAIRED
from gql.planning.sources import Attribute, Column, Computed, Guard, Identity, Link, NodeById, Reference, Same, Watched
from persistence.columns import from_micros
from persistence.reads import column_kind
from persistence.tree import Branch, Loaded, Page, Refused

Resolver = Callable[..., Any]
Info = GraphQLResolveInfo[Any]


class PageView:
    """A page as Relay's connection shows it."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @cached_property
    def nodes(self) -> list[Loaded]:
        """Return the items."""
        return [item.links.get(PAIRED, item) for item in self._page.items]

    @property
    def edges(self) -> list["EdgeView"]:
        """Return the items with cursors."""
        return [EdgeView(row, node) for row, node in zip(self._page.items, self.nodes, strict=True)]

    @property
    def page_info(self) -> "PageInfoView":
        """Return where the page lies."""
        return PageInfoView(self._page)


class EdgeView:
    """An item with its cursor."""

    def __init__(self, row: Loaded, node: Loaded) -> None:
        self._row = row
        self.node = node

    @property
    def cursor(self) -> str:
        """Return the cursor."""
        return cursor_of(self._row)


class PageInfoView:
    """Where a page lies in its list."""

    def __init__(self, page: Page) -> None:
        self.has_next_page = page.has_next
        self.has_previous_page = page.has_previous
        self.start_cursor = cursor_of(page.items[0]) if page.items else None
        self.end_cursor = cursor_of(page.items[-1]) if page.items else None


def install(declarations: Declarations) -> None:
    """Give every declared field of a schema its resolver, and the interface its types."""
    for (typename, _), declared in declarations:
        if isinstance(declared.source, Watched):
            declared.field.resolve = lambda happening, info, **_: happening
            continue
        root = typename == "Query"
        declared.field.resolve = _root(declared) if root else _guarded(declared, _value(declared))
    for kind in declarations.schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            kind.is_type_of = None
        elif isinstance(kind, GraphQLInterfaceType):
            kind.resolve_type = _typename


def _typename(value: Any, *_: Any) -> str:
    return value.branch.typename if isinstance(value, Loaded) else type(value).__name__


def _root(declared: Declared) -> Resolver:
    viewer_guards = [guard for guard in declared.guards if issubclass(guard, ViewerPermission)]

    def resolve(_source: Any, info: Info, **_arguments: Any) -> Any:
        for guard in viewer_guards:
            require_viewer(guard, info)
        return _shown(info.context.values.get(info.path.key), info)

    return resolve


def require_viewer(guard: type[ViewerPermission], info: Info) -> None:
    """Check a guard of a root field.

    Raises:
        NotSignedIn: nobody is there.
        Forbidden: no role of the viewer has the permission.
    """
    decision = guard.decide_viewer(info.context.rights)
    if not decision.allowed:
        raise NotSignedIn if decision.reason is Reason.SIGN_IN else Forbidden


def _value(declared: Declared) -> Resolver:
    source = declared.source
    if isinstance(source, Column):
        return _column(source.name)
    if isinstance(source, Attribute):
        return _attribute(source.name)
    if isinstance(source, Computed):
        return _computed(source)
    if isinstance(source, Identity):
        return lambda row, info: identity_of(row)
    if isinstance(source, Same):
        return lambda row, info: row
    if isinstance(source, Reference):
        return lambda payload, info: _shown(payload.loaded(info.path.key), info)
    assert isinstance(source, Link | NodeById)
    return lambda row, info: _shown(row.links[row.branch.keys[id(info.field_nodes[0])]], info)


def _guarded(declared: Declared, value: Resolver) -> Resolver:
    guards = declared.guards

    def resolve(source: Any, info: Info, **_arguments: Any) -> Any:
        for guard in guards:
            decision = _decided(guard, source, info)
            if not decision.allowed:
                info.context.deny(info.path.as_list(), decision)
                return None
        return value(source, info)

    return resolve


def _decided(guard: Guard, source: Any, info: Info) -> Decision:
    rights = info.context.rights
    if issubclass(guard, RecordPermission):
        if not isinstance(source, Loaded) or source.patient_id is None:
            return Decision(True)  # a shared row leads to a patient's: the row behind the link has its own guard
        return guard.decide(rights, source.patient_id, source.organization_id)
    return guard.decide_viewer(rights)


def _shown(value: Any, info: Info) -> Any:
    if isinstance(value, Refused):
        info.context.deny(info.path.as_list(), value.decision)
        return None
    return PageView(value) if isinstance(value, Page) else value


def identity_of(row: Loaded) -> str:
    """Return a row's global id."""
    patient_id = row.patient_id
    key = (row.column("id"),) if patient_id is None else (patient_id, row.column("id"))
    return NodeId(row.branch.typename, key).text()


def stored(branch: Branch, row: Loaded, name: str) -> Any:
    """Return a column's value; instants as datetimes."""
    value = row.column(name)
    return from_micros(value) if value is not None and column_kind(branch.table, name) == "instant" else value


def _column(name: str) -> Resolver:
    return lambda row, info: stored(row.branch, row, name)


def _attribute(name: str) -> Resolver:
    return lambda row, info: getattr(row.body, name)


def _computed(source: Computed) -> Resolver:
    def resolve(row: Loaded, info: Info) -> Any:
        columns = [stored(row.branch, row, name) for name in source.columns]
        return source.function(*columns, *(getattr(row.body, name) for name in source.attributes))

    return resolve
