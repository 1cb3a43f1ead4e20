"""Roles as administrators keep them: given, ended, and never left without an administrator."""

from typing import Final

from sqlalchemy import bindparam, or_, select, update

from domain.accounts import Role
from persistence.accounts import AccountRow, RoleGrantRow
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction

_ACCOUNT: Final = AccountRow.__table__  # type: ignore[attr-defined]
_GRANT: Final = RoleGrantRow.__table__  # type: ignore[attr-defined]
_BY_ID = Statement(select(*_GRANT.c).where(_GRANT.c.id == bindparam("grant_id")))
_OVERLAPPING = Statement(
    select(_GRANT.c.id)
    .where(
        _GRANT.c.account_id == bindparam("account_id"),
        _GRANT.c.role == bindparam("role"),
        _GRANT.c.organization_id == bindparam("organization_id"),
        or_(_GRANT.c.until.is_(None), _GRANT.c.until > bindparam("since")),
    )
    .limit(1)
)
_HOLDERS = Statement(
    select(_GRANT.c.id, _GRANT.c.account_id)
    .join(_ACCOUNT, _ACCOUNT.c.id == _GRANT.c.account_id)
    .where(
        _GRANT.c.organization_id == bindparam("organization_id"),
        _GRANT.c.role == bindparam("role"),
        _GRANT.c.since <= bindparam("at"),
        or_(_GRANT.c.until.is_(None), _GRANT.c.until > bindparam("at")),
        _ACCOUNT.c.disabled_at.is_(None),
    )
    .order_by(_GRANT.c.id)
    .with_for_update(of=_GRANT)
)
_END = Statement(
    update(_GRANT)
    .where(
        _GRANT.c.id == bindparam("of_grant"),
        or_(_GRANT.c.until.is_(None), _GRANT.c.until > bindparam("now")),
    )
    .values(until=bindparam("ended"), ended_by=bindparam("by"))
)


async def grant(snapshot: Snapshot, grant_id: int) -> Record | None:
    """Return a role that was given."""
    return await snapshot.one(_BY_ID, grant_id=grant_id)


async def overlaps(tx: Transaction, row: RoleGrantRow) -> bool:
    """Return whether an account holds, or will hold, a role within the time of a new grant of the same."""
    given = {"account_id": row.account_id, "role": row.role, "organization_id": row.organization_id}
    return await tx.one(_OVERLAPPING, **given, since=row.since) is not None


async def holders(tx: Transaction, role: Role, organization_id: int) -> dict[int, int]:
    """Return the accounts that hold a role at an organization now, by grant; nobody else ends one meanwhile."""
    rows = await tx.all(_HOLDERS, role=role.value, organization_id=organization_id, at=tx.now)
    return {row.id: row.account_id for row in rows}


async def end(tx: Transaction, found: Record, by: int) -> bool:
    """End a role, or see to it that it never begins; False if it has ended."""
    ended = max(tx.now, found.since)
    return await tx.execute(_END, of_grant=found.id, now=tx.now, ended=ended, by=by) == 1
