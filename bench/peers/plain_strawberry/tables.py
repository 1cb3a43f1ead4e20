"""The peers' tables as ORM classes."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, DateTime, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Common types."""

    type_annotation_map = {int: BigInteger, datetime: DateTime(timezone=True)}  # noqa: RUF012 (SQLAlchemy's own form)


class Organization(Base):
    """A clinic or an insurer."""

    __tablename__ = "organization"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    address: Mapped[str | None]


class Specialty(Base):
    """A specialty."""

    __tablename__ = "specialty"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]


class Practitioner(Base):
    """A doctor."""

    __tablename__ = "practitioner"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    specialty_id: Mapped[int] = mapped_column(ForeignKey("specialty.id"))


class Patient(Base):
    """A patient."""

    __tablename__ = "patient"
    id: Mapped[int] = mapped_column(primary_key=True)
    family_name: Mapped[str]
    given_name: Mapped[str]
    patronymic: Mapped[str | None]
    birth_date: Mapped[date | None]
    sex: Mapped[str]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    address: Mapped[str | None]


class Account(Base):
    """An account."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))


class Session(Base):
    """A signed-in client."""

    __tablename__ = "session"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))


class Policy(Base):
    """A policy."""

    __tablename__ = "policy"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[str]
    status: Mapped[str]
    number: Mapped[str]
    ends_on: Mapped[date | None]
    insurer_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))


class Slot(Base):
    """A time that can be booked."""

    __tablename__ = "slot"
    id: Mapped[int] = mapped_column(primary_key=True)
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    clinic_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[str]


class Appointment(Base):
    """A visit."""

    __tablename__ = "appointment"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    clinic_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str]
    service_type: Mapped[str]
    reason: Mapped[str | None]


class Analyte(Base):
    """What is measured."""

    __tablename__ = "analyte"
    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]


class Observation(Base):
    """A result."""

    __tablename__ = "observation"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    analyte_code: Mapped[str] = mapped_column(ForeignKey("analyte.code"))
    taken_at: Mapped[datetime]
    value: Mapped[Decimal]
    unit: Mapped[str]
    flag: Mapped[str]
