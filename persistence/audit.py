"""The audit log: entries are only ever added, in the transaction of what they tell of."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec
from sqlalchemy import Index, String
from sqlmodel import Field

from domain.audit import AuditEntry
from domain.errors import AuditUnavailable
from persistence.columns import BigInt, Moment, Sealed, SealedRow

if TYPE_CHECKING:
    from persistence.store import Store, Transaction


class AuditRow(SealedRow, table=True):
    """One entry; the service's own user may only insert here (PostgreSQL)."""

    __tablename__ = "audit_entry"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("audit_entry_patient", "patient_id", "id"),
        Index("audit_entry_organization", "organization_id", "id"),
    )

    at: datetime = Moment(nullable=False, index=True)
    action: str = Field(sa_type=String(48), nullable=False)
    outcome: str = Field(sa_type=String(16), nullable=False)
    account_id: int | None = BigInt(nullable=True, default=None)
    patient_id: int | None = BigInt(nullable=True, default=None)
    organization_id: int = BigInt(nullable=False, default=0)
    """Where the actor holds a role (the first, if several); 0 for people without one."""
    subject_id: int | None = BigInt(nullable=True, default=None)
    operation_id: int = BigInt(nullable=False)
    """Entries of one operation about several patients share it."""


class AuditBody(Sealed, frozen=True):
    """What of an entry is personal."""

    address: str
    user_agent: str
    operation: str
    categories: tuple[str, ...]
    roles: tuple[str, ...]
    organizations: tuple[int, ...]
    reason: str | None = None


class Origin(msgspec.Struct, frozen=True):
    """Who acts, and from where."""

    account_id: int | None = None
    address: str = ""
    user_agent: str = ""
    operation: str = ""
    roles: tuple[str, ...] = ()
    organizations: tuple[int, ...] = ()


NOBODY: Final = Origin()


async def write(tx: "Transaction", entries: Sequence[AuditEntry], origin: Origin | None) -> None:
    """Add the entries of one transaction."""
    if not entries:
        return
    operation_id = tx.new_id()
    await tx.insert_all([_row(tx, entry, origin or NOBODY, operation_id) for entry in entries])


def _row(tx: "Transaction", entry: AuditEntry, origin: Origin, operation_id: int) -> tuple[AuditRow, AuditBody]:
    row = AuditRow(
        id=tx.new_id(),
        at=tx.now,
        action=entry.action.value,
        outcome=entry.outcome.value,
        account_id=origin.account_id,
        patient_id=entry.patient_id,
        organization_id=origin.organizations[0] if origin.organizations else 0,
        subject_id=entry.subject_id,
        operation_id=operation_id,
    )
    body = AuditBody(
        address=origin.address,
        user_agent=origin.user_agent,
        operation=origin.operation,
        categories=tuple(category.value for category in entry.categories),
        roles=origin.roles,
        organizations=origin.organizations,
        reason=entry.reason,
    )
    return row, body


class AuditLog:
    """Takes entries of reads and commits them in groups: nothing is answered before its group is on disk."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._waiting: list[tuple[Sequence[AuditEntry], Origin, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def recorded(self, entries: Sequence[AuditEntry], origin: Origin) -> None:
        """Return once the entries are durable.

        Raises:
            AuditUnavailable: they could not be written, so nothing may be shown.
        """
        if not entries:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entries, origin, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_gathered())
        await done

    async def _write_gathered(self) -> None:
        """Insert what has gathered while the last group was committing; no timer, the commit is the wait."""
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                await self._commit([(entries, origin) for entries, origin, _ in group])
            except BaseException as error:  # whatever the store says, the readers must be refused
                _settle(group, AuditUnavailable())
                if not isinstance(error, Exception):
                    raise
            else:
                _settle(group, None)

    async def _commit(self, group: Sequence[tuple[Sequence[AuditEntry], Origin]]) -> None:
        async with self._store.begin(ids=sum(len(entries) + 1 for entries, _ in group)) as tx:
            rows = []
            for entries, origin in group:
                operation_id = tx.new_id()
                rows += [_row(tx, entry, origin, operation_id) for entry in entries]
            await tx.insert_all(rows)


def _settle(
    group: Sequence[tuple[Sequence[AuditEntry], Origin, "asyncio.Future[None]"]], error: AuditUnavailable | None
) -> None:
    for _, _, done in group:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(AuditUnavailable())
