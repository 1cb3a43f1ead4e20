"""What streams ask of the store: their part of the log, whom an event concerns, and what readers have lost."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Select, String, and_, bindparam, literal, or_, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from domain.accounts import Role, Viewer
from domain.events import EventKind
from persistence.access import NOBODY, ConsentRow, RelationRow, among, ids_argument
from persistence.events import OWNERS, Cursor, EventRow, Placed, placed
from persistence.forgetting import ForgottenRow, Kept
from persistence.statements import Statement
from persistence.store import Snapshot

_EVENT = EventRow.__table__  # type: ignore[attr-defined]
_GONE = ForgottenRow.__table__  # type: ignore[attr-defined]
_RELATION = RelationRow.__table__  # type: ignore[attr-defined]
_CONSENT = ConsentRow.__table__  # type: ignore[attr-defined]
Topic = tuple[str, int]
"""Whom events are about, by an event's column; `clinic` stands for those who work there as doctors."""
CLINIC: Final = "clinic"


class Scope(NamedTuple):
    """Whose events of which kinds a reader wants."""

    kinds: frozenset[EventKind]
    owners: frozenset[Topic]
    viewer: Viewer | None = None
    """Whose patients' events are wanted too: those whom the viewer treats, represents or has a consent of."""


class Lapse(NamedTuple):
    """A relation or consent that has ended."""

    holder: Topic
    patient_id: int


def _held() -> ColumnElement[bool]:
    return or_(_RELATION.c.until.is_(None), _RELATION.c.until > bindparam("at"))


def _given() -> ColumnElement[bool]:
    return and_(_CONSENT.c.withdrawn_at.is_(None), or_(_CONSENT.c.until.is_(None), _CONSENT.c.until > bindparam("at")))


def _patients(dialect: str) -> tuple[Select[Any], Select[Any]]:
    """Return the patients whom a viewer treats or represents, and those who have consented."""
    mine = select(_RELATION.c.patient_id).where(
        or_(
            _RELATION.c.practitioner_id == bindparam("me_practitioner", type_=BigInteger),
            _RELATION.c.account_id == bindparam("me_account", type_=BigInteger),
        ),
        _held(),
    )
    to_me = or_(
        _CONSENT.c.practitioner_id == bindparam("me_practitioner", type_=BigInteger),
        among(_CONSENT.c.organization_id, "clinics", dialect),
    )
    return mine, select(_CONSENT.c.patient_id).where(to_me, _given())


def _conditions(dialect: str, related: bool) -> list[tuple[str, Any]]:
    """Return (owner's column, a function from a column to what it must be among), each found by an index of its own."""
    found: list[tuple[str, Any]] = [(name, lambda column, name=name: among(column, name, dialect)) for name in OWNERS]
    if related:
        found += [
            ("patient_id", lambda column, patients=patients: column.in_(patients)) for patients in _patients(dialect)
        ]
    return found


def _after(related: bool) -> Statement:
    def build(dialect: str) -> Any:
        arms = [
            select(
                select(_EVENT.c.position)
                .where(
                    _EVENT.c.position > bindparam("position", type_=BigInteger),
                    among(_EVENT.c.kind, "kinds", dialect, String),
                    _EVENT.c[name].is_not(None),
                    condition(_EVENT.c[name]),
                )
                .order_by(_EVENT.c.position)
                .limit(bindparam("limit", type_=BigInteger))
                .subquery()
                .c.position
            )
            for name, condition in _conditions(dialect, related)
        ]
        return (
            select(*_EVENT.c)
            .where(_EVENT.c.position.in_(union_all(*arms)))
            .order_by(_EVENT.c.position)
            .limit(bindparam("limit", type_=BigInteger))
        )

    return Statement(build)


def _gone(related: bool) -> Statement:
    def build(dialect: str) -> Any:
        arms = [
            select(literal(1).label("missed")).where(
                _GONE.c.owner == name,
                _GONE.c.position > bindparam("position", type_=BigInteger),
                among(_GONE.c.kind, "kinds", dialect, String),
                condition(_GONE.c.owner_id),
            )
            for name, condition in _conditions(dialect, related)
        ]
        return union_all(*arms).limit(1)

    return Statement(build)


_AFTER: Final = {related: _after(related) for related in (False, True)}
_MISSED: Final = {related: _gone(related) for related in (False, True)}
_AUDIENCE = Statement(
    lambda dialect: select(_RELATION.c.patient_id, _RELATION.c.practitioner_id, _RELATION.c.account_id).where(
        among(_RELATION.c.patient_id, "patients", dialect), _held()
    )
)
_CONSENTED = Statement(
    lambda dialect: select(_CONSENT.c.patient_id, _CONSENT.c.practitioner_id, _CONSENT.c.organization_id).where(
        among(_CONSENT.c.patient_id, "patients", dialect), _given()
    )
)
_ENDED_RELATIONS = Statement(
    select(_RELATION.c.patient_id, _RELATION.c.practitioner_id, _RELATION.c.account_id).where(
        _RELATION.c.until > bindparam("since"), _RELATION.c.until <= bindparam("at")
    )
)
_ENDED_CONSENTS = Statement(
    select(_CONSENT.c.patient_id, _CONSENT.c.practitioner_id, _CONSENT.c.organization_id).where(
        or_(
            _CONSENT.c.withdrawn_at > bindparam("since"),
            and_(_CONSENT.c.until > bindparam("since"), _CONSENT.c.until <= bindparam("at")),
        )
    )
)


async def after(snapshot: Snapshot, scope: Scope, position: int, limit: int) -> list[Placed]:
    """Return the next events that may concern a reader, in order."""
    statement = _AFTER[scope.viewer is not None]
    rows = await snapshot.all(statement, **_wanted(snapshot, scope), position=position, limit=limit)
    return [placed(row) for row in rows]


async def missed(snapshot: Snapshot, scope: Scope, cursor: Cursor) -> bool:
    """Return whether something behind a cursor that may have concerned a reader is no longer kept, or can't be told."""
    kept = await Kept.of(snapshot)
    if cursor.position > kept.last:
        return True  # a cursor of another log
    if cursor.position >= kept.whole_after:
        return False
    if not kept.remembered:
        return True
    statement = _MISSED[scope.viewer is not None]
    return bool(await snapshot.all(statement, **_wanted(snapshot, scope), position=cursor.position))


def _wanted(snapshot: Snapshot, scope: Scope) -> dict[str, Any]:
    owners: dict[str, list[int]] = {name: [] for name in OWNERS}
    for name, number in scope.owners:
        if name in owners:
            owners[name].append(number)
    given: dict[str, Any] = {name: ids_argument(numbers, snapshot.dialect) for name, numbers in owners.items()}
    given["kinds"] = ids_argument(sorted(scope.kinds), snapshot.dialect)
    if scope.viewer is not None:
        given["me_practitioner"] = scope.viewer.practitioner_id or NOBODY
        given["me_account"] = scope.viewer.account_id
        given["clinics"] = ids_argument(scope.viewer.organizations(Role.DOCTOR), snapshot.dialect)
        given["at"] = snapshot.now
    return given


async def audience(snapshot: Snapshot, batch: Sequence[Placed]) -> dict[int, list[Topic]]:
    """Return who treats or represents the patients of some events, or has their consent, as topics by patient."""
    patients = sorted({item.event.patient_id for item in batch if item.event.patient_id is not None})
    if not patients:
        return {}
    given = {"patients": ids_argument(patients, snapshot.dialect), "at": snapshot.now}
    found: dict[int, list[Topic]] = {}
    for rows in await snapshot.together((_AUDIENCE, _CONSENTED), given):
        for row in rows:
            found.setdefault(row.patient_id, []).append(_holder(row))
    return found


async def lapsed(snapshot: Snapshot, since: datetime) -> list[Lapse]:
    """Return the relations and consents that have ended since a moment."""
    given = {"since": since, "at": snapshot.now}
    found = await snapshot.together((_ENDED_RELATIONS, _ENDED_CONSENTS), given)
    return [Lapse(_holder(row), row.patient_id) for rows in found for row in rows]


def _holder(row: Any) -> Topic:
    """Return in whose favour a relation or a consent is."""
    if row.practitioner_id is not None:
        return "practitioner_id", row.practitioner_id
    if hasattr(row, "account_id"):
        return "account_id", row.account_id
    return CLINIC, row.organization_id


def holders(viewer: Viewer) -> Collection[Topic]:
    """Return what relations and consents in a viewer's favour name."""
    found: list[Topic] = [("account_id", viewer.account_id)]
    if viewer.practitioner_id is not None:
        found.append(("practitioner_id", viewer.practitioner_id))
    return found + [(CLINIC, place) for place in viewer.organizations(Role.DOCTOR)]
