"""Subscriptions: what a document wants to hear of, and what those who ask alike have in common."""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, Final

from graphql import GraphQLSchema
from graphql.execution.values import VariableValues, get_argument_values

from actions.app import App
from actions.call import Call
from actions.delivering import Form
from actions.reading import Ahead, Wanted, read
from actions.watching import require_watchable
from domain.access import Rights, StaffPermission
from domain.errors import InvalidInput, TooCostly
from domain.events import EventKind
from gql.deliveries import Deliveries
from gql.permissions import ViewerPermission
from gql.planning.declared import Declarations, item_type
from gql.planning.ids import NodeId
from gql.planning.plan import Plan
from gql.planning.price import MOST, price
from gql.planning.sources import Reference, Watched
from gql.subscription import Operation, Subscription, payload_of
from persistence.branches import Bound
from persistence.events import Cursor, Placed
from persistence.tree import Branch, Root
from subscriptions.hub import Hub
from subscriptions.stream import EVERYONES, Interest

FORMS: Final = 256


class Live:
    """The subscriptions of one process."""

    def __init__(self, app: App, hub: Hub, schema: GraphQLSchema, declarations: Declarations) -> None:
        self.hub = hub
        self.schema = schema
        self.deliveries = Deliveries(app)
        self._declarations = declarations
        self._subjects: dict[type[Any], str | None] = {}
        self._forms: dict[Hashable, Form] = {}

    async def start(self, operation: Operation, variables: VariableValues, call: Call) -> "Subscription":
        """Begin a subscription.

        Raises:
            NotSignedIn: it isn't public.
            Forbidden: the viewer has no right to it.
            NotFound: the viewer may not learn that there is such a patient.
            InvalidInput: an argument is none.
            TooCostly: each event might load too much.
            TooManySubscriptions: the person has as many as one may have.
        """
        assert operation.plan.watched is not None
        declared, node = operation.plan.watched
        source = declared.source
        assert isinstance(source, Watched)
        bound = operation.plan.bound(variables)
        cost = price(operation.plan, bound)
        if cost > MOST:
            raise TooCostly
        given = get_argument_values(declared.field, node, variables)
        reading = await read(call, lambda _: Wanted((), {}), ahead=Ahead(whole=True))
        only = await self._only(source, given, call, reading.rights, declared.guards)
        after = given.get("after")
        interest = Interest(_kinds(source, reading.rights), reading.viewer, only, call.address)
        cursor = _cursor(after if after is not None else reading.as_of)
        stream = self.hub.open(interest, cursor, reading.now, new=after is None)
        return Subscription(self, operation, call, stream, bound, cost)

    async def _only(
        self, source: Watched, given: dict[str, Any], call: Call, rights: Rights, guards: tuple[Any, ...]
    ) -> frozenset[tuple[str, int]] | None:
        """Return what a subscription is narrowed to, once it may be watched at all."""
        allowed = all(guard.decide_viewer(rights).allowed for guard in guards if issubclass(guard, ViewerPermission))
        named = given.get(source.only[0]) if source.only else None
        patient_id = None
        only = None
        if source.only is not None and named is not None:
            number = _named(named, source.only[1], source.only[0])
            only = frozenset({(source.only[2], number)})
            patient_id = number if source.only[2] == "patient_id" else None
        await require_watchable(call, rights, source.events, patient_id, allowed=allowed)
        if source.at is not None:
            everyones = {EVERYONES} if source.at is StaffPermission.READ_SECURITY_LOG else set()
            only = frozenset({("organization_id", place) for place in rights.places(source.at)} | everyones)
        return only

    def form(self, key: Hashable, placed: Placed, plan: Plan, bound: Bound) -> Form:
        """Return what the readers of an event by one plan have in common, made once for all who wait for it."""
        form = self._forms.get(key)
        if form is None:
            if len(self._forms) >= FORMS:
                self._forms.clear()
            form = self._forms[key] = Form(key, _roots(plan, placed), bound, _asks(plan))
        return form

    def subject(self, payload: type[Any], key: tuple[int, ...]) -> str | None:
        """Return the global id of what an event is about, where that has one."""
        if payload not in self._subjects:
            self._subjects[payload] = self._subject(payload)
        typename = self._subjects[payload]
        return NodeId(typename, key).text() if typename else None

    def _subject(self, payload: type[Any]) -> str | None:
        for (typename, _), declared in self._declarations:
            if typename == payload.__name__ and isinstance(declared.source, Reference):
                target = item_type(declared.field, connection=False).name
                return target if target in self._declarations.nodes() else None
        return None


def _roots(plan: Plan, placed: Placed) -> list[Root]:
    """Return what to load of an event: the row that it is about, as the document selects it of this payload."""
    assert plan.watched is not None
    node = plan.watched[1]
    key = node.alias.value if node.alias else node.name.value
    links = plan.payloads.get(f"{key}:{payload_of(plan, placed).__name__}") or plan.payloads.get(key, {})
    return [Root(inner, branch, _key(placed, branch)) for inner, (_, branch) in links.items()]


def _asks(plan: Plan) -> Callable[[Rights], Hashable]:
    asks = tuple(plan.asks)
    return lambda rights: tuple(guard.decide_viewer(rights) for guard in asks)


def _kinds(source: Watched, rights: Rights) -> frozenset[EventKind]:
    """Return the kinds of events to hear of: alerts only where they may be seen at all."""
    return _kinds_for(tuple(source.events), bool(rights.places(StaffPermission.READ_SECURITY_LOG)))


@lru_cache
def _kinds_for(kinds: tuple[EventKind, ...], officer: bool) -> frozenset[EventKind]:
    """Return the one set that all such streams share."""
    return frozenset(kind for kind in kinds if officer or kind is not EventKind.SECURITY_ALERT)


def _cursor(text: str) -> Cursor:
    try:
        return Cursor.parse(text)
    except ValueError:
        raise InvalidInput("after") from None


def _named(text: str, typename: str, argument: str) -> int:
    try:
        parsed = NodeId.parse(text)
    except ValueError:
        raise InvalidInput(argument) from None
    if parsed.typename != typename:
        raise InvalidInput(argument)
    return parsed.key[0]


def _key(placed: Placed, branch: Branch) -> tuple[int, ...]:
    event = placed.event
    return (event.patient_id or 0, event.subject_id) if branch.owned else (event.subject_id,)
