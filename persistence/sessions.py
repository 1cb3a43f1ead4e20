"""Sessions: opaque tokens, stored hashed; ended by sign-out, idleness, age or a change of the account."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import LargeBinary, bindparam, select, update
from sqlmodel import Field

from domain.accounts import Viewer
from persistence import accounts
from persistence.accounts import AccountRow
from persistence.columns import BigInt, Moment, Shared
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction

IDLE: Final = timedelta(minutes=15)
ABSOLUTE: Final = timedelta(hours=12)
SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly the last act is kept; a write at every request would cost more than it tells."""


class SessionRow(Shared, table=True):
    """One signed-in browser, phone or partner."""

    __tablename__ = "session"

    token_hash: bytes = Field(sa_type=LargeBinary, nullable=False, unique=True)
    account_id: int = BigInt(nullable=False, index=True)
    created_at: datetime = Moment(nullable=False)
    seen_at: datetime = Moment(nullable=False)
    expires_at: datetime = Moment(nullable=False)
    ended_at: datetime | None = Moment(nullable=True, default=None)


_SESSION = SessionRow.__table__  # type: ignore[attr-defined]
_ACCOUNT = AccountRow.__table__  # type: ignore[attr-defined]

_LIVE = Statement(
    select(
        _SESSION.c.id,
        _SESSION.c.account_id,
        _SESSION.c.seen_at,
        _ACCOUNT.c.level,
        _ACCOUNT.c.patient_id,
        _ACCOUNT.c.practitioner_id,
    )
    .join(_ACCOUNT, _ACCOUNT.c.id == _SESSION.c.account_id)
    .where(
        _SESSION.c.token_hash == bindparam("token_hash"),
        _SESSION.c.ended_at.is_(None),
        _SESSION.c.expires_at > bindparam("at"),
        _SESSION.c.seen_at > bindparam("idle_since"),
        _ACCOUNT.c.disabled_at.is_(None),
    )
)
_SEEN = Statement(
    update(_SESSION)
    .where(_SESSION.c.id == bindparam("session_id"), _SESSION.c.seen_at < bindparam("before"))
    .values(seen_at=bindparam("seen"))
)
_END = Statement(
    update(_SESSION)
    .where(_SESSION.c.id == bindparam("session_id"), _SESSION.c.ended_at.is_(None))
    .values(ended_at=bindparam("ended"))
)


async def live(snapshot: Snapshot, token_hash: bytes) -> Record | None:
    """Return the session that a token opens now, with what its account is."""
    return await snapshot.one(_LIVE, token_hash=token_hash, at=snapshot.now, idle_since=snapshot.now - IDLE)


async def viewer(snapshot: Snapshot, token_hash: bytes) -> Viewer | None:
    """Return who a token stands for, with the roles held now; None if it opens no session."""
    session = await live(snapshot, token_hash)
    if session is None:
        return None
    return Viewer(
        session.account_id,
        session.id,
        accounts.level_of(session),
        session.patient_id,
        session.practitioner_id,
        await accounts.roles(snapshot, session.account_id),
        session.seen_at,
    )


async def start(tx: Transaction, account_id: int, token_hash: bytes) -> SessionRow:
    """Open a session."""
    row = SessionRow(
        id=tx.new_id(),
        token_hash=token_hash,
        account_id=account_id,
        created_at=tx.now,
        seen_at=tx.now,
        expires_at=tx.now + ABSOLUTE,
    )
    await tx.insert(row)
    return row


async def seen_now(tx: Transaction, viewer: Viewer) -> None:
    """Note that the person acted, once a minute at most."""
    await tx.execute(_SEEN, session_id=viewer.session_id, seen=tx.now, before=tx.now - SEEN_EVERY)


async def end(tx: Transaction, session_id: int) -> bool:
    """End a session; False if it had ended."""
    return await tx.execute(_END, session_id=session_id, ended=tx.now) == 1
