"""Who reads a record by a consent, and by what else."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, bindparam, func, or_, select

from domain.access import Facts
from domain.accounts import IdentityLevel, Role, RoleGrant, Viewer
from persistence.access import NOBODY, among, ids_argument
from persistence.accounts import AccountRow, RoleGrantRow
from persistence.practitioners import PractitionerRow
from persistence.readers import Standing
from persistence.sessions import IDLE, SessionRow
from persistence.statements import Record, Statement
from persistence.store import Snapshot

_ACCOUNT = AccountRow.__table__  # type: ignore[attr-defined]
_GRANT = RoleGrantRow.__table__  # type: ignore[attr-defined]
_PRACTITIONER = PractitionerRow.__table__  # type: ignore[attr-defined]
_SESSION = SessionRow.__table__  # type: ignore[attr-defined]
MOST: Final = 500
"""Doctors of one organization that are looked at."""
_HELD = or_(_GRANT.c.until.is_(None), _GRANT.c.until > bindparam("at"))
_RECEIVERS = Statement(
    select(
        _ACCOUNT.c.id.label("account_id"),
        _ACCOUNT.c.level,
        _ACCOUNT.c.practitioner_id,
        _PRACTITIONER.c.name,
        _GRANT.c.organization_id,
        _GRANT.c.since,
        _GRANT.c.until,
    )
    .join(_GRANT, _GRANT.c.account_id == _ACCOUNT.c.id)
    .join(_PRACTITIONER, _PRACTITIONER.c.id == _ACCOUNT.c.practitioner_id)
    .where(
        _GRANT.c.role == Role.DOCTOR.value,
        _GRANT.c.since <= bindparam("at"),
        _HELD,
        _ACCOUNT.c.disabled_at.is_(None),
        or_(
            _ACCOUNT.c.practitioner_id == bindparam("practitioner_id", type_=BigInteger),
            _ACCOUNT.c.id.in_(
                select(_GRANT.c.account_id).where(
                    _GRANT.c.role == Role.DOCTOR.value,
                    _GRANT.c.organization_id == bindparam("organization_id", type_=BigInteger),
                    _GRANT.c.since <= bindparam("at"),
                    _HELD,
                )
            ),
        ),
    )
    .order_by(_PRACTITIONER.c.name, _ACCOUNT.c.id)
    .limit(MOST)
)
_SESSIONS = Statement(
    lambda dialect: (
        select(_SESSION.c.account_id, func.count().label("open"))
        .where(
            among(_SESSION.c.account_id, "accounts", dialect),
            _SESSION.c.ended_at.is_(None),
            _SESSION.c.expires_at > bindparam("at"),
            _SESSION.c.seen_at > bindparam("idle_since"),
        )
        .group_by(_SESSION.c.account_id)
    )
)


class Receiver(NamedTuple):
    """A doctor who reads by a consent: as a viewer, with the facts as they are and as they would be without it."""

    viewer: Viewer
    name: str
    facts: Facts
    without: Facts
    sessions: int


async def receivers(snapshot: Snapshot, consent: Record) -> list[Receiver]:
    """Return whom a consent lets read, by name."""
    rows = await snapshot.all(
        _RECEIVERS,
        practitioner_id=consent.practitioner_id or NOBODY,
        organization_id=consent.organization_id or NOBODY,
        at=snapshot.now,
    )
    viewers = _viewers(rows)
    accounts = ids_argument(sorted(viewers), snapshot.dialect)
    counted = await snapshot.all(_SESSIONS, accounts=accounts, at=snapshot.now, idle_since=snapshot.now - IDLE)
    sessions = {row.account_id: int(row.open) for row in counted}
    standing = await Standing.to(snapshot, [consent.patient_id])
    patients = [consent.patient_id]
    return [
        Receiver(
            viewer,
            name,
            standing.facts(viewer, patients),
            standing.facts(viewer, patients, without=consent.id),
            sessions.get(viewer.account_id, 0),
        )
        for viewer, name in viewers.values()
    ]


def _viewers(rows: Sequence[Record]) -> dict[int, tuple[Viewer, str]]:
    """Return the accounts, each with all that it holds, in the rows' order."""
    held: dict[int, list[Record]] = {}
    for row in rows:
        held.setdefault(row.account_id, []).append(row)
    found = {}
    for account_id, grants in held.items():
        first = grants[0]
        roles = tuple(RoleGrant(Role.DOCTOR, g.organization_id, g.since, g.until) for g in grants)
        viewer = Viewer(account_id, 0, IdentityLevel(first.level), None, first.practitioner_id, roles)
        found[account_id] = (viewer, first.name)
    return found
