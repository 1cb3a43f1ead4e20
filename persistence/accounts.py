"""Accounts, the names they sign in by, and the roles they hold."""

from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec
from sqlalchemy import Index, LargeBinary, String, bindparam, delete, or_, select, update
from sqlmodel import Field, SQLModel

from domain.accounts import IdentityLevel, Role, RoleGrant, SignInMethod
from domain.contacts import sign_in_name
from domain.errors import Unavailable
from domain.events import Event, EventKind
from persistence.audit import Origin
from persistence.columns import BigInt, Moment, Sealed, SealedRow, Shared
from persistence.sealing import SYSTEM
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction


class AccountRow(SealedRow, table=True):
    """A person or a partner system that can sign in."""

    __tablename__ = "account"
    __owner_kind__: ClassVar[str] = "account"
    __owner_column__: ClassVar[str | None] = "id"

    level: str = Field(sa_type=String(16), nullable=False)
    patient_id: int | None = BigInt(nullable=True, default=None, index=True)
    practitioner_id: int | None = BigInt(nullable=True, default=None, index=True)
    created_at: datetime = Moment(nullable=False)
    disabled_at: datetime | None = Moment(nullable=True, default=None)
    last_totp_step: int = BigInt(nullable=False, default=0)
    """A code works once: the step of the last one that did."""


class AccountBody(Sealed, frozen=True):
    """What of an account is personal or secret."""

    name: str
    """What the account is called where others see it (an audit entry's reader, a colleague)."""
    password_hash: str
    totp_secret: str
    """Empty: codes are sent instead."""
    language: str = "ru"
    phone: str | None = None
    email: str | None = None
    """To where codes and notices go; both are sign-in names."""
    recovery_hashes: tuple[bytes, ...] = ()
    """Of the codes that are left for the day when the phone is lost."""
    pending_totp: str = ""
    """A new authenticator's secret until its first code is shown."""


class SignInNameRow(SQLModel, table=True):
    """A phone or an address that an account signs in by, as a keyed hash."""

    __tablename__ = "sign_in_name"

    name_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    account_id: int = BigInt(nullable=False, index=True)


class SignInRow(SealedRow, table=True):
    """One sign-in, done or refused, as its owner sees it."""

    __tablename__ = "sign_in"
    __owner_kind__: ClassVar[str] = "account"
    __owner_column__: ClassVar[str | None] = "account_id"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("sign_in_account", "account_id", "id"),)

    account_id: int = BigInt(nullable=False)
    at: datetime = Moment(nullable=False)
    method: str | None = Field(default=None, sa_type=String(24))
    refused: str | None = Field(default=None, sa_type=String(32))
    """A refusal's code; null: it opened a session."""


class SignInBody(Sealed, frozen=True):
    """From where."""

    address: str
    user_agent: str


class RoleGrantRow(Shared, table=True):
    """A role held at an organization, from–until."""

    __tablename__ = "role_grant"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("role_grant_account", "account_id"),
        Index("role_grant_organization", "organization_id", "id"),
    )

    account_id: int = BigInt(nullable=False)
    role: str = Field(sa_type=String(32), nullable=False)
    organization_id: int = BigInt(nullable=False)
    since: datetime = Moment(nullable=False)
    until: datetime | None = Moment(nullable=True, default=None)
    granted_by: int | None = BigInt(nullable=True, default=None)
    """By which account; None: set up by command."""
    ended_by: int | None = BigInt(nullable=True, default=None)


TELLING: Final = frozenset({"password_hash", "totp_secret", "phone", "email"})
"""Changes of which the person is told."""
_ACCOUNT = AccountRow.__table__  # type: ignore[attr-defined]
_NAME = SignInNameRow.__table__  # type: ignore[attr-defined]
_GRANT = RoleGrantRow.__table__  # type: ignore[attr-defined]

_BY_NAME = Statement(
    select(*_ACCOUNT.c)
    .join(_NAME, _NAME.c.account_id == _ACCOUNT.c.id)
    .where(_NAME.c.name_hash == bindparam("name_hash"), _ACCOUNT.c.disabled_at.is_(None))
)
_BY_ID = Statement(select(*_ACCOUNT.c).where(_ACCOUNT.c.id == bindparam("account_id")))
_HOLDER = Statement(
    select(_ACCOUNT.c.id)
    .where(_ACCOUNT.c.patient_id == bindparam("patient_id"), _ACCOUNT.c.disabled_at.is_(None))
    .limit(1)
)
_LOCKED = Statement(select(*_ACCOUNT.c).where(_ACCOUNT.c.id == bindparam("account_id")).with_for_update())
_USE_STEP = Statement(
    update(_ACCOUNT)
    .where(_ACCOUNT.c.id == bindparam("account_id"), _ACCOUNT.c.last_totp_step < bindparam("step"))
    .values(last_totp_step=bindparam("step"))
)
_ROLES = Statement(
    select(_GRANT.c.role, _GRANT.c.organization_id, _GRANT.c.since, _GRANT.c.until).where(
        _GRANT.c.account_id == bindparam("account_id"),
        _GRANT.c.since <= bindparam("at"),
        or_(_GRANT.c.until.is_(None), _GRANT.c.until > bindparam("at")),
    )
)
_HOLDING = Statement(
    select(_GRANT.c.account_id)
    .join(_ACCOUNT, _ACCOUNT.c.id == _GRANT.c.account_id)
    .where(
        _GRANT.c.role == bindparam("role"),
        _GRANT.c.since <= bindparam("at"),
        or_(_GRANT.c.until.is_(None), _GRANT.c.until > bindparam("at")),
        _ACCOUNT.c.disabled_at.is_(None),
    )
    .distinct()
)
_DROP_NAME = Statement(
    delete(_NAME).where(_NAME.c.name_hash == bindparam("name_hash"), _NAME.c.account_id == bindparam("account_id"))
)
_END_ROLE = Statement(
    update(_GRANT)
    .where(
        _GRANT.c.account_id == bindparam("of_account"),
        _GRANT.c.role == bindparam("of_role"),
        _GRANT.c.organization_id == bindparam("of_organization"),
        _GRANT.c.until.is_(None),
    )
    .values(until=bindparam("ended"))
)


async def name_hash(snapshot: Snapshot, name: str) -> bytes:
    """Return what a sign-in name is found by."""
    return (await snapshot.keys.newest(SYSTEM)).hash(f"sign-in|{sign_in_name(name)}")


async def by_name(snapshot: Snapshot, name: str) -> tuple[Record, AccountBody] | None:
    """Return the account that signs in by this name, unless it is disabled."""
    record = await snapshot.one(_BY_NAME, name_hash=await name_hash(snapshot, name))
    return None if record is None else (record, await snapshot.opened(AccountRow, AccountBody, record))


async def by_id(snapshot: Snapshot, account_id: int) -> Record | None:
    """Return an account."""
    return await snapshot.one(_BY_ID, account_id=account_id)


async def opened(tx: Transaction, account_id: int) -> tuple[AccountRow, AccountBody] | None:
    """Return an account that isn't disabled, with its body, to be changed: nobody else changes it meanwhile."""
    record = await tx.one(_LOCKED, account_id=account_id)
    if record is None or record.disabled_at is not None:
        return None
    row = AccountRow(**{name: getattr(record, name) for name in AccountRow.model_fields})
    return row, await tx.opened(AccountRow, AccountBody, record)


async def change(tx: Transaction, row: AccountRow, body: AccountBody, **new: Any) -> None:
    """Write a changed body.

    Raises:
        Unavailable: somebody else changed it at the same moment; the same again will do.
    """
    if not await tx.reseal(row, msgspec.structs.replace(body, **new)):
        raise Unavailable
    if TELLING & new.keys():
        tx.emit(Event(EventKind.CREDENTIALS_CHANGED, row.id, account_id=row.id))


async def holder(snapshot: Snapshot, patient_id: int) -> int | None:
    """Return the account whose own record this is; None if nobody has one."""
    found = await snapshot.value(_HOLDER, patient_id=patient_id)
    return None if found is None else int(found)


async def rename(tx: Transaction, account_id: int, old: str | None, new: str) -> bool:
    """Let an account sign in by a new name in place of an old one; False if the name is another account's."""
    if not await tx.claim(SignInNameRow(name_hash=await name_hash(tx, new), account_id=account_id)):
        taken = await by_name(tx, new)
        return taken is not None and taken[0].id == account_id
    if old is not None:
        await tx.execute(_DROP_NAME, name_hash=await name_hash(tx, old), account_id=account_id)
    return True


async def note_sign_in(
    tx: Transaction, account_id: int, origin: Origin, method: SignInMethod | None, refused: str | None = None
) -> None:
    """Keep a sign-in for its owner to see."""
    row = SignInRow(id=tx.new_id(), account_id=account_id, at=tx.now, method=method, refused=refused)
    await tx.insert(row, SignInBody(origin.address, origin.user_agent))
    if refused is None:
        tx.emit(Event(EventKind.SIGNED_IN, row.id, account_id=account_id))


async def use_step(tx: Transaction, account_id: int, step: int) -> bool:
    """Claim a one-time code's step; False if it, or a later one, was used before."""
    return await tx.execute(_USE_STEP, account_id=account_id, step=step) == 1


async def roles(snapshot: Snapshot, account_id: int) -> tuple[RoleGrant, ...]:
    """Return the roles that are held now."""
    rows = await snapshot.all(_ROLES, account_id=account_id, at=snapshot.now)
    return tuple(RoleGrant(Role(row.role), row.organization_id, row.since, row.until) for row in rows)


async def holding(snapshot: Snapshot, role: Role) -> list[int]:
    """Return the accounts that hold a role somewhere now."""
    return [row.account_id for row in await snapshot.all(_HOLDING, role=role, at=snapshot.now)]


async def end_role(tx: Transaction, account_id: int, role: Role, organization_id: int) -> int:
    """End a role now; return how many grants that were open ended."""
    return await tx.execute(
        _END_ROLE, of_account=account_id, of_role=role, of_organization=organization_id, ended=tx.now
    )


def level_of(record: Record) -> IdentityLevel:
    """Return how well the person is known."""
    return IdentityLevel(record.level)


async def called(snapshot: Snapshot, account_id: int) -> str | None:
    """Return what an account is called; nothing is locked."""
    record = await by_id(snapshot, account_id)
    return None if record is None else (await snapshot.opened(AccountRow, AccountBody, record)).name
