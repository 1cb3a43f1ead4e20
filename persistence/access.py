"""Relations and consents: the facts that the one decision rests on, as data that changes while running."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Index, LargeBinary, String, bindparam, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from domain.access import Category, Consent, Facts, Relation, RelationKind
from domain.accounts import Role, Viewer
from persistence.columns import BigInt, Moment, Owned
from persistence.requests import QueuedRequestRow
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction


class RelationRow(Owned, table=True):
    """How someone stands to a patient: a practitioner who treats, an account that represents."""

    __tablename__ = "relation"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("relation_practitioner", "practitioner_id", "patient_id"),
        Index("relation_account", "account_id", "patient_id"),
        Index("relation_until", "until"),
    )

    kind: str = Field(sa_type=String(16), nullable=False)
    practitioner_id: int | None = BigInt(nullable=True, default=None)
    account_id: int | None = BigInt(nullable=True, default=None)
    organization_id: int | None = BigInt(nullable=True, default=None)
    categories: str = Field(sa_type=String(200), nullable=False, default="")
    since: datetime = Moment(nullable=False)
    until: datetime | None = Moment(nullable=True, default=None)


class ConsentRow(Owned, table=True):
    """A consent of a patient in favour of a practitioner or an organization."""

    __tablename__ = "consent"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("consent_since", "patient_id", "since", "id"),
        Index("consent_until", "until"),
        Index("consent_withdrawn", "withdrawn_at"),
    )

    practitioner_id: int | None = BigInt(nullable=True, default=None)
    organization_id: int | None = BigInt(nullable=True, default=None)
    categories: str = Field(sa_type=String(200), nullable=False)
    purpose: str = Field(sa_type=String(24), nullable=False)
    text_version: str = Field(sa_type=String(24), nullable=False)
    text_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    """SHA-256 of the very text that was shown."""
    since: datetime = Moment(nullable=False)
    until: datetime | None = Moment(nullable=True, default=None)
    withdrawn_at: datetime | None = Moment(nullable=True, default=None)


_RELATION = RelationRow.__table__  # type: ignore[attr-defined]
_CONSENT = ConsentRow.__table__  # type: ignore[attr-defined]
_QUEUED = QueuedRequestRow.__table__  # type: ignore[attr-defined]
NOBODY: Final = -1


def among(column: Any, name: str, dialect: str, kind: Any = BigInteger) -> Any:
    """Return `column in (the list that is bound by this name)`: a JSON text on SQLite, an array elsewhere."""
    if dialect == "postgresql":
        return column == bindparam(name, type_=ARRAY(kind)).any_()
    return column.in_(select(literal_column("value")).select_from(_json_each(name)))


def _json_each(name: str) -> Any:
    from sqlalchemy import func

    return func.json_each(bindparam(name, type_=String)).table_valued("value")


def ids_argument(ids: Sequence[int] | Sequence[str], dialect: str) -> Any:
    """Return a list as `among` takes it."""
    return list(ids) if dialect == "postgresql" else json.dumps(list(ids))


_RELATIONS = Statement(
    lambda dialect: select(
        _RELATION.c.patient_id,
        _RELATION.c.kind,
        _RELATION.c.organization_id,
        _RELATION.c.categories,
        _RELATION.c.since,
        _RELATION.c.until,
    ).where(
        or_(
            _RELATION.c.practitioner_id == bindparam("practitioner_id", type_=BigInteger),
            _RELATION.c.account_id == bindparam("account_id", type_=BigInteger),
        ),
        among(_RELATION.c.patient_id, "patients", dialect),
    )
)
_CONSENTS = Statement(
    lambda dialect: select(
        _CONSENT.c.patient_id,
        _CONSENT.c.organization_id,
        _CONSENT.c.categories,
        _CONSENT.c.since,
        _CONSENT.c.until,
        _CONSENT.c.withdrawn_at,
    ).where(
        among(_CONSENT.c.patient_id, "patients", dialect),
        or_(
            _CONSENT.c.practitioner_id == bindparam("practitioner_id", type_=BigInteger),
            among(_CONSENT.c.organization_id, "organizations", dialect),
        ),
    )
)
_SERVED = Statement(
    lambda dialect: (
        select(_QUEUED.c.patient_id, _QUEUED.c.organization_id)
        .where(
            among(_QUEUED.c.patient_id, "patients", dialect), among(_QUEUED.c.organization_id, "organizations", dialect)
        )
        .distinct()
    )
)
_CONSENT_BY_ID = Statement(
    select(*_CONSENT.c).where(
        _CONSENT.c.patient_id == bindparam("patient_id"), _CONSENT.c.id == bindparam("consent_id")
    )
)
_WITHDRAW = Statement(
    update(_CONSENT)
    .where(
        _CONSENT.c.patient_id == bindparam("of_patient"),
        _CONSENT.c.id == bindparam("of_consent"),
        _CONSENT.c.withdrawn_at.is_(None),
    )
    .values(withdrawn_at=bindparam("at"))
)
_END_RELATION = Statement(
    update(_RELATION)
    .where(
        _RELATION.c.patient_id == bindparam("of_patient"),
        _RELATION.c.practitioner_id == bindparam("of_practitioner"),
        _RELATION.c.until.is_(None),
    )
    .values(until=bindparam("at"))
)


async def facts(snapshot: Snapshot, viewer: Viewer | None, patients: Sequence[int]) -> Facts:
    """Return the relations and consents between a viewer and these patients, lapsed ones included."""
    if viewer is None:
        return Facts()
    others = [patient for patient in patients if patient != viewer.patient_id]
    if not others:
        return Facts()
    given = ids_argument(others, snapshot.dialect)
    practitioner = viewer.practitioner_id or NOBODY
    relations = await snapshot.all(
        _RELATIONS, practitioner_id=practitioner, account_id=viewer.account_id, patients=given
    )
    found = [relation_of(row) for row in relations]
    consents = await _consents(snapshot, viewer, given, practitioner)
    found += await _served(snapshot, viewer, given)
    return Facts(tuple(found), consents)


async def _consents(snapshot: Snapshot, viewer: Viewer, patients: Any, practitioner: int) -> tuple[Consent, ...]:
    places = viewer.organizations(Role.DOCTOR)
    if not places:
        return ()
    organizations = ids_argument(places, snapshot.dialect)
    rows = await snapshot.all(_CONSENTS, practitioner_id=practitioner, organizations=organizations, patients=patients)
    return tuple(consent_of(row) for row in rows)


async def _served(snapshot: Snapshot, viewer: Viewer, patients: Any) -> list[Relation]:
    places = viewer.organizations(Role.REVIEWER)
    if not places:
        return []
    organizations = ids_argument(places, snapshot.dialect)
    rows = await snapshot.all(_SERVED, organizations=organizations, patients=patients)
    return [serving(row, snapshot.now) for row in rows]


async def consent(snapshot: Snapshot, patient_id: int, consent_id: int) -> Record | None:
    """Return a consent."""
    return await snapshot.one(_CONSENT_BY_ID, patient_id=patient_id, consent_id=consent_id)


async def withdraw(tx: Transaction, patient_id: int, consent_id: int) -> bool:
    """Withdraw a consent; False if it was before, or isn't there."""
    return await tx.execute(_WITHDRAW, of_patient=patient_id, of_consent=consent_id, at=tx.now) == 1


async def end_treatment(tx: Transaction, patient_id: int, practitioner_id: int) -> int:
    """End the assignment of a practitioner to a patient."""
    return await tx.execute(_END_RELATION, of_patient=patient_id, of_practitioner=practitioner_id, at=tx.now)


def serving(row: Record, at: datetime) -> Relation:
    """Return how an organization stands to a patient who has a request in its queue."""
    return Relation(row.patient_id, RelationKind.SERVES, row.organization_id, frozenset(), at, None)


def relation_of(row: Record) -> Relation:
    """Return a stored relation."""
    return Relation(
        row.patient_id,
        RelationKind(row.kind),
        row.organization_id,
        split(row.categories),
        row.since,
        row.until,
    )


def consent_of(row: Record) -> Consent:
    """Return a stored consent."""
    return Consent(row.patient_id, row.organization_id, split(row.categories), row.since, row.until, row.withdrawn_at)


def split(text: str) -> frozenset[Category]:
    """Return the categories of a stored list."""
    return frozenset(Category(word) for word in text.split(",") if word)


def joined(categories: frozenset[Category]) -> str:
    """Return categories as a stored list, sorted."""
    return ",".join(sorted(categories))
