"""One watcher's way through the event log: replay from a cursor, then live; each event once, in order."""

import asyncio
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from domain.accounts import Role, Viewer
from domain.endings import Ending
from domain.events import EventKind
from persistence.events import Cursor, Placed
from persistence.watching import Scope, Topic, holders

if TYPE_CHECKING:
    from subscriptions.hub import Hub

QUEUE: Final = 256
PAGE: Final = 200


class Interest(NamedTuple):
    """What a watcher wants to hear of, and as whom."""

    kinds: frozenset[EventKind]
    viewer: Viewer | None
    """None: nobody signed in, who hears of what is public."""
    only: frozenset[Topic] | None = None
    """Only what is about this patient or practitioner, or these organizations."""
    address: str = ""
    """From where nobody in particular watches."""

    def topics(self) -> frozenset[Topic]:
        """Return under what the hub finds the watcher: what events are about, and what rights hang on."""
        also = holders(self.viewer) if self.viewer else ()
        return frozenset((*self._owners(), *also))

    def scope(self) -> Scope:
        """Return what to read of the log."""
        return Scope(self.kinds, frozenset(self._owners()), None if self.only is not None else self.viewer)

    def wants(self, placed: Placed) -> bool:
        """Return whether an event of the watcher's topics is of interest."""
        event = placed.event
        if event.kind not in self.kinds:
            return False
        if self.only is None:
            return True
        for name, number in self.only:  # noqa: SIM110 - a generator for every watcher at every change costs more
            if getattr(event, name) == number:
                return True
        return False

    @property
    def person(self) -> Topic | str:
        """Return for whom the number of streams is limited."""
        return self.address if self.viewer is None else ("account_id", self.viewer.account_id)

    def _owners(self) -> Iterable[Topic]:
        if self.only is not None:
            return self.only
        return _own(self.viewer) if self.viewer else ()


def _own(viewer: Viewer) -> list[Topic]:
    found: list[Topic] = [("account_id", viewer.account_id)]
    if viewer.patient_id is not None:
        found.append(("patient_id", viewer.patient_id))
    if viewer.practitioner_id is not None and viewer.holds(Role.DOCTOR):
        found.append(("practitioner_id", viewer.practitioner_id))
    found += [("organization_id", grant.organization_id) for grant in viewer.roles]
    return found if not viewer.roles else [*found, EVERYONES]


EVERYONES: Final = ("organization_id", 0)
"""Events of no organization in particular, such as an alert about somebody without a role."""


class Sleeper(Protocol):
    """A watcher who is up to date, and has his next event dealt with without being woken."""

    def begin(self, placed: Placed, cursor: str) -> None:
        """Take the next event and the cursor after it."""
        ...

    def rouse(self) -> None:
        """Wake up and ask the stream: it has ended, or there is more than one event."""
        ...


class Stream:
    """A bounded queue between the hub and one watcher; who falls behind reads on from the log."""

    __slots__ = (
        "_behind",
        "_ended",
        "_hub",
        "_position",
        "_queue",
        "_seen",
        "_sleeper",
        "_waiting",
        "age",
        "began",
        "interest",
    )

    def __init__(self, hub: "Hub", interest: Interest, cursor: Cursor, began: datetime, age: float, new: bool) -> None:
        """`new`: the cursor is of this very moment, so nothing can lie between it and what the hub will offer."""
        self.interest = interest
        self.began = began
        """As of when the watcher's rights were looked at first."""
        self.age = age
        """When, by the loop's clock, the watcher is asked to connect anew."""
        self._hub = hub
        self._position = cursor.position
        self._seen: set[int] | None = set(cursor.seen) or None
        self._queue: deque[Placed] | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._sleeper: Sleeper | None = None
        self._behind = (cursor.position > hub.position and not new) or cursor.position < hub.position
        self._ended: type[Ending] | None = None

    def offer(self, placed: Placed) -> None:
        """Take an event from the hub; never blocks, never grows beyond the bound."""
        if self._behind:
            return
        if self._sleeper is not None:
            if self._is_next(placed):
                sleeper, self._sleeper = self._sleeper, None
                sleeper.begin(placed, self.cursor())
            return
        if self._queue is None:
            self._queue = deque()
        if len(self._queue) >= QUEUE:
            self._queue = None
            self._behind = True
        else:
            self._queue.append(placed)
        self._wake()

    def end(self, ended: type[Ending]) -> None:
        """End the stream before its next event."""
        self._ended = self._ended or ended
        self._wake()

    def expect(self, sleeper: Sleeper) -> bool:
        """Have the next event handed to a sleeper; False if something is at hand already."""
        if self._queue or self._behind or self._ended is not None:
            return False
        self._sleeper = sleeper
        return True

    async def next(self) -> Placed:
        """Return the next event: each once, in order.

        Raises:
            Ending: the server ends the stream.
            StreamGap: what follows is no longer kept.
        """
        while True:
            if self._ended is not None:
                raise self._ended
            if self._queue:
                placed = self._queue.popleft()
                if not self._queue:
                    self._queue = None
                if self._is_next(placed):
                    return placed
            elif self._behind:
                await self._read_on()
            else:
                await self._news()

    async def some(self, most: int) -> list[tuple[Placed, str]]:
        """Return the next event, and what of those behind it is at hand, each with the cursor after it.

        Raises:
            Ending: as `next`.
            StreamGap: as `next`.
        """
        found = [(await self.next(), self.cursor())]
        while len(found) < most and self._queue and not self._seen and self._ended is None:
            placed = self._queue.popleft()
            if self._is_next(placed):
                found.append((placed, self.cursor()))
        if not self._queue:
            self._queue = None
        return found

    def back_to(self, position: int) -> None:
        """Go back behind an event that was returned: those after it come once more."""
        self._position = position
        self._queue = None
        self._behind = True

    @property
    def ended(self) -> bool:
        """Return whether the server has ended the stream."""
        return self._ended is not None

    def cursor(self) -> str:
        """Return the cursor after the event that was returned last."""
        return Cursor(self._position, tuple(self._seen)).text() if self._seen else str(self._position)

    async def _news(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _wake(self) -> None:
        if self._sleeper is not None:
            sleeper, self._sleeper = self._sleeper, None
            sleeper.rouse()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _read_on(self) -> None:
        """Take a page of the log; at its end the hub's offers follow, some of them a second time."""
        self._behind = False
        try:
            page = await self._hub.read(self.interest.scope(), Cursor(self._position), PAGE)
        except BaseException:
            self._behind = True
            raise
        offered = self._queue or ()
        self._queue = deque(page)
        if self._behind or len(page) == PAGE:
            self._behind = True
        else:
            self._queue.extend(offered)

    def _is_next(self, placed: Placed) -> bool:
        if placed.position <= self._position:
            return False
        self._position = placed.position
        if self._seen is not None and placed.id in self._seen:
            self._seen.discard(placed.id)
            return False
        return True
