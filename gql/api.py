"""The engine behind the transports: a request in, one complete answer or a stream of them out."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Literal

from graphql import (
    ExecutionResult,
    OperationDefinitionNode,
    OperationType,
    execute,
)
from graphql.execution.values import VariableValues, get_variable_values

from actions.app import App
from actions.call import Call
from actions.reading import Ahead, Reading, Wanted, read
from domain.access import CATEGORY, Category, Rights, StaffPermission
from domain.accounts import Viewer
from domain.audit import AuditAction, AuditEntry, Outcome
from domain.errors import Refusal, TooCostly
from gql import answers
from gql.assembled import declarations, strawberry_schema
from gql.context import Context
from gql.documents import Document, Documents
from gql.documents import Refusal as DocumentRefused
from gql.exchange import Caller, Reply, Request, Stream
from gql.live import Live
from gql.permissions import StaffOnly
from gql.planning.emit import NotCovered, UnexpectedNull, emitter
from gql.planning.plan import Plan, PlannedRoot, Planner, node_root
from gql.planning.price import MOST, price
from gql.planning.sources import Link, NodeById
from gql.schema.payloads import Payload
from gql.subscription import Operation
from gql.trusted import Trusted
from persistence import sessions
from persistence.sessions import SEEN_EVERY
from persistence.tree import Arguments, Branch, Op, Root
from security.tokens import digest
from subscriptions.hub import Hub

SECONDS: Final = 5.0
NO_LIST: Final = Trusted()
Kind = Literal["query", "mutation", "subscription"]


class Prepared:
    """A request that may run."""

    def __init__(
        self, request: Request, document: Document, operation: OperationDefinitionNode, variables: VariableValues
    ) -> None:
        self.request = request
        self.document = document
        self.operation = operation
        self.variables = variables

    @property
    def name(self) -> str:
        """Return the operation's name, for the audit log."""
        return self.operation.name.value[:100] if self.operation.name else ""


class Api:
    """GraphQL for one process."""

    def __init__(self, app: App, hub: Hub, *, introspection: bool = True, trusted: Trusted = NO_LIST) -> None:
        self._app = app
        self.schema = strawberry_schema()
        self._core = self.schema._schema
        declared = declarations(self._core, self._fill)
        self._planner = Planner(declared)
        self._live = Live(app, hub, self._core, declared)
        self._documents = Documents(self._core, self._planner, introspection=introspection)
        self._trusted = trusted

    # what transports ask

    def kind(self, request: Request) -> Kind | None:
        """Return the operation's kind; None where the document doesn't pass or names no single operation."""
        try:
            operation = self._documents.get(self._trusted.text(request)).operation(request.operation_name)
        except DocumentRefused:
            return None
        return operation.operation.value if operation else None

    async def knows(self, caller: Caller) -> bool:
        """Return whether the caller's token opens a live session."""
        if caller.token is None:
            return False
        async with self._app.store.snapshot() as snapshot:
            return await sessions.live(snapshot, digest(caller.token)) is not None

    async def execute(self, request: Request, caller: Caller) -> Reply:
        """Run a query or mutation; every failure is a reply."""
        try:
            prepared = self._prepared(request)
            if isinstance(prepared, Reply):
                return prepared
            if prepared.operation.operation is OperationType.SUBSCRIPTION:
                return answers.failed("SUBSCRIPTION_NEEDS_A_STREAM", "A subscription needs a stream.")
            async with asyncio.timeout(SECONDS):
                return Reply(await self._executed(prepared, self._call(prepared, caller)))
        except Refusal as refusal:
            return answers.refused(refusal, caller.language)
        except TimeoutError:
            return answers.failed("TIMEOUT", "The operation took too long.", status=answers.BUSY, retry_after=1)
        except Exception as error:  # noqa: BLE001 - nothing of an accident may reach the client
            return answers.broken(error, caller.language)

    async def subscribe(self, request: Request, caller: Caller) -> Stream | Reply:
        """Start a subscription, or reply as `execute` does."""
        try:
            prepared = self._prepared(request)
            if isinstance(prepared, Reply):
                return prepared
            if prepared.operation.operation is not OperationType.SUBSCRIPTION:
                return await self.execute(request, caller)
            return await self._live.start(self._operation(prepared), prepared.variables, self._call(prepared, caller))
        except Refusal as refusal:
            return answers.refused(refusal, caller.language)
        except Exception as error:  # noqa: BLE001
            return answers.broken(error, caller.language)

    # queries and mutations

    def _prepared(self, request: Request) -> Prepared | Reply:
        try:
            document = self._documents.get(self._trusted.text(request))
        except DocumentRefused as refusal:
            return answers.rejected(refusal.errors, refusal.code)
        operation = document.operation(request.operation_name)
        if operation is None:
            return answers.failed("OPERATION_RESOLUTION_FAILURE", "Name one operation of the document.")
        variables = get_variable_values(
            self._core, operation.variable_definitions or (), request.variables, max_errors=5, hide_suggestions=True
        )
        if isinstance(variables, list):
            return answers.rejected(variables, "BAD_USER_INPUT")
        return Prepared(request, document, operation, variables)

    def _call(self, prepared: Prepared, caller: Caller) -> Call:
        return Call(
            self._app,
            digest(caller.token) if caller.token else None,
            caller.address,
            caller.user_agent,
            prepared.name,
            caller.language,
            caller.key,
        )

    def _plan(self, prepared: Prepared) -> Plan:
        conditions = {name: bool(prepared.variables.coerced[name]) for name in prepared.document.conditions}
        return self._documents.plan(prepared.document, prepared.request.operation_name, conditions)

    def _operation(self, prepared: Prepared) -> Operation:
        request = prepared.request
        return Operation(prepared.document.node, request.operation_name, request.variables, self._plan(prepared))

    async def _executed(self, prepared: Prepared, call: Call) -> bytes:
        plan = self._plan(prepared)
        context, reading = await self._context(prepared, plan, call)
        if prepared.operation.operation is OperationType.QUERY:
            emitted = _emitted(plan, reading, context)
            if emitted is not None:
                await self._seen(context.viewer, call)
                return emitted
        result = execute(
            self._core,
            prepared.document.node,
            context_value=context,
            variable_values=prepared.request.variables,
            operation_name=prepared.request.operation_name,
            hide_suggestions=True,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        await self._seen(context.viewer, call)
        return answers.answered(result, context)

    async def _context(self, prepared: Prepared, plan: Plan, call: Call) -> tuple[Context, Reading]:
        bound = plan.bound(prepared.variables)
        cost = price(plan, bound)
        if cost > MOST:
            raise TooCostly
        ahead = _ahead(plan, bound, prepared.variables, call)
        reading = await read(call, lambda rights: _wanted(plan, bound, prepared.variables, rights, ahead), ahead=ahead)
        context = Context.of(call, reading)
        context.bound, context.payloads, context.cost = bound, plan.payloads, cost
        return context, reading

    async def _fill(self, payload: Payload, context: Context, key: str) -> None:
        """Load what a payload refers to, with the viewer's rights after the act."""
        reading = await self._referred(payload, context, key, shown=True)
        if reading is not None:
            context.rights = reading.rights
            payload.as_of = reading.as_of
        context.as_of = payload.as_of or context.as_of

    async def _referred(self, payload: Payload, context: Context, key: str, *, shown: bool = False) -> Reading | None:
        """Load the rows of a payload; `shown`: the act's own entry tells of the row that it gives back."""
        roots = [
            Root(inner, branch, parent)
            for inner, (attribute, branch) in context.payloads.get(key, {}).items()
            if (parent := payload.key(attribute)) is not None and len(parent) == len(branch.join)
        ]
        if not roots:
            return None
        covered = frozenset(_covered(root) for root in roots if root.branch.row_guard) if shown else frozenset()
        ahead = Ahead(roots, context.bound, whole=True)
        reading = await read(context.call, lambda _: Wanted(roots, context.bound), covered, ahead)
        payload.put(reading.values)
        return reading

    async def _seen(self, viewer: Viewer | None, call: Call) -> None:
        """Note that the person acted, once a minute."""
        store = self._app.store
        if viewer is None or viewer.seen_at is None or store.clock() - viewer.seen_at < SEEN_EVERY:
            return
        async with store.begin() as tx:
            await sessions.seen_now(tx, viewer)


def _emitted(plan: Plan, reading: Reading, context: Context) -> bytes | None:
    """Return the answer by the generated emitter; None where graphql-core must walk."""
    refused = not all(guard.decide_viewer(reading.rights).allowed for guard in plan.asks)
    if (
        refused
        or not reading.clean
        or plan.uncovered
        or any(out.key not in reading.values for out in plan.outs if out.child)
    ):
        return None
    try:
        if plan.emit is None:
            plan.emit = emitter(plan)
        data = plan.emit(reading.values, reading.as_of)
    except NotCovered as reason:
        plan.uncovered = str(reason)
        return None
    except UnexpectedNull:
        return None
    return answers.emitted(data, context)


def _covered(root: Root) -> tuple[int, Category]:
    assert root.branch.row_guard is not None
    return root.parent[0], CATEGORY[root.branch.row_guard]


def _ahead(plan: Plan, bound: Mapping[int, Arguments], variables: VariableValues, call: Call) -> Ahead:
    """Return the roots that can be loaded before it is known who asks: what is public, given by an id, or one's own."""
    roots: list[Root] = []
    later = 0
    for planned in plan.roots:
        source = planned.declared.source
        if isinstance(source, NodeById):
            if call.token_hash and (found := _node(planned, variables)):
                roots.append(Root(planned.key, *found))
        elif isinstance(source, Link):
            branch = next(iter(planned.branches.values()))
            if any(issubclass(guard, StaffOnly) for guard in planned.declared.guards):
                later += 1
            elif call.token_hash or not source.given:
                roots.append(Root(planned.key, branch, own=source.given))
    return Ahead(roots, bound, whole=not later)


def _wanted(
    plan: Plan, bound: Mapping[int, Arguments], variables: VariableValues, rights: Rights, ahead: Ahead
) -> Wanted:
    """Return the roots that a viewer may load; what roles open is filtered to their places."""
    loaded = {root.key: root for root in ahead.roots}
    roots: list[Root] = []
    narrowed = dict(bound)
    entries: list[AuditEntry] = []
    for planned in plan.roots:
        source = planned.declared.source
        entries += _told(planned, rights)
        if isinstance(source, NodeById):
            if planned.key in loaded and rights.viewer:
                roots.append(loaded[planned.key])
        elif isinstance(source, Link):
            branch = next(iter(planned.branches.values()))
            parent = _given(source, rights.viewer)
            if parent is not None and _may(planned, rights):
                narrowed[branch.number] = _placed(branch, narrowed.get(branch.number, Arguments()), rights)
                roots.append(loaded.get(planned.key) or Root(planned.key, branch, parent))
    return Wanted(roots, narrowed, entries)


def _may(planned: PlannedRoot, rights: Rights) -> bool:
    """Return whether a root's guards let it be loaded; the walker says why not."""
    return all(guard.decide_viewer(rights).allowed for guard in planned.declared.guards)  # type: ignore[union-attr]


def _told(planned: PlannedRoot, rights: Rights) -> list[AuditEntry]:
    """Return what the audit log is told of a root that isn't about a patient: a refusal, or that the log was opened."""
    if not _may(planned, rights):
        return [
            AuditEntry(AuditAction.ASK_FIELD, Outcome.REFUSED, reason="FORBIDDEN" if rights.viewer else "NOT_SIGNED_IN")
        ]
    guards = planned.declared.guards
    return [AuditEntry(g.recorded) for g in guards if issubclass(g, StaffOnly) and g.recorded is not None]


def _node(planned: PlannedRoot, variables: VariableValues) -> tuple[Branch, tuple[int, ...]] | None:
    from graphql.execution.values import get_argument_values

    given = get_argument_values(planned.declared.field, planned.node, variables)
    return node_root(planned.branches, given["id"])


def _given(source: Link, viewer: Viewer | None) -> tuple[Any, ...] | None:
    if not source.given:
        return ()
    return None if viewer is None else tuple(getattr(viewer, name) for name in source.given)


def _placed(branch: Branch, arguments: Arguments, rights: Rights) -> Arguments:
    """Return a root's arguments, kept to the organizations where the viewer has the staff permission it needs."""
    filters = dict(arguments.filters)
    for condition in branch.filters:
        if condition.op is Op.IN and condition.argument.startswith("at:"):
            permission = StaffPermission(condition.argument.removeprefix("at:"))
            everyones = (0,) if permission is StaffPermission.READ_SECURITY_LOG else ()
            filters[condition.argument] = [*rights.places(permission), *everyones]
    return Arguments(filters, arguments.first, arguments.after)
