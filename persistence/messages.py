"""Messages of other systems: kept sealed under the sender's key before they are acknowledged."""

from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

from sqlalchemy import BigInteger, Index, LargeBinary, String, bindparam, select
from sqlmodel import Field

from domain.messages import MessageState
from persistence.columns import BigInt, Moment, Retention, Sealed, SealedRow
from persistence.sealing import Owner
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction


class InboundMessageRow(SealedRow, table=True):
    """One message of a partner; what an operator may see of it is in the clear."""

    __tablename__ = "inbound_message"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("inbound_message_identity", "organization_id", "identity_hash", unique=True),
        Index("inbound_message_state", "state", "id"),
    )
    __owner_kind__: ClassVar[str] = "partner"
    __owner_column__: ClassVar[str | None] = "organization_id"
    __retention__: ClassVar[Retention] = Retention.RECORD

    organization_id: int = BigInt(nullable=False)
    account_id: int = BigInt(nullable=False)
    """The partner's account, in whose name the message is applied."""
    identity_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    """Sender and control id, under the partner's hash key: applied once, however often it is sent (law 8)."""
    content_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    kind: str = Field(sa_type=String(16), nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    reason: str | None = Field(sa_type=String(32), nullable=True, default=None)
    received_at: datetime = Moment(nullable=False)
    settled_at: datetime | None = Moment(nullable=True, default=None)


class InboundMessageBody(Sealed, frozen=True):
    """The message as it came, and what was answered."""

    raw: bytes
    acknowledgement: bytes = b""


class Hashes(NamedTuple):
    """What a message is known by within its partner."""

    identity: bytes
    content: bytes
    reused: bytes
    """Its identity where the sender has used the control id for something else before."""


_MESSAGE = InboundMessageRow.__table__  # type: ignore[attr-defined]
_BY_IDENTITY = Statement(
    select(*_MESSAGE.c).where(
        _MESSAGE.c.organization_id == bindparam("organization_id"),
        _MESSAGE.c.identity_hash == bindparam("identity_hash"),
    )
)
_BY_ID = Statement(select(*_MESSAGE.c).where(_MESSAGE.c.id == bindparam("message_id")))
_LOCKED = Statement(select(*_MESSAGE.c).where(_MESSAGE.c.id == bindparam("message_id")).with_for_update())
_IN_STATE = Statement(
    select(
        _MESSAGE.c.id,
        _MESSAGE.c.organization_id,
        _MESSAGE.c.account_id,
        _MESSAGE.c.kind,
        _MESSAGE.c.state,
        _MESSAGE.c.reason,
        _MESSAGE.c.received_at,
    )
    .where(_MESSAGE.c.state == bindparam("state", type_=String), _MESSAGE.c.id > bindparam("after", type_=BigInteger))
    .order_by(_MESSAGE.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)
OPEN: Final = frozenset({MessageState.RECEIVED, MessageState.WAITING, MessageState.QUARANTINED, MessageState.REFUSED})
"""States in which a message may still be applied."""


async def hashes(snapshot: Snapshot, organization_id: int, identity: str, content: str) -> Hashes:
    """Return what a message is known by."""
    key = await snapshot.keys.newest(Owner("partner", organization_id, Retention.RECORD))
    return Hashes(
        key.hash(f"message|{identity}"), key.hash(f"content|{content}"), key.hash(f"reused|{identity}|{content}")
    )


async def by_identity(snapshot: Snapshot, organization_id: int, identity_hash: bytes) -> Record | None:
    """Return the message that a partner sent under this identity."""
    return await snapshot.one(_BY_IDENTITY, organization_id=organization_id, identity_hash=identity_hash)


async def by_id(snapshot: Snapshot, message_id: int) -> Record | None:
    """Return a message, still sealed."""
    return await snapshot.one(_BY_ID, message_id=message_id)


async def locked(tx: Transaction, message_id: int) -> Record | None:
    """Return a message that nobody else applies until this transaction ends."""
    return await tx.one(_LOCKED, message_id=message_id)


async def body_of(snapshot: Snapshot, record: Record) -> InboundMessageBody:
    """Return what a message says, opened."""
    return await snapshot.opened(InboundMessageRow, InboundMessageBody, record)


async def in_state(snapshot: Snapshot, state: MessageState, after: int, limit: int) -> list[Record]:
    """Return messages in one state, oldest first, none of their content."""
    return await snapshot.all(_IN_STATE, state=state.value, after=after, limit=limit)


async def settle(tx: Transaction, record: Record, body: InboundMessageBody, **changed: Any) -> bool:
    """Write how a message ended and what was answered; False if another was faster."""
    given = {name: getattr(record, name) for name in InboundMessageRow.model_fields}
    return await tx.reseal(InboundMessageRow(**given | changed | {"settled_at": tx.now}), body)
