"""Registrations, scans of documents, and their bytes; all under the account's own key."""

from datetime import date, datetime
from typing import ClassVar, Final

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, String, bindparam, delete, select
from sqlmodel import Field

from domain.patients import Sex
from domain.registration import Complaint, PersonalData, RegistrationState
from persistence.columns import BigInt, Moment, Sealed, SealedRow
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction

PART: Final = 512 * 1024


class RegistrationRow(SealedRow, table=True):
    """An account's way to a confirmed identity; its id is the account's."""

    __tablename__ = "registration"
    __owner_kind__: ClassVar[str] = "account"
    __owner_column__: ClassVar[str | None] = "id"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("registration_state", "state", "changed_at", "id"),)

    state: str = Field(sa_type=String(16), nullable=False)
    began_at: datetime = Moment(nullable=False)
    changed_at: datetime = Moment(nullable=False)
    round: int = Field(sa_type=Integer, nullable=False, default=0)
    """How often the data were matched: an answer to an earlier question counts no more."""
    decided_by: int | None = BigInt(nullable=True, default=None)


class RegistrationBody(Sealed, frozen=True):
    """Who the person says to be, and what is wrong with it."""

    family: str | None = None
    given: str | None = None
    patronymic: str | None = None
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN
    passport: str | None = None
    snils: str | None = None
    policy: str | None = None
    complaints: tuple[Complaint, ...] = ()


class ScanRow(SealedRow, table=True):
    """One file; of one that isn't taken only what is wrong with it is kept."""

    __tablename__ = "scan"
    __owner_kind__: ClassVar[str] = "account"
    __owner_column__: ClassVar[str | None] = "account_id"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("scan_account", "account_id", "id"),)

    account_id: int = BigInt(nullable=False)
    kind: str = Field(sa_type=String(32), nullable=False)
    at: datetime = Moment(nullable=False)
    accepted: bool = Field(sa_type=Boolean, nullable=False)
    media_type: str | None = Field(default=None, sa_type=String(32))
    size: int = Field(sa_type=Integer, nullable=False)
    sharpness: float | None = Field(default=None, sa_type=Float)


class ScanBody(Sealed, frozen=True):
    """What was found in it."""

    complaints: tuple[Complaint, ...] = ()
    width: int | None = None
    height: int | None = None


class ScanPartRow(SealedRow, table=True):
    """A piece of a file: one is sealed and written in a few milliseconds."""

    __tablename__ = "scan_part"
    __owner_kind__: ClassVar[str] = "account"
    __owner_column__: ClassVar[str | None] = "account_id"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("scan_part_scan", "scan_id", "number", unique=True),)

    account_id: int = BigInt(nullable=False)
    scan_id: int = BigInt(nullable=False)
    number: int = Field(sa_type=Integer, nullable=False)


class ScanPartBody(Sealed, frozen=True):
    """Its bytes."""

    content: bytes


_REGISTRATION: Final = RegistrationRow.__table__  # type: ignore[attr-defined]
_SCAN: Final = ScanRow.__table__  # type: ignore[attr-defined]
_PART: Final = ScanPartRow.__table__  # type: ignore[attr-defined]
_BY_ID = Statement(
    select(*_REGISTRATION.c).where(_REGISTRATION.c.id == bindparam("account_id", type_=BigInteger)).with_for_update()
)
_SCANS = Statement(
    select(*_SCAN.c).where(_SCAN.c.account_id == bindparam("account_id", type_=BigInteger)).order_by(_SCAN.c.id)
)
_ONE_SCAN = Statement(select(*_SCAN.c).where(_SCAN.c.id == bindparam("scan_id", type_=BigInteger)))
_PARTS = Statement(
    select(*_PART.c).where(_PART.c.scan_id == bindparam("scan_id", type_=BigInteger)).order_by(_PART.c.number)
)
_STATE = Statement(select(_REGISTRATION.c.state).where(_REGISTRATION.c.id == bindparam("account_id", type_=BigInteger)))
_DROP_ALL_PARTS = Statement(delete(_PART).where(_PART.c.account_id == bindparam("account_id")))
_DROP_SCAN = Statement(delete(_SCAN).where(_SCAN.c.id == bindparam("scan_id")))
_DROP_PARTS = Statement(delete(_PART).where(_PART.c.scan_id == bindparam("scan_id")))


async def begin(tx: Transaction, account_id: int) -> None:
    """Begin an account's registration, unless it is begun."""
    row = RegistrationRow(
        id=account_id, state=RegistrationState.DATA.value, began_at=tx.now, changed_at=tx.now, version=1
    )
    await tx.claim(row, RegistrationBody())


async def locked(tx: Transaction, account_id: int) -> tuple[RegistrationRow, RegistrationBody] | None:
    """Return an account's registration; nobody else changes it until the transaction ends."""
    record = await tx.one(_BY_ID, account_id=account_id)
    if record is None:
        return None
    row = RegistrationRow(**{name: getattr(record, name) for name in RegistrationRow.model_fields})
    return row, await tx.opened(RegistrationRow, RegistrationBody, record)


def personal(body: RegistrationBody) -> PersonalData | None:
    """Return the personal data, if they were given."""
    if body.family is None or body.given is None or body.birth_date is None:
        return None
    assert body.passport is not None
    assert body.snils is not None
    assert body.policy is not None
    return PersonalData(
        *(body.family, body.given, body.patronymic, body.birth_date, body.sex),
        *(body.passport, body.snils, body.policy),
    )


async def scans(snapshot: Snapshot, account_id: int) -> list[Record]:
    """Return an account's files, oldest first."""
    return await snapshot.all(_SCANS, account_id=account_id)


async def scan(snapshot: Snapshot, scan_id: int) -> Record | None:
    """Return a file's row."""
    return await snapshot.one(_ONE_SCAN, scan_id=scan_id)


async def keep(tx: Transaction, row: ScanRow, body: ScanBody, content: bytes) -> None:
    """Keep a file in place of the earlier one of its kind."""
    for old in await scans(tx, row.account_id):
        if old.kind == row.kind:
            await tx.execute(_DROP_SCAN, scan_id=old.id)
            await tx.execute(_DROP_PARTS, scan_id=old.id)
    await tx.insert(row, body)
    parts = []
    for number, start in enumerate(range(0, len(content), PART)):
        part = ScanPartRow(id=tx.new_id(), account_id=row.account_id, scan_id=row.id, number=number)
        parts.append((part, ScanPartBody(content[start : start + PART])))
    await tx.insert_all(parts)


async def state(snapshot: Snapshot, account_id: int) -> str | None:
    """Return where an account's registration stands."""
    found = await snapshot.value(_STATE, account_id=account_id)
    return None if found is None else str(found)


async def forget_scans(tx: Transaction, account_id: int) -> None:
    """Destroy the files of a registration that is over; that they were taken is kept."""
    await tx.execute(_DROP_ALL_PARTS, account_id=account_id)


async def content(snapshot: Snapshot, scan_id: int) -> bytes:
    """Return a file's bytes."""
    rows = await snapshot.all(_PARTS, scan_id=scan_id)
    return b"".join([(await snapshot.opened(ScanPartRow, ScanPartBody, row)).content for row in rows])
