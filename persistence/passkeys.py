"""Passkeys, and the challenges that are open."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, bindparam, delete, or_, select, update
from sqlmodel import Field, SQLModel

from persistence.columns import BigInt, Moment, Sealed, SealedRow
from persistence.sealing import SYSTEM
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction

LIFETIME: Final = timedelta(minutes=5)


class PasskeyRow(SealedRow, table=True):
    """A passkey of an account."""

    __tablename__ = "passkey"
    __owner_kind__: ClassVar[str] = "account"
    __owner_column__: ClassVar[str | None] = "account_id"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("passkey_account", "account_id", "id"),)

    account_id: int = BigInt(nullable=False)
    credential_hash: bytes = Field(sa_type=LargeBinary, nullable=False, unique=True)
    created_at: datetime = Moment(nullable=False)
    used_at: datetime | None = Moment(nullable=True, default=None)
    sign_count: int = Field(sa_type=Integer, nullable=False, default=0)
    backed_up: bool = Field(sa_type=Boolean, nullable=False)


class PasskeyBody(Sealed, frozen=True):
    """Its key, and what its owner calls it."""

    name: str
    credential_id: bytes
    public_key: bytes


class PasskeyChallengeRow(SQLModel, table=True):
    """A challenge that waits for its answer; claimed by being deleted."""

    __tablename__ = "passkey_challenge"

    challenge_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    account_id: int | None = BigInt(nullable=True, default=None)
    """For whom a passkey is made; null: for a sign-in."""
    expires_at: datetime = Moment(nullable=False, index=True)


_PASSKEY: Final = PasskeyRow.__table__  # type: ignore[attr-defined]
_CHALLENGE: Final = PasskeyChallengeRow.__table__  # type: ignore[attr-defined]
_EXPIRED = Statement(delete(_CHALLENGE).where(_CHALLENGE.c.expires_at <= bindparam("at")))
_CLAIM = Statement(
    delete(_CHALLENGE).where(
        _CHALLENGE.c.challenge_hash == bindparam("challenge_hash"),
        _CHALLENGE.c.expires_at > bindparam("at"),
        or_(
            _CHALLENGE.c.account_id == bindparam("account_id", type_=BigInteger),
            _CHALLENGE.c.account_id.is_(None) & bindparam("signing_in", type_=Boolean),
        ),
    )
)
_BY_CREDENTIAL = Statement(select(*_PASSKEY.c).where(_PASSKEY.c.credential_hash == bindparam("credential_hash")))
_OF_ACCOUNT = Statement(
    select(*_PASSKEY.c)
    .where(_PASSKEY.c.account_id == bindparam("account_id", type_=BigInteger))
    .order_by(_PASSKEY.c.id)
)
_USED = Statement(
    update(_PASSKEY)
    .where(_PASSKEY.c.id == bindparam("passkey_id"), _PASSKEY.c.sign_count == bindparam("was", type_=Integer))
    .values(used_at=bindparam("at"), sign_count=bindparam("new", type_=Integer))
)
_DROP = Statement(
    delete(_PASSKEY).where(_PASSKEY.c.id == bindparam("passkey_id"), _PASSKEY.c.account_id == bindparam("account_id"))
)


async def lookup(snapshot: Snapshot, what: str, value: bytes) -> bytes:
    """Return what a challenge, a credential or a user is found by."""
    return (await snapshot.keys.newest(SYSTEM)).hash(f"passkey-{what}|{value.hex()}")


async def challenge(tx: Transaction, value: bytes, account_id: int | None) -> None:
    """Keep a challenge for five minutes; those that are over go."""
    await tx.execute(_EXPIRED, at=tx.now)
    hashed = await lookup(tx, "challenge", value)
    await tx.insert(PasskeyChallengeRow(challenge_hash=hashed, account_id=account_id, expires_at=tx.now + LIFETIME))


async def claim(tx: Transaction, value: bytes, account_id: int | None) -> bool:
    """Claim a challenge; False if it was answered, is over, or was another's."""
    hashed = await lookup(tx, "challenge", value)
    signing_in = account_id is None
    return await tx.execute(_CLAIM, challenge_hash=hashed, at=tx.now, account_id=account_id, signing_in=signing_in) == 1


async def by_credential(snapshot: Snapshot, credential_id: bytes) -> tuple[Record, PasskeyBody] | None:
    """Return a passkey."""
    record = await snapshot.one(_BY_CREDENTIAL, credential_hash=await lookup(snapshot, "credential", credential_id))
    return None if record is None else (record, await snapshot.opened(PasskeyRow, PasskeyBody, record))


async def of_account(snapshot: Snapshot, account_id: int) -> list[bytes]:
    """Return the credentials of an account."""
    rows = await snapshot.all(_OF_ACCOUNT, account_id=account_id)
    return [(await snapshot.opened(PasskeyRow, PasskeyBody, row)).credential_id for row in rows]


async def used(tx: Transaction, passkey: Record, sign_count: int) -> bool:
    """Note a use; False if another use was noted meanwhile."""
    return await tx.execute(_USED, passkey_id=passkey.id, was=passkey.sign_count, at=tx.now, new=sign_count) == 1


async def drop(tx: Transaction, account_id: int, passkey_id: int) -> bool:
    """Remove a passkey; False if there is none such."""
    return await tx.execute(_DROP, account_id=account_id, passkey_id=passkey_id) == 1
