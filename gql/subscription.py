"""One running subscription: each event as its document shows it, with the rights of that moment."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog
from graphql import DocumentNode, ExecutionResult, execute

from actions.call import Call
from actions.delivering import Reader
from actions.reading import Reading
from domain.endings import Ending, StreamUnavailable
from domain.errors import Refusal
from domain.events import EventKind
from gql import answers
from gql.context import Context
from gql.exchange import StreamEnded
from gql.planning.emit import NotCovered, UnexpectedNull, teller
from gql.planning.plan import Plan
from gql.planning.sources import Watched
from persistence.away import is_away
from persistence.branches import Bound
from persistence.events import Placed
from subscriptions.stream import Stream

if TYPE_CHECKING:
    from gql.live import Live

MOST_AHEAD: Final = 32
FRESH: Final = 0.25
"""Seconds for which a decision holds while others of its batch are sent (law 4 allows one)."""
TRIES: Final = 20
PAUSE: Final = 0.5
"""Seconds between tries while the database is away."""
OWNED: Final = frozenset(EventKind) - {
    EventKind.SLOT_CHANGED,
    EventKind.RECORD_OPENED,
    EventKind.SECURITY_ALERT,
    EventKind.SESSION_ENDED,
    EventKind.REGISTRATION_CHANGED,
    EventKind.RECOVERY_CHANGED,
    EventKind.NOTIFICATION_ARRIVED,
    EventKind.SIGNED_IN,
    EventKind.CREDENTIALS_CHANGED,
    EventKind.ROLE_CHANGED,
}
"""Kinds whose subject is a patient's row."""
log = structlog.get_logger()


class Operation(NamedTuple):
    """A subscription as a client sent it, planned."""

    document: DocumentNode
    name: str | None
    given: dict[str, Any]
    """The variables as sent."""
    plan: Plan


class Subscription:
    """One running subscription: yields a response an event, each with the rights of its moment."""

    __slots__ = (
        "_ahead",
        "_begun",
        "_bound",
        "_call",
        "_cost",
        "_form",
        "_fresh",
        "_live",
        "_operation",
        "_ready",
        "_sent",
        "_sink",
        "_sleeping",
        "_stream",
    )

    def __init__(self, live: "Live", operation: Operation, call: Call, stream: Stream, bound: Bound, cost: int) -> None:
        self._live = live
        self._operation = operation
        self._call = call
        self._stream = stream
        self._bound = bound
        self._cost = cost
        self._ahead = MOST_AHEAD // 8
        self._ready: deque[tuple[int, bytes | BaseException | None]] | None = None
        self._fresh = 0.0
        self._sent = 0
        self._form: Hashable = (id(operation.plan), repr(bound) if bound else "")
        self._sink: Callable[[bytes], bool] | None = None
        self._sleeping: asyncio.Future[bytes | BaseException | None] | None = None
        self._begun: tuple[Placed, str] | None = None
        """The event of which the sleeper is being told."""

    def push_to(self, sink: Callable[[bytes], bool]) -> None:
        """Let responses go out without waking whoever awaits them, as long as the sink takes them at once."""
        self._sink = sink

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> bytes:
        """Return the next event's response.

        Raises:
            StreamEnded: the server ends the stream.
        """
        try:
            body = None
            while body is None:
                body = self._at_hand() if self._ready else await self._first()
            return body
        except Ending as ending:
            self._live.hub.close(self._stream)
            said = answers.ended(ending.code, ending.message(self._call.language))
            raise StreamEnded(said, session=ending.session, reconnect=ending.reconnect) from None
        except Refusal as refusal:
            self._live.hub.close(self._stream)
            raise StreamEnded(answers.ended(refusal.code, refusal.message(self._call.language))) from None
        except Exception as error:  # noqa: BLE001 - nothing of an accident may reach the client
            self._live.hub.close(self._stream)
            raise StreamEnded(answers.broken(error, self._call.language).body) from None

    async def aclose(self) -> None:
        """End it."""
        self._live.hub.close(self._stream)

    def _at_hand(self) -> bytes | None:
        """Return what was decided a moment ago; if that is too long ago, go back and decide once more."""
        assert self._ready is not None
        if self._stream.ended or asyncio.get_running_loop().time() > self._fresh:
            self._stream.back_to(self._sent)
            self._ready, self._ahead = None, 1
            return None
        position, told = self._ready.popleft()
        if not self._ready:
            self._ready, self._ahead = None, min(2 * self._ahead, MOST_AHEAD)
        return self._given(position, told)

    async def _first(self) -> bytes | None:
        """Return the next response, or None after something that isn't for this reader."""
        if not self._stream.expect(self):
            return await self._waiting()
        self._sleeping = asyncio.get_running_loop().create_future()
        try:
            told = await self._sleeping
        finally:
            self._sleeping = None
        if self._begun is None:
            return None
        (placed, cursor), self._begun = self._begun, None
        if isinstance(told, Exception) and is_away(told):
            told = await self._told(placed, cursor)
        return self._given(placed.position, told)

    def begin(self, placed: Placed, cursor: str) -> None:
        """Have the sleeper told of an event that has just happened."""
        self._begun = (placed, cursor)
        self._live.deliveries.add(
            self._reader(placed, cursor), lambda reading: self._rendered(placed, cursor, reading), self.told
        )

    def told(self, told: bytes | BaseException | None) -> None:
        """Pass on what the sleeper is told and let him sleep; wake him if there is more to it."""
        if self._sleeping is None or self._sleeping.done() or self._begun is None:
            return
        passed = told is None or (isinstance(told, bytes) and self._sink is not None and self._sink(told))
        if not passed:
            self._sleeping.set_result(told)
            return
        self._sent = self._begun[0].position
        self._begun = None
        if not self._stream.expect(self):
            self.rouse()

    def rouse(self) -> None:
        """Wake the sleeper: something waits that is more than the next event."""
        if self._sleeping is not None and not self._sleeping.done():
            self._sleeping.set_result(None)

    async def _waiting(self) -> bytes | None:
        """Return the next event of those at hand; what waits behind it is decided with it, more while all keep up."""
        (placed, cursor), *more = await self._next()
        if not more:
            return self._given(placed.position, await self._told(placed, cursor))
        self._fresh = asyncio.get_running_loop().time() + FRESH
        waiting = [(placed, cursor), *more]
        told = await asyncio.gather(*(self._told(*item) for item in waiting), return_exceptions=True)
        self._ready = deque((item.position, one) for (item, _), one in zip(waiting, told, strict=True))
        return None

    def _given(self, position: int, told: bytes | BaseException | None) -> bytes | None:
        if isinstance(told, BaseException):
            raise told
        self._sent = position
        return told

    async def _next(self) -> list[tuple[Placed, str]]:
        for _ in range(TRIES):
            try:
                return await self._stream.some(self._ahead)
            except Exception as error:  # noqa: BLE001 - raised again, unless the database is away
                await _paused(error)
        raise StreamUnavailable

    async def _told(self, placed: Placed, cursor: str) -> bytes | None:
        reader = self._reader(placed, cursor)
        for _ in range(TRIES):
            try:
                return await self._live.deliveries.deliver(
                    reader, lambda reading: self._rendered(placed, cursor, reading)
                )
            except Exception as error:  # noqa: BLE001 - raised again, unless the database is away
                await _paused(error)
        raise StreamUnavailable

    def _reader(self, placed: Placed, cursor: str) -> Reader:
        form = self._live.form((self._form, placed.id, cursor), placed, self._operation.plan, self._bound)
        return Reader(self._call, self._stream.interest.viewer, self._stream.began, placed, form)

    def _rendered(self, placed: Placed, cursor: str, reading: Reading) -> bytes:
        """Return the response; its `asOf` is the event's cursor: what came later is still to be sent."""
        event = placed.event
        payload = payload_of(self._operation.plan, placed)
        owned = event.kind in OWNED
        key = (event.patient_id or 0, event.subject_id) if owned else (event.subject_id,)
        subject = self._live.subject(payload, key)
        happening = payload(kind=event.kind, subject_id=subject, cursor=cursor, at=placed.at)
        happening.put(reading.values)
        context = Context(self._call, reading.rights, cursor, cost=self._cost)
        data = _emitted(self._operation.plan, happening, reading)
        if data is not None:
            return answers.emitted(data, context)
        result = execute(
            self._live.schema,
            self._operation.document,
            root_value=happening,
            context_value=context,
            variable_values=self._operation.given,
            operation_name=self._operation.name,
        )
        assert isinstance(result, ExecutionResult)
        return answers.answered(result, context)


def _emitted(plan: Plan, happening: Any, reading: Reading) -> dict[str, Any] | None:
    """Return an event's data by the generated emitter; None where graphql-core must walk."""
    if not reading.clean or not all(guard.decide_viewer(reading.rights).allowed for guard in plan.asks):
        return None
    name = type(happening).__name__
    if name not in plan.tell:
        try:
            plan.tell[name] = teller(plan, name)
        except NotCovered:
            plan.tell[name] = None
    tell = plan.tell[name]
    try:
        return tell(happening) if tell else None
    except UnexpectedNull:
        return None


def payload_of(plan: Plan, placed: Placed) -> type[Any]:
    """Return the type that tells of an event."""
    assert plan.watched is not None
    source = plan.watched[0].source
    assert isinstance(source, Watched)
    return source.events[placed.event.kind]


async def _paused(error: Exception) -> None:
    if not is_away(error):
        raise error
    log.warning("an event waits", error=type(error).__name__)
    await asyncio.sleep(PAUSE)
