"""What people were told, by which way each message went, and what they have chosen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Index, Integer, String, bindparam, func, or_, select, update
from sqlmodel import Field

from domain.access import RelationKind
from domain.notifications import DeliveryState, Settings
from persistence.access import RelationRow
from persistence.accounts import AccountRow
from persistence.columns import BigInt, Moment, Sealed, SealedRow, Shared
from persistence.ids import COUNTERS
from persistence.statements import Record, Statement, insert_new
from persistence.store import Snapshot, Transaction


class NotificationRow(Shared, table=True):
    """One thing that a person is told; ids only, what it says is read where it stands."""

    __tablename__ = "notification"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("notification_account", "account_id", "id"),
        Index("notification_source", "account_id", "source", unique=True),
    )

    account_id: int = BigInt(nullable=False)
    source: str = Field(sa_type=String(96), nullable=False)
    """What it tells of: the same is told once, however often it is tried."""
    topic: str = Field(sa_type=String(16), nullable=False)
    kind: str = Field(sa_type=String(48), nullable=False)
    subject_id: int = BigInt(nullable=False)
    patient_id: int | None = BigInt(nullable=True, default=None)
    at: datetime = Moment(nullable=False)
    read_at: datetime | None = Moment(nullable=True, default=None)


class DeliveryRow(Shared, table=True):
    """One message of a notification, by one way."""

    __tablename__ = "delivery"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("delivery_notification", "notification_id", "id"),
        Index("delivery_account", "account_id", "id"),
    )

    notification_id: int = BigInt(nullable=False)
    account_id: int = BigInt(nullable=False)
    channel: str = Field(sa_type=String(8), nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    due_at: datetime = Moment(nullable=False)
    late_at: datetime | None = Moment(nullable=True, default=None)
    """From when it is of no use."""
    sent_at: datetime | None = Moment(nullable=True, default=None)
    receipt: str | None = Field(default=None, sa_type=String(128))
    """What the carrier knows it by."""
    skipped: str | None = Field(default=None, sa_type=String(16))


class DeliveryAttemptRow(Shared, table=True):
    """One try to hand a message over."""

    __tablename__ = "delivery_attempt"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("delivery_attempt_of", "delivery_id", "id"),)

    delivery_id: int = BigInt(nullable=False)
    at: datetime = Moment(nullable=False)
    receipt: str | None = Field(default=None, sa_type=String(128))
    error: str | None = Field(default=None, sa_type=String(64))
    """The class of the failure; its words may hold an address."""


class NotificationSettingsRow(SealedRow, table=True):
    """What a person has chosen; the account's id is the row's."""

    __tablename__ = "notification_settings"
    __owner_kind__: ClassVar[str] = "account"
    __owner_column__: ClassVar[str | None] = "id"

    changed_at: datetime = Moment(nullable=False)


class NotificationSettingsBody(Sealed, frozen=True):
    """The choice."""

    settings: Settings = Settings()


FOLLOWER: Final = "notified"
_NOTE: Final = NotificationRow.__table__  # type: ignore[attr-defined]
_DELIVERY: Final = DeliveryRow.__table__  # type: ignore[attr-defined]
_SETTINGS: Final = NotificationSettingsRow.__table__  # type: ignore[attr-defined]
_ACCOUNT: Final = AccountRow.__table__  # type: ignore[attr-defined]
_RELATION: Final = RelationRow.__table__  # type: ignore[attr-defined]
_POSITION = Statement(select(COUNTERS.c.value).where(COUNTERS.c.name == FOLLOWER))
_BEGIN = Statement(
    lambda dialect: insert_new(dialect, COUNTERS).from_select(
        ["name", "value"],
        select(bindparam("follower", type_=String), COUNTERS.c.value).where(COUNTERS.c.name == "positions"),
    )
)
_ADVANCE = Statement(
    update(COUNTERS)
    .where(COUNTERS.c.name == FOLLOWER, COUNTERS.c.value == bindparam("was", type_=BigInteger))
    .values(value=bindparam("now_at", type_=BigInteger))
)
_RECIPIENTS = Statement(
    select(*_ACCOUNT.c).where(
        _ACCOUNT.c.disabled_at.is_(None),
        or_(
            _ACCOUNT.c.id == bindparam("of_account", type_=BigInteger),
            _ACCOUNT.c.patient_id == bindparam("of_patient", type_=BigInteger),
            _ACCOUNT.c.id.in_(
                select(_RELATION.c.account_id).where(
                    _RELATION.c.patient_id == bindparam("of_patient", type_=BigInteger),
                    _RELATION.c.kind == RelationKind.REPRESENTS.value,
                    or_(_RELATION.c.until.is_(None), _RELATION.c.until > bindparam("at")),
                )
            ),
        ),
    )
)
_PATIENTS_OF = Statement(
    select(_ACCOUNT.c.patient_id)
    .where(_ACCOUNT.c.id == bindparam("of_account"), _ACCOUNT.c.patient_id.is_not(None))
    .union(
        select(_RELATION.c.patient_id).where(
            _RELATION.c.account_id == bindparam("of_account"), _RELATION.c.kind == RelationKind.REPRESENTS.value
        )
    )
)
_SETTINGS_OF = Statement(select(*_SETTINGS.c).where(_SETTINGS.c.id == bindparam("account_id")))
_BY_ID = Statement(select(*_DELIVERY.c).where(_DELIVERY.c.id == bindparam("delivery_id")))
_NOTE_BY_ID = Statement(select(*_NOTE.c).where(_NOTE.c.id == bindparam("notification_id")))
_SETTLE = Statement(
    update(_DELIVERY)
    .where(_DELIVERY.c.id == bindparam("delivery_id"), _DELIVERY.c.state == DeliveryState.WAITING.value)
    .values(
        state=bindparam("new_state"),
        sent_at=bindparam("sent", type_=BigInteger),
        receipt=bindparam("known_as"),
        skipped=bindparam("why"),
    )
)
_MARK_ALL = Statement(
    update(_NOTE)
    .where(_NOTE.c.account_id == bindparam("of_account"), _NOTE.c.read_at.is_(None), _NOTE.c.id <= bindparam("up_to"))
    .values(read_at=bindparam("seen"))
)
_MARK = Statement(
    update(_NOTE)
    .where(_NOTE.c.account_id == bindparam("of_account"), _NOTE.c.read_at.is_(None), _NOTE.c.id == bindparam("this"))
    .values(read_at=bindparam("seen"))
)
_THEIRS = Statement(
    select(_NOTE.c.id).where(_NOTE.c.account_id == bindparam("of_account"), _NOTE.c.id == bindparam("this"))
)
_UNREAD = Statement(
    select(_NOTE.c.topic, func.count(_NOTE.c.id).cast(Integer).label("many"))
    .where(_NOTE.c.account_id == bindparam("of_account"), _NOTE.c.read_at.is_(None))
    .group_by(_NOTE.c.topic)
    .order_by(_NOTE.c.topic)
)


async def position(snapshot: Snapshot) -> int | None:
    """Return up to where of the log people were told; None before the first start."""
    found = await snapshot.value(_POSITION)
    return None if found is None else int(found)


async def begin(tx: Transaction) -> None:
    """Begin where the log stands, unless another process has."""
    await tx.execute(_BEGIN, follower=FOLLOWER)


async def advance(tx: Transaction, was: int, now_at: int) -> bool:
    """Say that people were told up to a position; False if another process has, so that this one tells nothing."""
    return await tx.execute(_ADVANCE, was=was, now_at=now_at) == 1


async def recipients(snapshot: Snapshot, patient_id: int | None, account_id: int | None) -> list[Record]:
    """Return the accounts that may be concerned: the account, the patient's own, those of representatives."""
    return await snapshot.all(_RECIPIENTS, of_patient=patient_id or 0, of_account=account_id or 0, at=snapshot.now)


async def patients_of(snapshot: Snapshot, account_id: int) -> list[int]:
    """Return of whom an account may be told: the own record, and those of whom it represents or did."""
    return [row.patient_id for row in await snapshot.all(_PATIENTS_OF, of_account=account_id)]


async def settings(snapshot: Snapshot, account_id: int) -> tuple[NotificationSettingsRow | None, Settings]:
    """Return what a person has chosen; the defaults where there is no row."""
    record = await snapshot.one(_SETTINGS_OF, account_id=account_id)
    if record is None:
        return None, Settings()
    row = NotificationSettingsRow(**{name: getattr(record, name) for name in NotificationSettingsRow.model_fields})
    return row, (await snapshot.opened(NotificationSettingsRow, NotificationSettingsBody, record)).settings


async def by_id(snapshot: Snapshot, delivery_id: int) -> tuple[Record, Record] | None:
    """Return a delivery and its notification."""
    delivery = await snapshot.one(_BY_ID, delivery_id=delivery_id)
    note = delivery and await snapshot.one(_NOTE_BY_ID, notification_id=delivery.notification_id)
    return None if delivery is None or note is None else (delivery, note)


async def settle(
    tx: Transaction, delivery_id: int, state: DeliveryState, *, receipt: str | None = None, why: str | None = None
) -> bool:
    """End a delivery; False if it has ended before."""
    sent = tx.now if state is DeliveryState.SENT else None
    return await tx.execute(_SETTLE, delivery_id=delivery_id, new_state=state, sent=sent, known_as=receipt, why=why) > 0


async def mark_all(tx: Transaction, account_id: int) -> int:
    """Mark everything read that is there now."""
    return await tx.execute(_MARK_ALL, of_account=account_id, up_to=tx.new_id(), seen=tx.now)


async def mark(tx: Transaction, account_id: int, ids: Sequence[int]) -> bool:
    """Mark some read; False if one isn't the account's."""
    for this in ids:
        marked = await tx.execute(_MARK, of_account=account_id, this=this, seen=tx.now)
        if not marked and await tx.value(_THEIRS, of_account=account_id, this=this) is None:
            return False
    return True


async def unread(snapshot: Snapshot, account_id: int) -> dict[str, int]:
    """Return how many are unread, by topic."""
    rows: list[Any] = await snapshot.all(_UNREAD, of_account=account_id)
    return {row.topic: row.many for row in rows}
