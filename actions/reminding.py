"""Reminders of visits: each at its time before the visit, moved and dropped with it, through restarts.

One task looks after a visit: it tells what is due and waits for the next. A visit that is moved or cancelled gets
another task, by its event; the old one finds that the visit is another, and ends.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from actions.notifying import IDS, REMIND, Watching, concerned, tell
from actions.tasks import Work
from domain.appointments import AppointmentStatus
from domain.events import Event, EventKind
from domain.notifications import Topic
from persistence import appointments, notifications, tasks
from persistence.appointments import AppointmentRow
from persistence.store import Transaction


async def remind(work: Work) -> None:
    """Tell whoever chose a reminder that is due, and wait for the next."""
    async with work.app.store.begin(ids=IDS) as tx:
        given = await tx.opened(tasks.TaskRow, tasks.TaskBody, work.task)
        watching = msgspec.json.decode(given.given, type=Watching)
        found = await appointments.by_id(tx, work.task.patient_id, watching.appointment_id)
        if found is None or not _still(found[0], watching, tx.now):
            return
        visit = found[0]
        dues = [due for who, due in await _dues(tx, visit) if await _waits(tx, visit, who, due, watching)]
        if dues and not watching.once:
            await _wait(tx, visit, min(dues))


async def replan(work: Work) -> None:
    """Wait for the reminders that a person has chosen anew, of all visits that lie ahead."""
    async with work.app.store.begin(ids=IDS) as tx:
        for patient_id in await notifications.patients_of(tx, work.task.account_id):
            for visit in await appointments.ahead(tx, patient_id):
                for due in {due for who, due in await _dues(tx, visit) if who == work.task.account_id and due > tx.now}:
                    await _wait(tx, visit, due, once=True)


async def _wait(tx: Transaction, visit: AppointmentRow, due: datetime, *, once: bool = False) -> None:
    given = msgspec.json.encode(Watching(visit.id, visit.starts_at, tx.now, once))
    await tasks.add(tx, REMIND, given, due_at=due, patient_id=visit.patient_id)


def _still(visit: AppointmentRow, watching: Watching, now: datetime) -> bool:
    """Return whether the visit is the one that the task was made for, and lies ahead."""
    same = watching.starts_at is None or watching.starts_at == visit.starts_at
    return same and visit.status == AppointmentStatus.BOOKED and visit.starts_at > now


async def _dues(tx: Transaction, visit: AppointmentRow) -> Iterable[tuple[int, datetime]]:
    """Return the moments of all reminders of a visit, with whose they are."""
    found = []
    for record in await concerned(tx, _event(visit)):
        chosen = (await notifications.settings(tx, record.id))[1]
        found += [(record.id, visit.starts_at - timedelta(minutes=minutes)) for minutes in chosen.reminders]
    return found


async def _waits(tx: Transaction, visit: AppointmentRow, account_id: int, due: datetime, watching: Watching) -> bool:
    """Return whether a reminder lies ahead; tell it if it has become due since the visit was looked at last."""
    if due > tx.now:
        return True
    if watching.since is not None and watching.since < due:
        source = f"reminder:{visit.id}:{visit.starts_at.timestamp():.0f}:{due.timestamp():.0f}"
        event, late = _event(visit), visit.starts_at
        await tell(tx, account_id, Topic.REMINDERS, event, source=source, at=tx.now, late_at=late)
    return False


def _event(visit: AppointmentRow) -> Event:
    return Event(EventKind.APPOINTMENT_CHANGED, visit.id, patient_id=visit.patient_id)
