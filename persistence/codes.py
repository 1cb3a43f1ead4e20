"""Codes that were sent: only their keyed hashes are kept."""

from datetime import datetime, timedelta
from typing import ClassVar, Final, NamedTuple

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, bindparam, delete, func, select, update
from sqlmodel import Field

from domain.codes import AGAIN_AFTER, AN_HOUR, LIFETIME, TRIES, Channel, Purpose
from persistence.columns import BigInt, Moment, Sealed, SealedRow
from persistence.sealing import SYSTEM
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction


class SentCodeRow(SealedRow, table=True):
    """A code; whoever may use it holds the ticket."""

    __tablename__ = "sent_code"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("sent_code_ticket", "ticket_hash", "channel", unique=True),
        Index("sent_code_to", "to_hash", "sent_at"),
    )

    ticket_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    """Of the secret that whoever asked for the code was given."""
    to_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    """To what it goes, or would go: so many an hour, whether or not anybody is there."""
    code_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    account_id: int | None = BigInt(nullable=True, default=None)
    purpose: str = Field(sa_type=String(16), nullable=False)
    channel: str = Field(sa_type=String(8), nullable=False)
    sent_at: datetime = Moment(nullable=False)
    expires_at: datetime = Moment(nullable=False)
    tries: int = Field(sa_type=Integer, nullable=False, default=0)
    used_at: datetime | None = Moment(nullable=True, default=None)


class SentCodeBody(Sealed, frozen=True):
    """To whom it went."""

    to: str


class Sending(NamedTuple):
    """A code to be sent."""

    purpose: Purpose
    channel: Channel
    to: str
    """The number or address; empty: nobody gets it, and nothing shows that."""
    ticket_hash: bytes
    code: str
    account_id: int | None = None
    language: str = "ru"


_HOUR: Final = timedelta(hours=1)
_CODE: Final = SentCodeRow.__table__  # type: ignore[attr-defined]
_RECENT = Statement(
    select(func.count(_CODE.c.id).label("many"), func.max(_CODE.c.sent_at).label("latest")).where(
        _CODE.c.to_hash == bindparam("to_hash"), _CODE.c.sent_at > bindparam("since")
    )
)
_OPEN = (
    (_CODE.c.ticket_hash == bindparam("of_ticket"))
    & (_CODE.c.channel == bindparam("of_channel"))
    & (_CODE.c.purpose == bindparam("of_purpose"))
    & _CODE.c.used_at.is_(None)
    & (_CODE.c.expires_at > bindparam("at"))
)
_TRY = Statement(
    update(_CODE)
    .where(
        _CODE.c.ticket_hash == bindparam("of_ticket"),
        _CODE.c.used_at.is_(None),
        _CODE.c.expires_at > bindparam("at"),
        _CODE.c.tries < TRIES,
    )
    .values(tries=_CODE.c.tries + 1)
)
_USE = Statement(
    update(_CODE)
    .where(_OPEN, _CODE.c.code_hash == bindparam("of_code"))
    .values(used_at=bindparam("used", type_=BigInteger))
)
_FORGET = Statement(delete(_CODE).where(_CODE.c.expires_at < bindparam("before")))
_OF_TICKET = Statement(
    select(*_CODE.c).where(_CODE.c.ticket_hash == bindparam("of_ticket"), _CODE.c.channel == bindparam("of_channel"))
)


async def code_hash(snapshot: Snapshot, ticket_hash: bytes, code: str) -> bytes:
    """Return what a code is compared by: under a key that isn't in the database, since a million are soon tried."""
    return (await snapshot.keys.newest(SYSTEM)).hash(f"code|{ticket_hash.hex()}|{code}")


async def may_send(snapshot: Snapshot, to_hash: bytes) -> bool:
    """Return whether another code may go to a number or address now."""
    found = await snapshot.one(_RECENT, to_hash=to_hash, since=snapshot.now - _HOUR)
    if found is None or not found.many:
        return True
    return bool(found.many < AN_HOUR and found.latest + AGAIN_AFTER <= snapshot.now)


async def add(tx: Transaction, sending: Sending, to_hash: bytes) -> None:
    """Keep what a code is known by."""
    row = SentCodeRow(
        id=tx.new_id(),
        ticket_hash=sending.ticket_hash,
        to_hash=to_hash,
        code_hash=await code_hash(tx, sending.ticket_hash, sending.code),
        account_id=sending.account_id,
        purpose=sending.purpose.value,
        channel=sending.channel.value,
        sent_at=tx.now,
        expires_at=tx.now + LIFETIME,
    )
    await tx.insert(row, SentCodeBody(sending.to))


async def count_try(tx: Transaction, ticket_hash: bytes) -> bool:
    """Count a guess, in a transaction of its own; False: there were too many, or the code is over."""
    return await tx.execute(_TRY, of_ticket=ticket_hash, at=tx.now) > 0


async def use(tx: Transaction, ticket_hash: bytes, channel: Channel, purpose: Purpose, code: str) -> Record | None:
    """Claim a code: of two at once one gets it; None if it is another, was used, or is over."""
    used = await tx.execute(
        _USE,
        of_ticket=ticket_hash,
        of_channel=channel.value,
        of_purpose=purpose.value,
        at=tx.now,
        of_code=await code_hash(tx, ticket_hash, code),
        used=tx.now,
    )
    return await of_ticket(tx, ticket_hash, channel) if used == 1 else None


async def of_ticket(snapshot: Snapshot, ticket_hash: bytes, channel: Channel) -> Record | None:
    """Return the row of a code."""
    return await snapshot.one(_OF_TICKET, of_ticket=ticket_hash, of_channel=channel.value)


async def to(snapshot: Snapshot, record: Record) -> str:
    """Return the number or address that a code went to."""
    return (await snapshot.opened(SentCodeRow, SentCodeBody, record)).to


async def forget(tx: Transaction, before: datetime) -> int:
    """Delete the codes that were over at a moment, with whom they went to; return how many are gone."""
    return await tx.execute(_FORGET, before=before)
