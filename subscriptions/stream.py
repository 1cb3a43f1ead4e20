"""One watcher's way through the event log: replay from a cursor, then live; each event once, in order."""

import asyncio
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from domain.accounts import Role, Viewer
from domain.errors import StreamGap
from domain.events import EventKind
from persistence.events import Cursor, Placed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from subscriptions.hub import Hub

QUEUE: Final = 256
PAGE: Final = 200
Topic = tuple[str, int]


class Ended(Exception):
    """A stream was ended by the server."""

    def __init__(self, reason: str, *, session: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        """SESSION_ENDED, ROLE_CHANGED, …"""
        self.session = session
        """Whether the session itself is over."""


class Happened(NamedTuple):
    """An event on its way to a screen."""

    key: tuple[int, ...]
    """The row that changed: (patient id, id), or (id,)."""
    cursor: str
    at: datetime


class Interest(NamedTuple):
    """What a watcher wants to hear of, and as whom."""

    kind: EventKind
    viewer: Viewer

    @classmethod
    def of(cls, viewer: Viewer, kind: EventKind) -> "Interest":
        """Return the interest of a viewer in a kind of event."""
        return cls(kind, viewer)

    def topics(self) -> list[Topic]:
        """Return what events must be about."""
        viewer = self.viewer
        topics: list[Topic] = [("account", viewer.account_id)]
        if viewer.patient_id is not None:
            topics.append(("patient", viewer.patient_id))
        if viewer.practitioner_id is not None and viewer.holds(Role.DOCTOR):
            topics.append(("practitioner", viewer.practitioner_id))
        topics += [("clinic", place) for place in viewer.organizations(Role.DOCTOR)]
        return topics + [("organization", place) for place in viewer.organizations(Role.REVIEWER)]


class Stream:
    """A bounded queue between the hub and one watcher; who falls behind reads on from the log."""

    def __init__(self, hub: "Hub", interest: Interest, cursor: Cursor) -> None:
        self.interest = interest
        self.topics = frozenset(interest.topics())
        self._hub = hub
        self._position = cursor.position
        self._seen = set(cursor.seen)
        self._queue: deque[Placed] = deque()
        self._news = asyncio.Event()
        self._behind = True
        self._ended: Ended | None = None

    def offer(self, placed: Placed) -> None:
        """Take an event from the hub; never blocks, never grows beyond the bound."""
        if self._behind:
            return
        if len(self._queue) >= QUEUE:
            self._queue.clear()
            self._behind = True
        else:
            self._queue.append(placed)
        self._news.set()

    def end(self, ended: Ended) -> None:
        """End the stream before its next event."""
        self._ended = ended
        self._news.set()

    async def events(self) -> "AsyncGenerator[Happened, None]":
        """Yield each event once, in order."""
        while True:
            self._check()
            if self._behind:
                async for happened in self._replayed():
                    yield happened
            elif self._queue:
                placed = self._queue.popleft()
                if self._is_next(placed):
                    yield self._passed(placed)
            else:
                self._news.clear()
                await self._news.wait()

    async def _replayed(self) -> "AsyncGenerator[Happened, None]":
        """Yield from the log until it is exhausted; what the hub offers meanwhile waits in the queue."""
        self._behind = False
        while True:
            page = await self._hub.read(self, self._position, PAGE)
            for placed in page:
                self._check()
                if self._is_next(placed):
                    yield self._passed(placed)
            if len(page) < PAGE or self._behind:
                return

    def _is_next(self, placed: Placed) -> bool:
        if placed.position <= self._position:
            return False
        if placed.id in self._seen:
            self._seen.discard(placed.id)
            return False
        return True

    def _passed(self, placed: Placed) -> Happened:
        self._position = placed.position
        event = placed.event
        key = (event.subject_id,) if event.patient_id is None else (event.patient_id, event.subject_id)
        return Happened(key, Cursor(placed.position, tuple(sorted(self._seen))).text(), placed.at)

    def _check(self) -> None:
        if self._ended is not None:
            raise self._ended


def require_kept(cursor: Cursor, oldest: int | None, last: int) -> None:
    """Check that everything behind a cursor is still in the log.

    Raises:
        StreamGap: some of it is gone, or the cursor is of another log.
    """
    if cursor.position > last or (cursor.position < last and (oldest is None or cursor.position < oldest - 1)):
        raise StreamGap
