"""Many readers at once: who they are and how they stand to some patients, in a few statements for all of them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, case, or_, select

from domain.access import Consent, Facts, Relation
from domain.accounts import IdentityLevel, Role, RoleGrant, Viewer
from domain.endings import Ending, SessionEnded, SessionExpired
from persistence.access import ConsentRow, RelationRow, among, consent_of, ids_argument, relation_of, serving
from persistence.accounts import AccountRow, RoleGrantRow
from persistence.requests import QueuedRequestRow
from persistence.sessions import IDLE, SessionRow
from persistence.statements import Record, Statement
from persistence.store import Snapshot

_SESSION = SessionRow.__table__  # type: ignore[attr-defined]
_ACCOUNT = AccountRow.__table__  # type: ignore[attr-defined]
_GRANT = RoleGrantRow.__table__  # type: ignore[attr-defined]
_RELATION = RelationRow.__table__  # type: ignore[attr-defined]
_CONSENT = ConsentRow.__table__  # type: ignore[attr-defined]
_QUEUED = QueuedRequestRow.__table__  # type: ignore[attr-defined]

LIVE, ENDED, EXPIRED = range(3)
_OVER: Final = {ENDED: SessionEnded, EXPIRED: SessionExpired}
_SESSIONS = Statement(
    lambda dialect: (
        select(
            _SESSION.c.id,
            case(
                (or_(_SESSION.c.ended_at.is_not(None), _ACCOUNT.c.disabled_at.is_not(None)), ENDED),
                (or_(_SESSION.c.expires_at <= bindparam("at"), _SESSION.c.seen_at <= bindparam("idle_since")), EXPIRED),
                else_=LIVE,
            ).label("state"),
            _ACCOUNT.c.id.label("account_id"),
            _ACCOUNT.c.level,
            _ACCOUNT.c.patient_id,
            _ACCOUNT.c.practitioner_id,
        )
        .join(_ACCOUNT, _ACCOUNT.c.id == _SESSION.c.account_id)
        .where(among(_SESSION.c.id, "sessions", dialect))
    )
)
_DEAD = Statement(
    lambda dialect: (
        select(_SESSION.c.id, _SESSION.c.ended_at, _ACCOUNT.c.disabled_at)
        .join(_ACCOUNT, _ACCOUNT.c.id == _SESSION.c.account_id)
        .where(
            among(_SESSION.c.id, "sessions", dialect),
            or_(
                _SESSION.c.ended_at.is_not(None),
                _SESSION.c.expires_at <= bindparam("at"),
                _SESSION.c.seen_at <= bindparam("idle_since"),
                _ACCOUNT.c.disabled_at.is_not(None),
            ),
        )
    )
)
_ROLES = Statement(
    lambda dialect: select(_GRANT.c.account_id, _GRANT.c.role, _GRANT.c.organization_id).where(
        among(_GRANT.c.account_id, "accounts", dialect),
        _GRANT.c.since <= bindparam("at"),
        or_(_GRANT.c.until.is_(None), _GRANT.c.until > bindparam("at")),
    )
)
_RELATIONS = Statement(lambda dialect: select(*_RELATION.c).where(among(_RELATION.c.patient_id, "patients", dialect)))
_CONSENTS = Statement(lambda dialect: select(*_CONSENT.c).where(among(_CONSENT.c.patient_id, "patients", dialect)))
_SERVED = Statement(
    lambda dialect: (
        select(_QUEUED.c.patient_id, _QUEUED.c.organization_id)
        .where(among(_QUEUED.c.patient_id, "patients", dialect))
        .distinct()
    )
)
_THEIR_ROLES = Statement(
    lambda dialect: (
        select(
            _SESSION.c.id.label("session_id"),
            _GRANT.c.role,
            _GRANT.c.organization_id,
            _GRANT.c.since,
            _GRANT.c.until,
        )
        .join(_GRANT, _GRANT.c.account_id == _SESSION.c.account_id)
        .where(
            among(_SESSION.c.id, "sessions", dialect),
            _GRANT.c.since <= bindparam("at"),
            or_(_GRANT.c.until.is_(None), _GRANT.c.until > bindparam("at")),
        )
    )
)
RoleSet = frozenset[tuple[str, int]]
NOBODY: Final = Facts()


def role_set(viewer: Viewer) -> RoleSet:
    """Return a viewer's roles, to be compared with those of another moment."""
    return frozenset((grant.role.value, grant.organization_id) for grant in viewer.roles)


async def dead(snapshot: Snapshot, sessions: Collection[int]) -> dict[int, type[Ending]]:
    """Return those of some sessions that are over, and why."""
    given = ids_argument(sorted(sessions), snapshot.dialect)
    rows = await snapshot.all(_DEAD, sessions=given, at=snapshot.now, idle_since=snapshot.now - IDLE)
    return {row.id: SessionEnded if row.ended_at or row.disabled_at else SessionExpired for row in rows}


async def roles(snapshot: Snapshot, holders: Collection[int]) -> dict[int, RoleSet]:
    """Return the roles that some accounts hold now; those who hold none are left out."""
    found: dict[int, set[tuple[str, int]]] = {}
    given = ids_argument(sorted(holders), snapshot.dialect)
    for row in await snapshot.all(_ROLES, accounts=given, at=snapshot.now):
        found.setdefault(row.account_id, set()).add((row.role, row.organization_id))
    return {account_id: frozenset(held) for account_id, held in found.items()}


async def now(
    snapshot: Snapshot, known: Collection[Viewer], patients: Collection[int]
) -> tuple[dict[int, Viewer | type[Ending]], "Standing"]:
    """Return who some readers' sessions stand for now, and how everybody stands to some patients, in one round trip.

    A reader of whom nothing has changed is the very viewer that was known; else it is the viewer as he is now, or why
    the session is over.
    """
    sessions = {viewer.session_id: viewer for viewer in known}
    given = {
        "sessions": ids_argument(sorted(sessions), snapshot.dialect),
        "patients": ids_argument(sorted(patients), snapshot.dialect),
        "at": snapshot.now,
        "idle_since": snapshot.now - IDLE,
    }
    statements = (_SESSIONS, _THEIR_ROLES, *Standing.STATEMENTS) if patients else (_SESSIONS, _THEIR_ROLES)
    found, roles, *standing = await snapshot.together(statements, given)
    grants: dict[int, tuple[RoleGrant, ...]] = {}
    for row in roles:
        grant = RoleGrant(Role(row.role), row.organization_id, row.since, row.until)
        grants[row.session_id] = (*grants.get(row.session_id, ()), grant)
    there: dict[int, Viewer | type[Ending]] = dict.fromkeys(sessions, SessionEnded)
    for row in found:
        session_id, state, *held = row
        there[session_id] = _OVER.get(state) or _viewer(held, sessions[session_id], grants.get(session_id, ()))
    return there, Standing(snapshot.now, *standing) if patients else Standing(snapshot.now, (), (), ())


def _viewer(held: Sequence[Any], was: Viewer, roles: tuple[RoleGrant, ...]) -> Viewer:
    account_id, level, patient_id, practitioner_id = held
    if (was.level, was.patient_id, was.practitioner_id, was.roles) == (level, patient_id, practitioner_id, roles):
        return was
    return Viewer(account_id, was.session_id, IdentityLevel(level), patient_id, practitioner_id, roles)


class Standing:
    """How whoever it may be stands to some patients; lapsed relations and consents included."""

    STATEMENTS: Final = (_RELATIONS, _CONSENTS, _SERVED)

    def __init__(
        self, at: datetime, relations: Iterable[Record], consents: Iterable[Record], served: Iterable[Record]
    ) -> None:
        self.at = at
        self._relations = _by_patient(relations)
        self._consents = _by_patient(consents)
        self._served = _by_patient(served)

    @classmethod
    async def to(cls, snapshot: Snapshot, patients: Collection[int]) -> "Standing":
        """Return how everybody stands to these patients."""
        if not patients:
            return cls(snapshot.now, (), (), ())
        given = {"patients": ids_argument(sorted(patients), snapshot.dialect)}
        return cls(snapshot.now, *await snapshot.together(cls.STATEMENTS, given))

    def facts(self, viewer: Viewer | None, patients: Iterable[int], without: int | None = None) -> Facts:
        """Return the facts about one reader and some of the patients, as `persistence.access.facts` has them.

        `without`: as they would be if this consent were withdrawn.
        """
        if viewer is None:
            return NOBODY
        relations: list[Relation] = []
        consents: list[Consent] = []
        places = viewer.organizations(Role.DOCTOR)
        for patient_id in patients:
            relations += [relation_of(row) for row in self._relations.get(patient_id, ()) if _names(row, viewer)]
            for row in self._served.get(patient_id, ()):
                if viewer.holds(Role.REVIEWER, row.organization_id):
                    relations.append(serving(row, self.at))
            if places:
                found = (row for row in self._consents.get(patient_id, ()) if _in_favour(row, viewer, places))
                consents += [consent_of(row) for row in found if row.id != without]
        return Facts(tuple(relations), tuple(consents))


def _by_patient(rows: Iterable[Record]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    for row in rows:
        found.setdefault(row.patient_id, []).append(row)
    return found


def _names(row: Record, viewer: Viewer) -> bool:
    return _by_person(row, viewer) or bool(row.account_id == viewer.account_id)


def _in_favour(row: Record, viewer: Viewer, places: Sequence[int]) -> bool:
    return _by_person(row, viewer) or row.organization_id in places


def _by_person(row: Record, viewer: Viewer) -> bool:
    return row.practitioner_id is not None and bool(row.practitioner_id == viewer.practitioner_id)
