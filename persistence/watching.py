"""What streams ask of the store: their part of the log, whom an event concerns, whose sessions still stand."""

from collections.abc import Collection, Sequence

from sqlalchemy import BigInteger, Select, String, and_, bindparam, or_, select
from sqlalchemy.sql.elements import ColumnElement

from domain.access import RelationKind
from domain.accounts import Role, Viewer
from domain.events import EventKind
from persistence.access import NOBODY, ConsentRow, RelationRow, among, ids_argument
from persistence.accounts import AccountRow, RoleGrantRow
from persistence.events import EventRow, Placed, placed
from persistence.sessions import IDLE, SessionRow
from persistence.statements import Statement
from persistence.store import Snapshot

_EVENT = EventRow.__table__  # type: ignore[attr-defined]
_RELATION = RelationRow.__table__  # type: ignore[attr-defined]
_CONSENT = ConsentRow.__table__  # type: ignore[attr-defined]
_SESSION = SessionRow.__table__  # type: ignore[attr-defined]
_ACCOUNT = AccountRow.__table__  # type: ignore[attr-defined]
_GRANT = RoleGrantRow.__table__  # type: ignore[attr-defined]


def _held(dialect: str) -> ColumnElement[bool]:
    return or_(_RELATION.c.until.is_(None), _RELATION.c.until > bindparam("at"))


def _given() -> ColumnElement[bool]:
    return and_(_CONSENT.c.withdrawn_at.is_(None), or_(_CONSENT.c.until.is_(None), _CONSENT.c.until > bindparam("at")))


def _consented(dialect: str) -> Select[tuple[object, ...]]:
    to_me = or_(
        _CONSENT.c.practitioner_id == bindparam("practitioner_id", type_=BigInteger),
        among(_CONSENT.c.organization_id, "clinics", dialect),
    )
    return select(_CONSENT.c.patient_id).where(to_me, _given())


def _of_viewer(dialect: str) -> Select[tuple[object, ...]]:
    mine = select(_RELATION.c.patient_id).where(
        or_(
            _RELATION.c.practitioner_id == bindparam("practitioner_id", type_=BigInteger),
            _RELATION.c.account_id == bindparam("account_id", type_=BigInteger),
        ),
        _held(dialect),
    )
    return (
        select(*_EVENT.c)
        .where(
            _EVENT.c.position > bindparam("position", type_=BigInteger),
            _EVENT.c.kind == bindparam("kind", type_=String),
            or_(
                _EVENT.c.patient_id == bindparam("patient_id", type_=BigInteger),
                _EVENT.c.account_id == bindparam("account_id", type_=BigInteger),
                _EVENT.c.practitioner_id == bindparam("practitioner_id", type_=BigInteger),
                among(_EVENT.c.organization_id, "organizations", dialect),
                _EVENT.c.patient_id.in_(mine),
                _EVENT.c.patient_id.in_(_consented(dialect)),
            ),
        )
        .order_by(_EVENT.c.position)
        .limit(bindparam("limit", type_=BigInteger))
    )


_AFTER = Statement(_of_viewer)
_AUDIENCE = Statement(
    lambda dialect: select(_RELATION.c.patient_id, _RELATION.c.practitioner_id, _RELATION.c.account_id).where(
        among(_RELATION.c.patient_id, "patients", dialect),
        or_(
            _RELATION.c.kind == RelationKind.TREATS.value,
            _RELATION.c.kind == RelationKind.REPRESENTS.value,
        ),
        _held(dialect),
    )
)
_CONSENTED = Statement(
    lambda dialect: select(_CONSENT.c.patient_id, _CONSENT.c.practitioner_id, _CONSENT.c.organization_id).where(
        among(_CONSENT.c.patient_id, "patients", dialect), _given()
    )
)
_STANDING = Statement(
    lambda dialect: (
        select(_SESSION.c.id, _GRANT.c.role, _GRANT.c.organization_id)
        .join(_ACCOUNT, _ACCOUNT.c.id == _SESSION.c.account_id)
        .outerjoin(
            _GRANT,
            (_GRANT.c.account_id == _SESSION.c.account_id)
            & (_GRANT.c.since <= bindparam("at"))
            & or_(_GRANT.c.until.is_(None), _GRANT.c.until > bindparam("at")),
        )
        .where(
            among(_SESSION.c.id, "sessions", dialect),
            _SESSION.c.ended_at.is_(None),
            _SESSION.c.expires_at > bindparam("at"),
            _SESSION.c.seen_at > bindparam("idle_since"),
            _ACCOUNT.c.disabled_at.is_(None),
        )
    )
)
RoleSet = frozenset[tuple[str, int]]


async def after(snapshot: Snapshot, viewer: Viewer, kind: EventKind, position: int, limit: int) -> list[Placed]:
    """Return the next events of a kind that may concern a viewer, in order."""
    rows = await snapshot.all(
        _AFTER,
        position=position,
        kind=kind,
        patient_id=viewer.patient_id or NOBODY,
        account_id=viewer.account_id,
        practitioner_id=viewer.practitioner_id or NOBODY,
        organizations=ids_argument(viewer.organizations(Role.REVIEWER), snapshot.dialect),
        clinics=ids_argument(viewer.organizations(Role.DOCTOR), snapshot.dialect),
        at=snapshot.now,
        limit=limit,
    )
    return [placed(row) for row in rows]


async def audience(snapshot: Snapshot, batch: Sequence[Placed]) -> dict[int, list[tuple[str, int]]]:
    """Return who treats or represents the patients of some events, or has their consent, as topics by patient."""
    patients = sorted({item.event.patient_id for item in batch if item.event.patient_id is not None})
    if not patients:
        return {}
    rows = await snapshot.all(_AUDIENCE, patients=ids_argument(patients, snapshot.dialect), at=snapshot.now)
    found: dict[int, list[tuple[str, int]]] = {}
    for row in rows:
        topics = found.setdefault(row.patient_id, [])
        if row.practitioner_id is not None:
            topics.append(("practitioner", row.practitioner_id))
        if row.account_id is not None:
            topics.append(("account", row.account_id))
    for row in await snapshot.all(_CONSENTED, patients=ids_argument(patients, snapshot.dialect), at=snapshot.now):
        to_one = row.practitioner_id is not None
        topic = ("practitioner", row.practitioner_id) if to_one else ("clinic", row.organization_id)
        found.setdefault(row.patient_id, []).append(topic)
    return found


async def standing(snapshot: Snapshot, sessions: Collection[int]) -> dict[int, RoleSet]:
    """Return those of some sessions that are still open, each with the roles held now."""
    rows = await snapshot.all(
        _STANDING,
        sessions=ids_argument(sorted(sessions), snapshot.dialect),
        at=snapshot.now,
        idle_since=snapshot.now - IDLE,
    )
    found: dict[int, set[tuple[str, int]]] = {}
    for row in rows:
        roles = found.setdefault(row.id, set())
        if row.role is not None:
            roles.add((row.role, row.organization_id))
    return {session: frozenset(roles) for session, roles in found.items()}


def role_set(viewer: Viewer) -> RoleSet:
    """Return a viewer's roles in the form of `standing`."""
    return frozenset((grant.role.value, grant.organization_id) for grant in viewer.roles)
