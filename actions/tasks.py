"""Runs tasks in the server's own process: claimed with a lease, tried again with growing pauses (law 8).

Each kind has a lane of its own: what hangs or fails in one delays no other.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog

from actions.app import App
from domain.events import Event, EventKind
from persistence import tasks
from persistence.statements import Record
from persistence.tasks import LEASE, TaskState

POLL: Final = 1.0
ATTEMPTS: Final = 8
FIRST_PAUSE: Final = timedelta(seconds=5)
REST: Final = 3.0
"""How many times as long as a task took its lane rests: what people wait for goes first."""
log = structlog.get_logger()


class TaskLost(Exception):
    """Another worker has the task: what this one was about to write must not be written."""


class Work:
    """A task being done: what it is given, and how it says how far it is."""

    def __init__(self, app: App, task: Record, attempts: int = ATTEMPTS) -> None:
        self.app = app
        self.last = task.attempts >= attempts
        """Whether there is no other attempt after this one."""
        self.task = task
        self._percent = 0

    async def progress(self, percent: int) -> None:
        """Say how far it is; who watches is told.

        Raises:
            TaskLost: another worker has the task.
        """
        self._percent = percent
        await self.beat(tell=True)

    async def beat(self, *, tell: bool = False) -> None:
        """Say that this worker lives.

        Raises:
            TaskLost: another worker has the task.
        """
        async with self.app.store.begin() as tx:
            if not await tasks.beat(tx, self.task, self._percent):
                raise TaskLost
            if tell:
                tx.emit(changed(self.task))


Handler = Callable[[Work], Awaitable[None]]
"""Does a task of a kind; may run again after a crash, so what it writes replaces what it wrote before."""


def changed(task: Record) -> Event:
    """Return the event that a task has got on."""
    return Event(EventKind.TASK_CHANGED, task.id, account_id=task.account_id)


class Runner:
    """Takes tasks, those of a kind one after another, in every process."""

    def __init__(self, app: App, handlers: Mapping[str, Handler], attempts: Mapping[str, int] | None = None) -> None:
        """`attempts`: how often tasks of some kinds are tried, where that isn't `ATTEMPTS`."""
        self._app = app
        self._handlers = handlers
        self._attempts = attempts or {}
        self._news = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._lanes: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin; a commit that emitted something is looked at without waiting."""
        self._app.store.committed.append(lambda _: self._news.set())
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; a task under way is taken by another worker when its lease ends."""
        running = [task for task in (self._running, *self._lanes.values()) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def settle(self) -> None:
        """Do everything that is due now."""
        while kinds := await self._due():
            await asyncio.gather(*(self._drain(kind) for kind in kinds))

    async def _run(self) -> None:
        while True:
            try:
                for kind in await self._due():
                    if kind not in self._lanes or self._lanes[kind].done():
                        self._lanes[kind] = asyncio.create_task(self._lane(kind))
            except Exception as error:  # noqa: BLE001 - the database may be away: tasks wait
                log.warning("tasks wait", error=type(error).__name__)
                await asyncio.sleep(POLL)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._news.wait()
            self._news.clear()

    async def _lane(self, kind: str) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            while await self._one(kind):
                await asyncio.sleep(REST * (loop.time() - began))
                began = loop.time()
        except Exception as error:  # noqa: BLE001 - the database may be away: tasks wait
            log.warning("tasks wait", kind=kind, error=type(error).__name__)

    async def _due(self) -> list[str]:
        async with self._app.store.snapshot() as snapshot:
            return await tasks.due(snapshot, self._handlers)

    async def _drain(self, kind: str) -> None:
        while await self._one(kind):
            pass

    async def _one(self, kind: str) -> bool:
        """Do one task of a kind; False if none is due."""
        if kind not in await self._due():
            return False
        async with self._app.store.begin() as tx:
            task = await tasks.claim(tx, kind)
        if task is None:
            return False
        work = Work(self._app, task, self._attempts.get(kind, ATTEMPTS))
        beating = asyncio.create_task(self._beat(work))
        try:
            await self._handlers[task.kind](work)
        except TaskLost:
            return True
        except Exception as error:  # noqa: BLE001 - its words may hold health data
            await self._failed(work, type(error).__name__)
        else:
            await self._ended(task, TaskState.DONE)
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
        return True

    async def _beat(self, work: Work) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            with contextlib.suppress(TaskLost):
                await work.beat()

    async def _failed(self, work: Work, why: str) -> None:
        task = work.task
        log.warning("task failed", kind=task.kind, attempt=task.attempts, error=why)
        state = TaskState.FAILED if work.last else TaskState.WAITING
        await self._ended(task, state, why, FIRST_PAUSE * 2 ** (task.attempts - 1))

    async def _ended(
        self, task: Record, state: TaskState, why: str | None = None, pause: timedelta = timedelta()
    ) -> None:
        async with self._app.store.begin() as tx:
            if await tasks.settle(tx, task, state, again=tx.now + pause, why=why):
                tx.emit(changed(task))
