"""Alerts about unusual activity, and locks of accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final, NamedTuple

from sqlalchemy import BigInteger, Index, String, bindparam, select, update
from sqlmodel import Field

from domain.events import Event, EventKind
from domain.watch import Finding
from persistence.accounts import AccountRow
from persistence.columns import BigInt, Moment, Sealed, SealedRow
from persistence.sessions import SessionRow
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction


class AlertRow(SealedRow, table=True):
    """Something unusual that a rule found in the audit log."""

    __tablename__ = "security_alert"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("security_alert_organization", "organization_id", "id"),)

    at: datetime = Moment(nullable=False)
    kind: str = Field(sa_type=String(32), nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    account_id: int | None = BigInt(nullable=True, default=None)
    organization_id: int = BigInt(nullable=False, default=0)
    """Where the account holds a role; 0 for people without one."""
    entry_id: int = BigInt(nullable=False)
    """The entry that was too much."""
    count: int = BigInt(nullable=False)
    closed_at: datetime | None = Moment(nullable=True, default=None)
    closed_by: int | None = BigInt(nullable=True, default=None)


class AlertBody(Sealed, frozen=True):
    """What of an alert is personal."""

    address: str
    comment: str = ""
    """What the officer who closed it found."""


class LockRow(SealedRow, table=True):
    """A lock of an account, until it is lifted; locks are kept."""

    __tablename__ = "account_lock"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("account_lock_account", "account_id", "id"),)

    account_id: int = BigInt(nullable=False)
    organization_id: int = BigInt(nullable=False, default=0)
    """Where the account holds a role; 0 for people without one."""
    since: datetime = Moment(nullable=False)
    locked_by: int = BigInt(nullable=False)
    until: datetime | None = Moment(nullable=True, default=None)
    lifted_by: int | None = BigInt(nullable=True, default=None)


class LockBody(Sealed, frozen=True):
    """Why."""

    reason: str
    lifted_because: str = ""


class Alarm(NamedTuple):
    """What a rule has found, and at which entry."""

    finding: Finding
    entry_id: int
    organization_id: int
    address: str


_ALERT: Final = AlertRow.__table__  # type: ignore[attr-defined]
_LOCK: Final = LockRow.__table__  # type: ignore[attr-defined]
_ACCOUNT: Final = AccountRow.__table__  # type: ignore[attr-defined]
_SESSION: Final = SessionRow.__table__  # type: ignore[attr-defined]
_ALERT_BY_ID = Statement(select(*_ALERT.c).where(_ALERT.c.id == bindparam("alert_id")))
_OPEN_LOCK = Statement(
    select(*_LOCK.c).where(_LOCK.c.account_id == bindparam("account_id"), _LOCK.c.until.is_(None)).limit(1)
)
_SWITCH = Statement(
    update(_ACCOUNT)
    .where(_ACCOUNT.c.id == bindparam("of_account"))
    .values(disabled_at=bindparam("disabled", type_=BigInteger))
)
_OPEN_SESSIONS = Statement(
    select(_SESSION.c.id).where(_SESSION.c.account_id == bindparam("account_id"), _SESSION.c.ended_at.is_(None))
)
_END_SESSIONS = Statement(
    update(_SESSION)
    .where(_SESSION.c.account_id == bindparam("of_account"), _SESSION.c.ended_at.is_(None))
    .values(ended_at=bindparam("ended"))
)


async def raised(tx: Transaction, alarms: Sequence[Alarm]) -> None:
    """Keep alerts, and tell those who watch."""
    for alarm in alarms:
        finding = alarm.finding
        row = AlertRow(
            id=tx.new_id(),
            at=tx.now,
            kind=finding.kind.value,
            state="OPEN",
            account_id=finding.account_id,
            organization_id=alarm.organization_id,
            entry_id=alarm.entry_id,
            count=finding.times,
        )
        await tx.insert(row, AlertBody(alarm.address))
        tx.emit(Event(EventKind.SECURITY_ALERT, alarm.entry_id, organization_id=alarm.organization_id))


async def alert(snapshot: Snapshot, alert_id: int) -> Record | None:
    """Return an alert."""
    return await snapshot.one(_ALERT_BY_ID, alert_id=alert_id)


async def open_lock(snapshot: Snapshot, account_id: int) -> Record | None:
    """Return the lock that holds an account now."""
    return await snapshot.one(_OPEN_LOCK, account_id=account_id)


async def shut(tx: Transaction, account_id: int) -> list[int]:
    """Let nobody in by an account, and end its sessions; return those that were open."""
    ended = [row.id for row in await tx.all(_OPEN_SESSIONS, account_id=account_id)]
    await tx.execute(_SWITCH, of_account=account_id, disabled=tx.now)
    await tx.execute(_END_SESSIONS, of_account=account_id, ended=tx.now)
    return ended


async def let_in(tx: Transaction, account_id: int) -> None:
    """Let an account in again; its old sessions stay ended."""
    await tx.execute(_SWITCH, of_account=account_id, disabled=None)
