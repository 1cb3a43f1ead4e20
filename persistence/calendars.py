"""Calendar feeds: each is opened by a secret address, of which only the hash is kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final

from sqlalchemy import Index, LargeBinary, String, bindparam, select, update
from sqlmodel import Field

from domain.appointments import SlotState
from persistence.accounts import AccountRow
from persistence.appointments import AppointmentRow, SlotRow
from persistence.columns import BigInt, Moment, Shared
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction

KEPT: Final = timedelta(days=90)
"""How long visits that are over stay in a calendar."""


class CalendarFeedRow(Shared, table=True):
    """A calendar of somebody's visits, open to whoever has the address."""

    __tablename__ = "calendar_feed"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("calendar_feed_account", "account_id", "id"),
        Index("calendar_feed_secret", "secret_hash", unique=True),
    )

    account_id: int = BigInt(nullable=False)
    secret_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    detail: str = Field(sa_type=String(16), nullable=False)
    created_at: datetime = Moment(nullable=False)
    revoked_at: datetime | None = Moment(nullable=True, default=None)


_FEED: Final = CalendarFeedRow.__table__  # type: ignore[attr-defined]
_ACCOUNT: Final = AccountRow.__table__  # type: ignore[attr-defined]
_VISIT: Final = AppointmentRow.__table__  # type: ignore[attr-defined]
_SLOT: Final = SlotRow.__table__  # type: ignore[attr-defined]
_BY_SECRET = Statement(
    select(*_FEED.c)
    .join(_ACCOUNT, _ACCOUNT.c.id == _FEED.c.account_id)
    .where(
        _FEED.c.secret_hash == bindparam("secret_hash"),
        _FEED.c.revoked_at.is_(None),
        _ACCOUNT.c.disabled_at.is_(None),
    )
)
_OPEN = Statement(select(_FEED.c.id).where(_FEED.c.account_id == bindparam("of_account"), _FEED.c.revoked_at.is_(None)))
_REVOKE = Statement(
    update(_FEED)
    .where(
        _FEED.c.id == bindparam("feed_id"), _FEED.c.account_id == bindparam("of_account"), _FEED.c.revoked_at.is_(None)
    )
    .values(revoked_at=bindparam("ended"))
)
_VISITS = Statement(
    select(*_VISIT.c)
    .where(_VISIT.c.patient_id == bindparam("patient_id"), _VISIT.c.starts_at > bindparam("since"))
    .order_by(_VISIT.c.starts_at, _VISIT.c.id)
)
_TAKEN = Statement(
    select(_SLOT.c.starts_at, _SLOT.c.ends_at)
    .where(
        _SLOT.c.practitioner_id == bindparam("practitioner_id"),
        _SLOT.c.starts_at >= bindparam("since"),
        _SLOT.c.starts_at < bindparam("until"),
        _SLOT.c.state != SlotState.FREE.value,
    )
    .order_by(_SLOT.c.starts_at)
)


async def by_secret(snapshot: Snapshot, secret_hash: bytes) -> Record | None:
    """Return the feed that an address opens now."""
    return await snapshot.one(_BY_SECRET, secret_hash=secret_hash)


async def open_feeds(snapshot: Snapshot, account_id: int) -> int:
    """Return how many feeds of an account are open."""
    return len(await snapshot.all(_OPEN, of_account=account_id))


async def revoke(tx: Transaction, account_id: int, feed_id: int) -> bool:
    """Close a feed; False if it isn't the account's, or is closed."""
    return await tx.execute(_REVOKE, of_account=account_id, feed_id=feed_id, ended=tx.now) == 1


async def visits(snapshot: Snapshot, patient_id: int) -> list[AppointmentRow]:
    """Return a patient's visits, those of the last weeks too."""
    rows = await snapshot.all(_VISITS, patient_id=patient_id, since=snapshot.now - KEPT)
    return [AppointmentRow(**{name: getattr(row, name) for name in AppointmentRow.model_fields}) for row in rows]


async def taken(snapshot: Snapshot, practitioner_id: int, until: datetime) -> Sequence[Record]:
    """Return a doctor's times that are taken, from now on."""
    return await snapshot.all(_TAKEN, practitioner_id=practitioner_id, since=snapshot.now, until=until)
