"""Numbers the audit log behind the writers, signs checkpoints, and sees that they are kept elsewhere (law 6)."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from actions import audit
from actions.app import App
from domain.watch import Watch
from persistence import alerts, ledger
from persistence.ids import IDS_AHEAD
from persistence.ledger import CheckpointRow, Sweep
from subscriptions.guard import Guard

POLL: Final = 1.0
"""Seconds between looks for entries that another process wrote."""
GATHER: Final = 0.5
"""Seconds that entries gather, so that a busy server numbers hundreds in one transaction."""
REST: Final = 9
"""How much longer it rests than it works, so that it takes a tenth of the process at most."""
TAKE_OVER: Final = 3.0
CHECKPOINT_EVERY: Final = timedelta(minutes=1)
Publish = Callable[[str], Awaitable[None]]
"""Keeps a signed checkpoint elsewhere; raises OSError if that fails, and is asked again."""
log = structlog.get_logger()


class LedgerKeeper:
    """Runs in every process; only who holds the lock numbers. Two at once would be safe, and one of them in vain."""

    def __init__(self, app: App, publish: Publish | None = None, new_watch: Callable[[], Watch] = Watch) -> None:
        self._app = app
        self._store = app.store
        self._publish = publish
        self._guard = Guard(new_watch)
        self._news = asyncio.Event()
        self._sweep = Sweep()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._app.audit.written.append(self._news.set)
        self._store.committed.append(lambda _: self._news.set())
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; what isn't numbered yet is numbered at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def settle(self, within: float = 2.0) -> None:
        """Return once everything that is committed has its number.

        It gives up after `within` seconds: nothing is numbered before a transaction that is still under way.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + within
        while await self._round() or (await self._waits() and loop.time() < until):  # noqa: ASYNC110
            await asyncio.sleep(0.002)

    async def _waits(self) -> bool:
        async with self._store.moment() as moment:
            return await ledger.waits(moment)

    async def _run(self) -> None:
        while True:
            try:
                async with self._store.driver.alone("audit"):
                    await self._lead()
            except BlockingIOError:
                await asyncio.sleep(TAKE_OVER)
            except Exception as error:  # noqa: BLE001 - the database may be away: what waits is numbered later
                log.warning("audit numbering waits", error=type(error).__name__)
                self._sweep, self._guard = Sweep(), self._guard.afresh()
                await asyncio.sleep(POLL)

    async def _lead(self) -> None:
        while True:
            await self._keep_up()
            await self.checkpoint(CHECKPOINT_EVERY)
            await self._published()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._news.wait()
            await asyncio.sleep(GATHER)
            self._news.clear()

    async def _keep_up(self) -> None:
        """Number what waits, resting between batches: under load the log may lag, the readers may not."""
        began = time.monotonic()
        while await self._round():
            await asyncio.sleep(REST * (time.monotonic() - began))
            began = time.monotonic()

    async def _round(self) -> bool:
        """Number one batch; return whether more is waiting.

        Hashing is done before the transaction, which holds the writer for a few statements only.
        """
        async with self._store.snapshot() as snapshot:
            found = await ledger.waiting(snapshot, self._sweep)
            if not found.rows and found.mark < 0:
                return False
            leaves, numbered = await ledger.links(snapshot, found)
            alarms = await self._guard.look(snapshot, found.size, numbered)
        if not leaves and not await self._moved(found.mark):
            return False
        async with self._store.begin(ids=2 * len(alarms) + IDS_AHEAD) as tx:
            mine = await ledger.append(tx, found, leaves)
            if mine:
                await alerts.raised(tx, alarms)
            else:
                self._sweep, self._guard = Sweep(), self._guard.afresh()
        return not mine or len(leaves) == ledger.BATCH

    async def _moved(self, mark: int) -> bool:
        """Return whether the mark is worth writing: an idle server writes nothing."""
        async with self._store.snapshot() as snapshot:
            was = await ledger.mark(snapshot)
        return was is None or mark - was > ledger.BATCH

    async def checkpoint(self, every: timedelta = timedelta()) -> None:
        """Sign a checkpoint if the log has grown since the last one and that is old enough."""
        async with self._store.snapshot() as snapshot:
            last, size = await ledger.newest(snapshot), await ledger.size(snapshot)
            if size == 0 or (last and (last.size == size or snapshot.now - last.at < every)):
                return
            note = await audit.checkpoint(snapshot, await audit.signer(self._app), size)
        async with self._store.begin() as tx:
            await tx.claim(CheckpointRow(size=size, at=tx.now, note=note))

    async def _published(self) -> None:
        """Keep the newest checkpoint elsewhere; a place out of reach is tried again at the next one."""
        if self._publish is None:
            return
        async with self._store.snapshot() as snapshot:
            made = await ledger.unpublished(snapshot)
        if made is None:
            return
        try:
            await self._publish(made.note)
        except OSError as error:
            log.warning("checkpoint not kept elsewhere", error=type(error).__name__)
            return
        async with self._store.begin() as tx:
            await ledger.published(tx, made.size)
