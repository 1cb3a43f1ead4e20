"""The audit log: entries are only ever added, in the transaction of what they tell of."""

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
from sqlalchemy import BigInteger, Column, Index, String, bindparam, select
from sqlmodel import Field

from domain.audit import AuditEntry, alarms, tells_the_patient
from domain.errors import AuditUnavailable
from domain.events import Event, EventKind
from persistence.columns import BigInt, Moment, Sealed, SealedRow
from persistence.sealing import SYSTEM, Key
from persistence.statements import Statement

if TYPE_CHECKING:
    from persistence.store import Snapshot, Store, Transaction


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
    session_id: int = 0
    ground: str | None = None
    salt: bytes = b""
    """What the personal parts are hashed with into the log's leaf: without it the hash tells nothing."""


AuditRow.__table__.append_column(  # type: ignore[attr-defined]
    Column("xact", BigInteger, nullable=True, index=True)
)
"""PostgreSQL's id of the transaction, filled in by the database: what the numbering asks for (`ledger.py`)."""


class Origin(msgspec.Struct, frozen=True):
    """Who acts, and from where."""

    account_id: int | None = None
    address: str = ""
    user_agent: str = ""
    operation: str = ""
    roles: tuple[str, ...] = ()
    organizations: tuple[int, ...] = ()
    patient_id: int | None = None
    """Whose own record the actor's account is."""
    session_id: int = 0


NOBODY: Final = Origin()


_PATIENT_OF = Statement(
    select(AuditRow.__table__.c.patient_id).where(  # type: ignore[attr-defined]
        AuditRow.__table__.c.id == bindparam("entry_id")  # type: ignore[attr-defined]
    )
)


async def patient_of(snapshot: "Snapshot", entry_id: int) -> int | None:
    """Return whom an entry is about; None if nobody, or there is no such entry."""
    found = await snapshot.value(_PATIENT_OF, entry_id=entry_id)
    return None if found is None else int(found)


async def write(tx: "Transaction", entries: Sequence[AuditEntry], origin: Origin | None) -> None:
    """Add the entries of one transaction."""
    if not entries:
        return
    await _add(tx, [(entries, origin or NOBODY)])


async def _add(tx: "Transaction", group: Sequence[tuple[Sequence[AuditEntry], Origin]]) -> None:
    """Add the entries of some operations: as values, since rows as objects cost more than their sealing."""
    key = await tx.keys.newest(SYSTEM)
    rows = []
    for entries, origin in group:
        operation_id = tx.new_id()
        rows += [_values(tx, key, entry, origin, operation_id) for entry in entries]
    await tx.insert_values(AuditRow, rows)


def _values(tx: "Transaction", key: Key, entry: AuditEntry, origin: Origin, operation_id: int) -> dict[str, Any]:
    """Return an entry's columns, and tell of it those who watch."""
    entry_id = tx.new_id()
    organization_id = origin.organizations[0] if origin.organizations else 0
    if tells_the_patient(entry, origin.patient_id):
        tx.emit(Event(EventKind.RECORD_OPENED, entry_id, patient_id=entry.patient_id))
    if alarms(entry, origin.roles):
        tx.emit(Event(EventKind.SECURITY_ALERT, entry_id, organization_id=organization_id))
    return {
        "id": entry_id,
        "key_id": key.number,
        "version": 1,
        "body": key.seal(AuditRow, SYSTEM, entry_id, 1, _body(tx, entry, origin)),
        "at": tx.now,
        "action": entry.action.value,
        "outcome": entry.outcome.value,
        "account_id": origin.account_id,
        "patient_id": entry.patient_id,
        "organization_id": organization_id,
        "subject_id": entry.subject_id,
        "operation_id": operation_id,
    }


def _body(tx: "Transaction", entry: AuditEntry, origin: Origin) -> AuditBody:
    return AuditBody(
        address=origin.address,
        user_agent=origin.user_agent,
        operation=origin.operation,
        categories=tuple(category.value for category in entry.categories),
        roles=origin.roles,
        organizations=origin.organizations,
        reason=entry.reason,
        session_id=origin.session_id,
        ground=entry.ground or tx.grounds.get(entry.patient_id or 0),
        salt=os.urandom(16),
    )


class AuditLog:
    """Takes entries of reads and commits them in groups: nothing is answered before its group is on disk."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._waiting: list[tuple[Sequence[AuditEntry], Origin, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self.written: list[Callable[[], None]] = []
        """Called after each group; must not block."""

    async def recorded(self, entries: Sequence[AuditEntry], origin: Origin) -> None:
        """Return once the entries are durable.

        Raises:
            AuditUnavailable: they could not be written, so nothing may be shown.
        """
        await self.recorded_together([(entries, origin)])

    async def recorded_together(self, told: Sequence[tuple[Sequence[AuditEntry], Origin]]) -> None:
        """Return once the entries of several readers are durable, all of them or none.

        Raises:
            AuditUnavailable: they could not be written, so nothing may be shown to any of them.
        """
        told = [(entries, origin) for entries, origin in told if entries]
        if not told:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting += [(entries, origin, done) for entries, origin in told]
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
                for hook in self.written:
                    hook()

    async def _commit(self, group: Sequence[tuple[Sequence[AuditEntry], Origin]]) -> None:
        async with self._store.begin(ids=sum(3 * len(entries) + 1 for entries, _ in group)) as tx:
            await _add(tx, group)


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
