"""Which account belongs to whom at a national identity service."""

from datetime import datetime
from typing import Final

from sqlalchemy import LargeBinary, bindparam, select
from sqlmodel import Field, SQLModel

from persistence.columns import BigInt, Moment
from persistence.sealing import SYSTEM
from persistence.statements import Statement
from persistence.store import Snapshot, Transaction


class IdentityLinkRow(SQLModel, table=True):
    """A person there and an account here."""

    __tablename__ = "identity_link"

    subject_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    """Under the global key: issuer and subject."""
    account_id: int = BigInt(nullable=False, index=True)
    linked_at: datetime = Moment(nullable=False)


_LINK: Final = IdentityLinkRow.__table__  # type: ignore[attr-defined]
_ACCOUNT = Statement(select(_LINK.c.account_id).where(_LINK.c.subject_hash == bindparam("subject_hash")))


async def subject_hash(snapshot: Snapshot, issuer: str, subject: str) -> bytes:
    """Return what a person is found by."""
    return (await snapshot.keys.newest(SYSTEM)).hash(f"identity|{issuer}|{subject}")


async def account_of(snapshot: Snapshot, issuer: str, subject: str) -> int | None:
    """Return the account of a person, if one is linked."""
    found = await snapshot.value(_ACCOUNT, subject_hash=await subject_hash(snapshot, issuer, subject))
    return None if found is None else int(found)


async def link(tx: Transaction, issuer: str, subject: str, account_id: int) -> bool:
    """Link a person to an account; False if somebody is just doing so."""
    hashed = await subject_hash(tx, issuer, subject)
    return await tx.claim(IdentityLinkRow(subject_hash=hashed, account_id=account_id, linked_at=tx.now))
