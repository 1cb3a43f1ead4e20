"""The hub of one process: bus in, log read once, bounded queues out; sessions behind streams looked at each second."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Final

import structlog

from persistence import events, watching
from persistence.events import Cursor, Placed
from persistence.store import Store, Transaction
from subscriptions.bus import Bus
from subscriptions.sequencer import Sequencer
from subscriptions.stream import Ended, Happened, Interest, Stream, Topic, require_kept

BATCH: Final = 500
POLL: Final = 5.0
POLL_WITHOUT_BUS: Final = 0.5
LOOK: Final = 0.5
"""How often sessions and roles behind open streams are looked at, seconds."""
log = structlog.get_logger()


class Hub:
    """Hands what happens to the streams of this process."""

    def __init__(self, store: Store, bus_url: str) -> None:
        self._store = store
        self._bus = Bus(bus_url, self._wake)
        self._streams: dict[Topic, set[Stream]] = {}
        self._open: set[Stream] = set()
        self._news = asyncio.Event()
        self._position = 0
        self._sequencer = Sequencer(store, self._news_numbered)
        self._tasks: list[asyncio.Task[None]] = []
        self._telling: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to follow the log from where it stands."""
        async with self._store.snapshot() as snapshot:
            self._position = (await events.as_of(snapshot)).position
        self._store.committed.append(self._committed)
        await self._bus.start()
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._look())]
        if self._store.driver.dialect == "postgresql":
            self._tasks.append(asyncio.create_task(self._sequencer.run()))

    async def stop(self) -> None:
        """End every stream and let go of the bus."""
        for stream in list(self._open):
            stream.end(Ended("SERVER_STOPPING"))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bus.stop()

    async def stream(self, interest: Interest, cursor: Cursor) -> AsyncGenerator[Happened, None]:
        """Yield what happens to a watcher, from a cursor on.

        Raises:
            StreamGap: what follows the cursor is no longer kept.
            Ended: the session is over or the roles have changed.
        """
        async with self._store.snapshot() as snapshot:
            require_kept(cursor, await events.oldest(snapshot), (await events.as_of(snapshot)).position)
        stream = Stream(self, interest, cursor)
        self._register(stream)
        try:
            async for happened in stream.events():
                yield happened
        finally:
            self._forget(stream)

    async def read(self, stream: Stream, position: int, limit: int) -> Sequence[Placed]:
        """Return the log's next events that may concern a watcher."""
        async with self._store.snapshot() as snapshot:
            return await watching.after(snapshot, stream.interest.viewer, stream.interest.kind, position, limit)

    @property
    def open_streams(self) -> int:
        """Return how many streams are open."""
        return len(self._open)

    def _register(self, stream: Stream) -> None:
        self._open.add(stream)
        for topic in stream.topics:
            self._streams.setdefault(topic, set()).add(stream)

    def _forget(self, stream: Stream) -> None:
        self._open.discard(stream)
        for topic in stream.topics:
            watchers = self._streams.get(topic)
            if watchers is not None:
                watchers.discard(stream)
                if not watchers:
                    del self._streams[topic]

    def _wake(self) -> None:
        self._news.set()
        self._sequencer.wake()

    def _committed(self, tx: Transaction) -> None:
        """Wake this process at once and the others through the bus."""
        self._wake()
        self._tell()

    def _news_numbered(self) -> None:
        self._news.set()
        self._tell()

    def _tell(self) -> None:
        task = asyncio.create_task(self._bus.wake())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

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
        async with self._store.snapshot() as snapshot:
            batch = await events.after(snapshot, self._position, BATCH)
            audience = await watching.audience(snapshot, batch) if self._open and batch else {}
        for placed in batch:
            for stream in self._concerned(placed, audience.get(placed.event.patient_id or 0, ())):
                stream.offer(placed)
            self._position = placed.position
        return len(batch) == BATCH

    def _concerned(self, placed: Placed, others: Sequence[Topic]) -> set[Stream]:
        event = placed.event
        topics: list[Topic] = list(others)
        for name, number in (
            ("patient", event.patient_id),
            ("practitioner", event.practitioner_id),
            ("organization", event.organization_id),
            ("account", event.account_id),
        ):
            if number is not None:
                topics.append((name, number))
        return {
            stream for topic in topics for stream in self._streams.get(topic, ()) if stream.interest.kind is event.kind
        }

    async def _look(self) -> None:
        """End the streams whose session is over or whose roles have changed."""
        while True:
            await asyncio.sleep(LOOK)
            if not self._open:
                continue
            try:
                async with self._store.snapshot() as snapshot:
                    standing = await watching.standing(snapshot, {s.interest.viewer.session_id for s in self._open})
            except Exception as error:  # noqa: BLE001 - the database may be away: then nothing is delivered either
                log.warning("sessions unreadable", error=type(error).__name__)
                continue
            for stream in list(self._open):
                viewer = stream.interest.viewer
                if viewer.session_id not in standing:
                    stream.end(Ended("SESSION_ENDED", session=True))
                elif standing[viewer.session_id] != watching.role_set(viewer):
                    stream.end(Ended("ROLE_CHANGED"))
