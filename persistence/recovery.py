"""Recoveries of access: asked for, waited for, stopped or done."""

from datetime import datetime
from typing import ClassVar, Final

from sqlalchemy import BigInteger, Index, String, bindparam, select
from sqlmodel import Field

from domain.recovery import RecoveryState
from persistence.columns import BigInt, Moment, Sealed, SealedRow
from persistence.statements import Statement
from persistence.store import Transaction


class RecoveryRow(SealedRow, table=True):
    """One recovery of an account's access."""

    __tablename__ = "recovery"
    __owner_kind__: ClassVar[str] = "account"
    __owner_column__: ClassVar[str | None] = "account_id"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("recovery_account", "account_id", "id"),)

    account_id: int = BigInt(nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    begun_at: datetime = Moment(nullable=False)
    effective_at: datetime = Moment(nullable=False)
    ended_at: datetime | None = Moment(nullable=True, default=None)


class RecoveryBody(Sealed, frozen=True):
    """What will be in force, and who asked for it."""

    password_hash: str
    address: str
    user_agent: str


_RECOVERY: Final = RecoveryRow.__table__  # type: ignore[attr-defined]
_WAITING = Statement(
    select(*_RECOVERY.c)
    .where(
        _RECOVERY.c.account_id == bindparam("account_id", type_=BigInteger),
        _RECOVERY.c.state == RecoveryState.WAITING.value,
    )
    .with_for_update()
)


async def waiting(tx: Transaction, account_id: int) -> tuple[RecoveryRow, RecoveryBody] | None:
    """Return the recovery that an account waits for; nobody else changes it until the transaction ends."""
    record = await tx.one(_WAITING, account_id=account_id)
    if record is None:
        return None
    row = RecoveryRow(**{name: getattr(record, name) for name in RecoveryRow.model_fields})
    return row, await tx.opened(RecoveryRow, RecoveryBody, record)
