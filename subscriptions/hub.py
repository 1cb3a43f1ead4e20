"""The hub of one process: bus in, log read once, bounded queues out."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import uniform
from typing import Final

import structlog

from domain.endings import Ending, ServerStopping, TooManySubscriptions
from domain.errors import StreamGap
from domain.events import EventKind
from persistence import events, watching
from persistence.drivers import Shared
from persistence.events import Cursor, Placed
from persistence.store import Store, Transaction
from persistence.watching import Scope, Topic
from subscriptions.bus import Bus, News
from subscriptions.sequencer import Sequencer
from subscriptions.stream import Interest, Stream
from subscriptions.watch import Watch

BATCH: Final = 500
POLL: Final = 5.0
POLL_WITHOUT_BUS: Final = 0.5
RIGHTS: Final = frozenset({EventKind.CONSENT_CHANGED, EventKind.SESSION_ENDED, EventKind.ROLE_CHANGED})
"""Events after which someone's rights are looked at without delay."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one process holds for whom, and for how long."""

    a_person: int = 100
    """Streams of one account, or of one address where nobody is signed in."""
    age: float = 6 * 3600.0
    """Seconds after which a watcher is asked to connect anew; a tenth more or less, so that not all come at once."""


class Hub:
    """Hands what happens to the streams of this process."""

    def __init__(self, store: Store, bus_url: str, bounds: Bounds | None = None) -> None:
        self._store = store
        self._bounds = bounds or Bounds()
        self._bus = Bus(bus_url, self._heard)
        self._streams: dict[Topic, set[Stream]] = {}
        self._open: set[Stream] = set()
        self._persons: Counter[Topic | str] = Counter()
        self._news = asyncio.Event()
        self.position = 0
        """The last event that was handed over."""
        driver = store.driver
        self._sequencer = Sequencer(driver, self._numbered) if isinstance(driver, Shared) else None
        self._watch = Watch(store, self)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to follow the log from where it stands."""
        async with self._store.snapshot() as snapshot:
            self.position = (await events.as_of(snapshot)).position
        self._store.committed.append(self._committed)
        await self._bus.start()
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._watch.run())]
        if self._sequencer is not None:
            self._tasks.append(asyncio.create_task(self._sequencer.run()))

    async def stop(self) -> None:
        """End every stream and let go of the bus."""
        for stream in self._open:
            stream.end(ServerStopping)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bus.stop()

    def open(self, interest: Interest, cursor: Cursor, began: datetime, *, new: bool) -> Stream:
        """Open a stream from a cursor on; `close` it in the end.

        Raises:
            TooManySubscriptions: the person has as many as one may have.
        """
        if self._persons[interest.person] >= self._bounds.a_person:
            raise TooManySubscriptions
        age = asyncio.get_running_loop().time() + self._bounds.age * uniform(0.9, 1.1)  # noqa: S311 - no secret
        stream = Stream(self, interest, cursor, began, age, new)
        self._persons[interest.person] += 1
        self._open.add(stream)
        for topic in interest.topics():
            self._streams.setdefault(topic, set()).add(stream)
        return stream

    def close(self, stream: Stream) -> None:
        """Forget a stream; a second time changes nothing."""
        if stream not in self._open:
            return
        self._open.discard(stream)
        self._persons[stream.interest.person] -= 1
        if not self._persons[stream.interest.person]:
            del self._persons[stream.interest.person]
        for topic in stream.interest.topics():
            watchers = self._streams.get(topic, set())
            watchers.discard(stream)
            if not watchers:
                self._streams.pop(topic, None)

    async def read(self, scope: Scope, cursor: Cursor, limit: int) -> Sequence[Placed]:
        """Return the log's next events that may concern a watcher.

        Raises:
            StreamGap: some are no longer kept, or the cursor is of another log.
        """
        async with self._store.snapshot() as snapshot:
            if await watching.missed(snapshot, scope, cursor):
                raise StreamGap
            return await watching.after(snapshot, scope, cursor.position, limit)

    @property
    def open_streams(self) -> int:
        """Return how many streams are open."""
        return len(self._open)

    def all(self) -> list[Stream]:
        """Return every open stream."""
        return list(self._open)

    def of(self, topic: Topic) -> Collection[Stream]:
        """Return the streams that watch a topic, or whose rights hang on it."""
        return list(self._streams.get(topic, ()))

    def end_all(self, streams: Iterable[Stream], ending: type[Ending]) -> None:
        """End some streams."""
        for stream in streams:
            stream.end(ending)

    def _committed(self, tx: Transaction) -> None:
        """Have what was committed here put in order; the leader needs no bus for that."""
        if self._sequencer is None:
            self._numbered()
            return
        self._sequencer.wake()
        if not self._sequencer.leads:
            self._bus.wake(News.COMMITTED)

    def _numbered(self) -> None:
        """Read on, here and everywhere."""
        self._news.set()
        self._bus.wake(News.NUMBERED)

    def _heard(self, news: News) -> None:
        if news is News.COMMITTED and self._sequencer is not None:
            self._sequencer.wake()
        else:
            self._news.set()

    async def _follow(self) -> None:
        """Read the log on every wake-up, and now and then in case one was lost."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL if self._bus.alive else POLL_WITHOUT_BUS):
                    await self._news.wait()
            self._news.clear()
            try:
                while await self._hand_over():
                    pass
            except Exception as error:  # noqa: BLE001 - the database may be away: the next round reads on
                log.warning("event log unreadable", error=type(error).__name__)
                await asyncio.sleep(0.2)

    async def _hand_over(self) -> bool:
        """Hand one batch to those whom it concerns; return whether there may be more."""
        async with self._store.moment() as moment:
            batch = await events.after(moment, self.position, BATCH)
        audience = await self._audience(batch) if self._open else {}
        for placed in batch:
            for stream in self._concerned(placed, audience.get(placed.event.patient_id or 0, ())):
                stream.offer(placed)
            self.position = placed.position
        if any(placed.event.kind in RIGHTS for placed in batch):
            self._watch.wake()
        return len(batch) == BATCH

    async def _audience(self, batch: Sequence[Placed]) -> dict[int, list[Topic]]:
        if all(placed.event.patient_id is None for placed in batch):
            return {}
        async with self._store.moment() as moment:
            return await watching.audience(moment, batch)

    def _concerned(self, placed: Placed, others: Sequence[Topic]) -> set[Stream]:
        topics = [(name, getattr(placed.event, name)) for name in events.OWNERS]
        return {
            stream
            for topic in (*topics, *others)
            for stream in self._streams.get(topic, ())
            if stream.interest.wants(placed)
        }
