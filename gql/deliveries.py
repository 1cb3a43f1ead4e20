"""Events on their way to readers: those who wait at the same moment are decided, loaded and recorded together.

What several readers with equal rights are shown by equal documents is rendered once.
"""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from actions.app import App
from actions.delivering import Reader, Told, tell
from actions.reading import Reading
from domain.endings import Ending

AT_ONCE: Final = 1000
"""Readers a snapshot: more of them would hold up everybody else."""
TOGETHER: Final = 3
"""Groups under way at the same time, each at a different step: loading, on its way to the log's disk, rendering."""


class Waiting(NamedTuple):
    """One reader who waits for his event."""

    reader: Reader
    render: Callable[[Reading], bytes]
    told: Callable[[bytes | BaseException | None], None]


class Deliveries:
    """Gathers without a timer: while some groups are under way, the next one grows."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._waiting: list[Waiting] = []
        self._running: set[asyncio.Task[None]] = set()
        self._gathering = False
        self._places = asyncio.Semaphore(TOGETHER)

    def add(
        self, reader: Reader, render: Callable[[Reading], bytes], told: Callable[[bytes | BaseException | None], None]
    ) -> None:
        """Have a reader told: his response, None if the event isn't for him, or what went wrong."""
        self._waiting.append(Waiting(reader, render, told))
        if not self._gathering:
            self._gather()

    async def deliver(self, reader: Reader, render: Callable[[Reading], bytes]) -> bytes | None:
        """Return a reader's response; None if the event isn't for him.

        Raises:
            Ending: what opened the event to him is gone.
            AuditUnavailable: it could not be recorded.
        """
        done: asyncio.Future[bytes | BaseException | None] = asyncio.get_running_loop().create_future()

        def settle(told: bytes | BaseException | None) -> None:
            if not done.done():
                done.set_result(told)

        self.add(reader, render, settle)
        told = await done
        if isinstance(told, BaseException):
            raise told
        return told

    def _gather(self) -> None:
        self._gathering = True
        task = asyncio.create_task(self._run())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self) -> None:
        async with self._places:
            group, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            self._gathering = False
            if self._waiting:
                self._gather()
            try:
                told = await tell(self._app, [waiting.reader for waiting in group])
            except BaseException as error:  # whoever waits must hear of it
                for waiting in group:
                    waiting.told(error if isinstance(error, Exception) else ConnectionError())
                if not isinstance(error, Exception):
                    raise
            else:
                _hand_out(group, told)


def _hand_out(group: list[Waiting], told: list[Told]) -> None:
    rendered: dict[int, bytes] = {}
    for waiting, what in zip(group, told, strict=True):
        try:
            found: bytes | BaseException | None = _rendered(waiting, what, rendered)
        except Exception as error:  # noqa: BLE001 - one reader's trouble is nobody else's
            found = error
        waiting.told(found)


def _rendered(waiting: Waiting, what: Told, rendered: dict[int, bytes]) -> bytes | None:
    if isinstance(what, Reading):
        if id(what) not in rendered:
            rendered[id(what)] = waiting.render(what)
        return rendered[id(what)]
    if what is not None:
        assert issubclass(what, Ending)
        raise what
    return None
