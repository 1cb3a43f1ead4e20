"""Messages on their way: handed to a carrier outside every transaction, each try kept."""

import asyncio
from datetime import datetime
from typing import Final

import msgspec

from actions.codes import address
from actions.notifying import DELIVER, Carrying
from actions.tasks import Work
from domain.codes import Channel
from domain.notifications import DeliveryState, Skipped, Topic, words
from persistence import accounts, notifications, tasks
from persistence.accounts import AccountBody, AccountRow
from persistence.notifications import DeliveryAttemptRow
from persistence.statements import Record

SECONDS: Final = 20.0
"""How long a carrier may take."""
ATTEMPTS: Final = dict.fromkeys(DELIVER.values(), 14)
"""With pauses that double from five seconds: eleven hours."""


async def deliver(work: Work) -> None:
    """Carry a message, unless it was carried, was read meanwhile, or comes too late."""
    async with work.app.store.snapshot() as snapshot:
        given = await snapshot.opened(tasks.TaskRow, tasks.TaskBody, work.task)
        delivery_id = msgspec.json.decode(given.given, type=Carrying).delivery_id
        found = await notifications.by_id(snapshot, delivery_id)
        account = found and await accounts.by_id(snapshot, found[0].account_id)
        if not found or account is None or found[0].state != DeliveryState.WAITING:
            return
        body = await snapshot.opened(AccountRow, AccountBody, account)
        late = found[0].late_at is not None and found[0].late_at <= snapshot.now
    delivery, note = found
    why = _useless(work, note, Channel(delivery.channel), body, late=late or account.disabled_at is not None)
    if why is not None:
        async with work.app.store.begin() as tx:
            await notifications.settle(tx, delivery_id, DeliveryState.SKIPPED, why=why)
        return
    await _hand_over(work, delivery, note, body)


def _useless(work: Work, note: Record, channel: Channel, body: AccountBody, *, late: bool) -> Skipped | None:
    if note.read_at is not None:
        return Skipped.READ
    if late:
        return Skipped.LATE
    if not address(body, channel):
        return Skipped.NO_ADDRESS
    return None if work.app.sender.reaches(channel) else Skipped.NO_CARRIER


async def _hand_over(work: Work, delivery: Record, note: Record, body: AccountBody) -> None:
    channel = Channel(delivery.channel)
    text = words(Topic(note.topic), body.language, work.app.public_url)
    to = address(body, channel)
    assert to is not None, "who has no address was passed over"
    try:
        async with asyncio.timeout(SECONDS):
            receipt = await work.app.sender.send(channel, to, text, key=f"{delivery.id}")
    except Exception as error:
        async with work.app.store.begin() as tx:
            await tx.insert(_attempt(tx.new_id(), delivery, tx.now, error=type(error).__name__))
            if work.last:
                await notifications.settle(tx, delivery.id, DeliveryState.FAILED)
        raise
    async with work.app.store.begin() as tx:
        await tx.insert(_attempt(tx.new_id(), delivery, tx.now, receipt=receipt))
        await notifications.settle(tx, delivery.id, DeliveryState.SENT, receipt=receipt)


def _attempt(row_id: int, delivery: Record, at: datetime, **told: str) -> DeliveryAttemptRow:
    return DeliveryAttemptRow(id=row_id, delivery_id=delivery.id, at=at, **told)
