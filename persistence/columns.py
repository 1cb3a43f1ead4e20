"""Column types and the tables' common shapes."""

from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from typing import Any, ClassVar, Final

import msgspec
from sqlalchemy import BigInteger, Dialect, Integer
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return microseconds since 1970 UTC; `moment` must carry a zone."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the moment, in UTC."""
    return EPOCH + timedelta(microseconds=micros)


class Instant(TypeDecorator[datetime]):
    """A moment as a 64-bit count of microseconds since 1970 UTC: one form, one order on both databases.

    Why not timestamptz: `docs/decisions/0004-instants-are-integers.md`.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return the integer that is stored."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Return the moment."""
        return None if value is None else from_micros(value)


PLAIN: Final = frozenset({int, str, bytes, bool, float, list, type(None)})


def argument(value: Any) -> Any:
    """Return a value as both drivers take it."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, datetime):
        return to_micros(value)
    return value.value if isinstance(value, Enum) else value


class Retention(StrEnum):
    """Classes of data that are kept, and destroyed, together: each has a key of its own."""

    RECORD = "record"
    """Medical records: 25 years."""
    ACCOUNT = "account"
    """What serves the account only and may be erased on request."""


class Sealed(msgspec.Struct, array_like=True, frozen=True, omit_defaults=False):
    """A row's sealed body: a msgpack array, so new attributes go at the end and have defaults."""


class Shared(SQLModel):
    """A row that belongs to no patient."""

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})


class Owned(SQLModel):
    """A patient's row: the patient first in the key, health data and identifiers in the sealed body."""

    __retention__: ClassVar[Retention] = Retention.RECORD

    patient_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    key_id: int = Field(default=0, sa_type=Integer, nullable=False)
    version: int = Field(default=1, sa_type=Integer, nullable=False)
    body: bytes = Field(default=b"", nullable=False)


class SealedRow(SQLModel):
    """A row sealed under a key that isn't a patient's: an account's, a partner's, the system's."""

    __owner_kind__: ClassVar[str] = "system"
    __owner_column__: ClassVar[str | None] = None
    """Where the owner's id stands; None: the system, which has one key."""
    __retention__: ClassVar[Retention] = Retention.ACCOUNT

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    key_id: int = Field(default=0, sa_type=Integer, nullable=False)
    version: int = Field(default=1, sa_type=Integer, nullable=False)
    body: bytes = Field(default=b"", nullable=False)


def BigInt(**options: Any) -> Any:  # noqa: N802 - reads as a column type
    """Return a 64-bit integer column."""
    return Field(sa_type=BigInteger, **options)


def Moment(**options: Any) -> Any:  # noqa: N802
    """Return an Instant column."""
    return Field(sa_type=Instant, **options)
