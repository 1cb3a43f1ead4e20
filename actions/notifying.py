"""From the event log to people: each event once to each whom it concerns, through crashes (law 3)."""

import asyncio
import contextlib
from datetime import datetime
from typing import Final

import msgspec
import structlog

from actions.app import App
from domain.access import Rights
from domain.accounts import Viewer
from domain.codes import Channel
from domain.events import Event, EventKind
from domain.notifications import TOPIC, DeliveryState, Settings, Topic, may_be_told
from persistence import access, accounts, events, notifications, tasks
from persistence.events import Placed
from persistence.notifications import DeliveryRow, NotificationRow
from persistence.statements import Record
from persistence.store import Snapshot, Transaction

BATCH: Final = 50
POLL: Final = 1.0
GATHER: Final = 0.05
"""Seconds in which news come together, so that many events cost one transaction."""
REST: Final = 3.0
"""How many times as long as a batch took it rests: what people watch goes first, messages may be a little later."""
IDS: Final = 20_000
DELIVER: Final = {channel: f"deliver-{channel.lower()}" for channel in Channel}
"""The kinds of the tasks that carry a message."""
REMIND: Final = "remind"
"""The kind of the task that looks after a visit's reminders."""
REPLAN: Final = "replan-reminders"
"""The kind of the task after somebody chose other reminders."""
log = structlog.get_logger()


class Follower:
    """Follows the log from where people were told last; of several processes one tells."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._news = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._told = 0
        """Where the log was left, for all processes."""
        self._read = 0
        """Up to where there is nothing to tell."""

    async def start(self) -> None:
        """Begin; at the first start, from where the log stands."""
        async with self._app.store.begin() as tx:
            if await notifications.position(tx) is None:
                await notifications.begin(tx)
        self._app.store.committed.append(lambda _: self._news.set())
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; the next one goes on from where this one was."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def settle(self) -> None:
        """Tell everything that is in the log."""
        while await self._some():
            pass

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                began = loop.time()
                while await self._some():
                    await asyncio.sleep(REST * (loop.time() - began))
                    began = loop.time()
            except Exception as error:  # noqa: BLE001 - the database may be away: the next round goes on
                log.warning("notifications wait", error=type(error).__name__)
                await asyncio.sleep(POLL)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._news.wait()
            await asyncio.sleep(GATHER)
            self._news.clear()

    async def _some(self) -> bool:
        """Tell of the next events; False if there are none."""
        async with self._app.store.snapshot() as snapshot:
            self._told = await notifications.position(snapshot) or 0
            self._read = max(self._read, self._told)
            batch = await events.after(snapshot, self._read, BATCH)
        if not batch:
            return False
        if any(placed.event.kind in TOPIC for placed in batch):
            async with self._app.store.begin(ids=IDS) as tx:
                if not await notifications.advance(tx, self._told, batch[-1].position):
                    return True  # another process was faster: look where it is now
                for placed in batch:
                    if placed.event.kind in TOPIC:
                        await _tell(tx, placed)
        self._read = batch[-1].position
        return True


async def _tell(tx: Transaction, placed: Placed) -> None:
    event = placed.event
    for record in await concerned(tx, event):
        await tell(tx, record.id, TOPIC[event.kind], event, source=f"event:{placed.id}", at=placed.at)
    if event.kind is EventKind.APPOINTMENT_CHANGED:
        given = msgspec.json.encode(Watching(event.subject_id, since=placed.at))
        await tasks.add(tx, REMIND, given, patient_id=event.patient_id)


class Watching(msgspec.Struct):
    """The visit that a task of `REMIND` looks after."""

    appointment_id: int
    starts_at: datetime | None = None
    """The visit's time as it was when the task was made; None: not looked at yet."""
    since: datetime | None = None
    """When it was looked at last: what was due before was told, or is no longer to be."""
    once: bool = False
    """Whether another task goes on with the visit."""


class Carrying(msgspec.Struct):
    """What a task of `DELIVER` is given."""

    delivery_id: int


async def concerned(snapshot: Snapshot, event: Event) -> list[Record]:
    """Return the accounts that may learn of an event at this moment."""
    found = []
    for record in await notifications.recipients(snapshot, event.patient_id, event.account_id):
        viewer = Viewer(record.id, 0, accounts.level_of(record), record.patient_id, record.practitioner_id)
        patients = [] if event.patient_id is None else [event.patient_id]
        rights = Rights(viewer, await access.facts(snapshot, viewer, patients), snapshot.now)
        if may_be_told(rights, event):
            found.append(record)
    return found


async def tell(
    tx: Transaction,
    account_id: int,
    topic: Topic,
    event: Event,
    *,
    source: str,
    at: datetime,
    late_at: datetime | None = None,
) -> bool:
    """Put a notification into an account and order its messages; False if the same was told before."""
    note = NotificationRow(
        id=tx.new_id(),
        account_id=account_id,
        source=source,
        topic=topic,
        kind=event.kind,
        subject_id=event.subject_id,
        patient_id=event.patient_id,
        at=at,
    )
    if not await tx.claim(note):
        return False
    tx.emit(Event(EventKind.NOTIFICATION_ARRIVED, note.id, account_id=account_id))
    chosen = (await notifications.settings(tx, account_id))[1]
    for channel in Channel:
        if chosen.on(topic, channel):
            await _order(tx, note, channel, chosen, late_at)
    return True


async def _order(
    tx: Transaction, note: NotificationRow, channel: Channel, chosen: Settings, late_at: datetime | None
) -> None:
    row = DeliveryRow(
        id=tx.new_id(),
        notification_id=note.id,
        account_id=note.account_id,
        channel=channel,
        state=DeliveryState.WAITING,
        due_at=chosen.not_before(Topic(note.topic), tx.now),
        late_at=late_at,
    )
    await tx.insert(row)
    await tasks.add(tx, DELIVER[channel], msgspec.json.encode(Carrying(row.id)), due_at=row.due_at)
