"""One-time codes on their way: ordered in the act's transaction, carried behind it, claimed once."""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec
import structlog

from actions.call import Call
from actions.tasks import Work
from domain.codes import Channel, Purpose, words
from domain.errors import TooManyAttempts, Unavailable, WrongCode
from persistence import accounts, codes, tasks
from persistence.accounts import AccountBody
from persistence.codes import Sending
from persistence.statements import Record
from persistence.store import Store, Transaction
from security.codes import new_code
from security.tokens import digest

SEND: Final = {channel: f"send-code-{channel.lower()}" for channel in Channel}
"""The kinds of the tasks that carry a text: a way's own, so that a dead carrier delays no other."""


KEPT: Final = timedelta(days=1)
EACH: Final = 3600.0
log = structlog.get_logger()


class Carried(msgspec.Struct):
    """What the task is given, sealed with it."""

    channel: Channel
    to: str
    text: str


def require_way(call: Call, channel: Channel) -> None:
    """Check that texts can be sent at all.

    Raises:
        Unavailable: no carrier is configured for it.
    """
    if not call.app.sender.reaches(channel):
        raise Unavailable


def address(body: AccountBody, channel: Channel) -> str | None:
    """Return to where an account's codes go."""
    return body.phone if channel is Channel.SMS else body.email


async def send(
    tx: Transaction,
    call: Call,
    purpose: Purpose,
    channel: Channel,
    to: str,
    ticket: str,
    account_id: int | None = None,
    *,
    instead: str | None = None,
) -> None:
    """Order a code; `instead`: what goes out in its place, so that the asker sees no difference ("" for nothing).

    Raises:
        TooManyAttempts: the last code is too fresh, or there were too many within the hour.
    """
    to_hash = await accounts.name_hash(tx, to)
    if not await codes.may_send(tx, to_hash):
        raise TooManyAttempts
    await put(tx, call, purpose, channel, to if instead is None else None, ticket, to_hash, account_id)
    if instead:
        await carry(tx, channel, to, instead)


async def put(
    tx: Transaction,
    call: Call,
    purpose: Purpose,
    channel: Channel,
    to: str | None,
    ticket: str,
    to_hash: bytes,
    account_id: int | None = None,
) -> None:
    """Order a code whose limit is counted under `to_hash`; to nobody, one that doesn't exist is kept in its place."""
    code = new_code() if to is not None else ""
    await codes.add(tx, Sending(purpose, channel, to or "", digest(ticket), code, account_id), to_hash)
    await carry(tx, channel, to or "", words(purpose, code, call.language) if code else "")


async def carry(tx: Transaction, channel: Channel, to: str, text: str) -> None:
    """Order a text to be carried, behind this transaction; an empty one goes nowhere."""
    await tasks.add(tx, SEND[channel], msgspec.json.encode(Carried(channel, to, text)))


async def deliver(work: Work) -> None:
    """Carry a text."""
    async with work.app.store.snapshot() as snapshot:
        body = await snapshot.opened(tasks.TaskRow, tasks.TaskBody, work.task)
    carried = msgspec.json.decode(body.given, type=Carried)
    if carried.text:
        await work.app.sender.send(carried.channel, carried.to, carried.text)


async def count_try(call: Call, ticket: str) -> None:
    """Count a guess before it is looked at, whatever becomes of the act.

    Raises:
        WrongCode: there were too many, or the codes of this ticket are over.
    """
    async with call.app.store.begin() as tx:
        counted = await codes.count_try(tx, digest(ticket))
    if not counted:
        raise WrongCode


async def use(
    tx: Transaction, ticket: str, channel: Channel, purpose: Purpose, code: str, *, field: str = "code"
) -> Record:
    """Claim a code; return its row.

    Raises:
        WrongCode: it is another, was used, or is over.
    """
    found = await codes.use(tx, digest(ticket), channel, purpose, code) if code else None
    if found is None:
        raise WrongCode(field)
    return found


async def forget(store: Store) -> None:
    """Delete what was sent, and to whom, a day after it has served: the limits look back one hour."""
    async with store.begin() as tx:
        await codes.forget(tx, tx.now - KEPT)
        for kind in SEND.values():
            await tasks.forget(tx, kind, tx.now - KEPT)


async def keep_forgetting(store: Store) -> None:
    """Do so each hour, for ever."""
    while True:
        try:
            await forget(store)
        except Exception as error:  # noqa: BLE001 - the database may be away: the next round deletes
            log.warning("old codes stay", error=type(error).__name__)
        await asyncio.sleep(EACH)
