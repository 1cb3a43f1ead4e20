"""Sessions: opaque tokens, stored hashed; ended by sign-out, idleness, age or a change of the account."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, LargeBinary, bindparam, or_, select, update
from sqlmodel import Field

from domain.accounts import Role, RoleGrant, Viewer
from persistence import accounts
from persistence.accounts import AccountRow, RoleGrantRow
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
    proved_at: datetime | None = Moment(nullable=True, default=None)
    """When the person last showed a second factor in it."""


_SESSION = SessionRow.__table__  # type: ignore[attr-defined]
_ACCOUNT = AccountRow.__table__  # type: ignore[attr-defined]
_GRANT = RoleGrantRow.__table__  # type: ignore[attr-defined]

LIVE = Statement(
    select(
        _SESSION.c.id,
        _SESSION.c.account_id,
        _SESSION.c.seen_at,
        _SESSION.c.proved_at,
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
    ),
    single=True,
)
_ROLES = Statement(
    select(_GRANT.c.role, _GRANT.c.organization_id, _GRANT.c.since, _GRANT.c.until)
    .join(_SESSION, _SESSION.c.account_id == _GRANT.c.account_id)
    .where(
        _SESSION.c.token_hash == bindparam("token_hash"),
        _GRANT.c.since <= bindparam("at"),
        or_(_GRANT.c.until.is_(None), _GRANT.c.until > bindparam("at")),
    )
)
OPENING: Final = (LIVE, _ROLES)
"""What a token stands for: given `token_hash`, `at` and `idle_since`."""
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
_PROVE = Statement(
    update(_SESSION)
    .where(_SESSION.c.id == bindparam("session_id"), _SESSION.c.ended_at.is_(None))
    .values(token_hash=bindparam("new_token"), proved_at=bindparam("proved", type_=BigInteger))
)
_OWNER = Statement(select(_SESSION.c.account_id).where(_SESSION.c.id == bindparam("session_id")))
_OTHERS = Statement(
    select(_SESSION.c.id)
    .where(
        _SESSION.c.account_id == bindparam("account_id"),
        _SESSION.c.id != bindparam("kept"),
        _SESSION.c.ended_at.is_(None),
    )
    .order_by(_SESSION.c.id)
)


async def live(snapshot: Snapshot, token_hash: bytes) -> Record | None:
    """Return the session that a token opens now, with what its account is."""
    return await snapshot.one(LIVE, token_hash=token_hash, at=snapshot.now, idle_since=snapshot.now - IDLE)


async def viewer(snapshot: Snapshot, token_hash: bytes) -> Viewer | None:
    """Return who a token stands for, with the roles held now; None if it opens no session."""
    given = {"token_hash": token_hash, "at": snapshot.now, "idle_since": snapshot.now - IDLE}
    return viewer_of(*await snapshot.together(OPENING, given))


def viewer_of(live: Sequence[Record], roles: Sequence[Record]) -> Viewer | None:
    """Return the viewer of what `OPENING` found."""
    if not live:
        return None
    (session,) = live
    return Viewer(
        session.account_id,
        session.id,
        accounts.level_of(session),
        session.patient_id,
        session.practitioner_id,
        tuple(RoleGrant(Role(row.role), row.organization_id, row.since, row.until) for row in roles),
        session.seen_at,
        session.proved_at,
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
        proved_at=tx.now,
    )
    await tx.insert(row)
    return row


async def seen_now(tx: Transaction, viewer: Viewer) -> None:
    """Note that the person acted, once a minute at most."""
    if viewer.seen_at is None or tx.now - viewer.seen_at >= SEEN_EVERY:
        await tx.later(_SEEN, session_id=viewer.session_id, seen=tx.now, before=tx.now - SEEN_EVERY)


async def prove(tx: Transaction, session_id: int, token_hash: bytes) -> None:
    """Note that a second factor was shown; the session goes on under a new token, the old one is dead."""
    await tx.execute(_PROVE, session_id=session_id, new_token=token_hash, proved=tx.now)


async def end(tx: Transaction, session_id: int) -> bool:
    """End a session; False if it had ended."""
    return await tx.execute(_END, session_id=session_id, ended=tx.now) == 1


async def owner(snapshot: Snapshot, session_id: int) -> int | None:
    """Return whose session it is, or None if there is none."""
    found = await snapshot.one(_OWNER, session_id=session_id)
    return None if found is None else int(found.account_id)


async def others(snapshot: Snapshot, account_id: int, kept: int) -> list[int]:
    """Return the sessions of an account, but for one, that nobody ended."""
    return [row.id for row in await snapshot.all(_OTHERS, account_id=account_id, kept=kept)]
