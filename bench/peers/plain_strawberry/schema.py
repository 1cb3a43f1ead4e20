"""The part of our schema that the operations use, field by field."""

from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

import strawberry
from sqlalchemy import select, update

from bench.peers.plain_strawberry import tables
from bench.peers.plain_strawberry.context import Asked

T = TypeVar("T")


@strawberry.type
class Connection(Generic[T]):
    """A page."""

    nodes: list[T]


@strawberry.type
class Organization:
    """A clinic or an insurer."""

    id: strawberry.ID
    name: str
    address: str | None


@strawberry.type
class Specialty:
    """A specialty."""

    title: str


@strawberry.type
class Practitioner:
    """A doctor."""

    id: strawberry.ID
    name: str
    specialty_id: strawberry.Private[int]

    @strawberry.field
    async def specialty(self, info: Asked) -> Specialty | None:
        """Return the doctor's specialty."""
        return Specialty(title=(await info.context.specialties.load(self.specialty_id)).title)


@strawberry.type
class Appointment:
    """A visit."""

    id: strawberry.ID
    status: str
    service_type: str
    starts_at: datetime
    ends_at: datetime
    reason: str | None
    practitioner_id: strawberry.Private[int]
    clinic_id: strawberry.Private[int]

    @strawberry.field
    async def practitioner(self, info: Asked) -> Practitioner | None:
        """Return who is seen."""
        row = await info.context.practitioners.load(self.practitioner_id)
        return Practitioner(id=strawberry.ID(str(row.id)), name=row.name, specialty_id=row.specialty_id)

    @strawberry.field
    async def clinic(self, info: Asked) -> Organization | None:
        """Return where."""
        return organization(await info.context.organizations.load(self.clinic_id))


@strawberry.type
class Analyte:
    """What is measured."""

    code: str
    title: str


@strawberry.type
class Observation:
    """A result."""

    id: strawberry.ID
    taken_at: datetime
    value: Decimal | None
    unit: str | None
    flag: str | None
    analyte_code: strawberry.Private[str]

    @strawberry.field
    async def analyte(self, info: Asked) -> Analyte | None:
        """Return what was measured."""
        row = await info.context.analytes.load(self.analyte_code)
        return Analyte(code=row.code, title=row.title)


@strawberry.type
class InsurancePolicy:
    """A policy."""

    id: strawberry.ID
    kind: str
    status: str
    number: str | None
    ends_on: date | None
    insurer_id: strawberry.Private[int]

    @strawberry.field
    async def insurer(self, info: Asked) -> Organization | None:
        """Return who insures."""
        return organization(await info.context.organizations.load(self.insurer_id))


@strawberry.type
class Patient:
    """A patient."""

    id: strawberry.ID
    family_name: str | None
    given_name: str | None
    patronymic: str | None
    birth_date: date | None
    sex: str | None
    phone: str | None
    email: str | None
    address: str | None

    @strawberry.field
    async def appointments(self, info: Asked, first: int = 20) -> Connection[Appointment]:
        """Return visits, the latest first."""
        table = tables.Appointment
        asked = select(table).where(table.patient_id == int(self.id))
        latest = asked.order_by(table.starts_at.desc(), table.id.desc()).limit(first)
        return Connection(nodes=[appointment(row) for row in await info.context.rows(latest)])

    @strawberry.field
    async def observations(self, info: Asked, first: int = 20, analyte: str | None = None) -> Connection[Observation]:
        """Return results, the latest first."""
        table = tables.Observation
        asked = select(table).where(table.patient_id == int(self.id))
        if analyte:
            asked = asked.where(table.analyte_code == analyte)
        latest = asked.order_by(table.taken_at.desc(), table.id.desc()).limit(first)
        return Connection(nodes=[observation(row) for row in await info.context.rows(latest)])

    @strawberry.field
    async def policies(self, info: Asked, first: int = 20) -> Connection[InsurancePolicy]:
        """Return policies, the newest first."""
        table = tables.Policy
        asked = select(table).where(table.patient_id == int(self.id)).order_by(table.id.desc()).limit(first)
        return Connection(nodes=[policy(row) for row in await info.context.rows(asked)])


@strawberry.type
class Viewer:
    """Who asks."""

    name: str
    level: str
    patient_id: strawberry.Private[int]

    @strawberry.field
    async def patient(self, info: Asked) -> Patient | None:
        """Return the own record."""
        row = await info.context.session.get_one(tables.Patient, self.patient_id)
        names = ("family_name", "given_name", "patronymic", "birth_date", "sex", "phone", "email", "address")
        return Patient(id=strawberry.ID(str(row.id)), **{name: getattr(row, name) for name in names})


@strawberry.type
class Query:
    """Reading."""

    @strawberry.field
    async def viewer(self, info: Asked) -> Viewer | None:
        """Return who asks."""
        row = await info.context.session.get_one(tables.Account, info.context.viewer.account_id)
        return Viewer(name=row.name, level=row.level, patient_id=row.patient_id)


@strawberry.input
class BookAppointmentInput:
    """A free time."""

    slot_id: strawberry.ID
    service_type: str
    reason: str | None = None


@strawberry.type
class BookAppointmentPayload:
    """The visit."""

    appointment: Appointment | None


@strawberry.type
class Mutation:
    """Writing."""

    @strawberry.mutation
    async def book_appointment(self, info: Asked, input: BookAppointmentInput) -> BookAppointmentPayload | None:
        """Take a free time."""
        session, slot = info.context.session, tables.Slot
        free = update(slot).where(slot.id == int(input.slot_id), slot.state == "FREE").values(state="TAKEN")
        taken = (await session.scalars(free.returning(slot))).one()
        row = tables.Appointment(
            patient_id=info.context.viewer.patient_id,
            practitioner_id=taken.practitioner_id,
            clinic_id=taken.clinic_id,
            starts_at=taken.starts_at,
            ends_at=taken.ends_at,
            status="BOOKED",
            service_type=input.service_type,
            reason=input.reason,
        )
        session.add(row)
        await session.commit()
        return BookAppointmentPayload(appointment=appointment(row))


def organization(row: tables.Organization) -> Organization:
    """Return a row as its type."""
    return Organization(id=strawberry.ID(str(row.id)), name=row.name, address=row.address)


def appointment(row: tables.Appointment) -> Appointment:
    """Return a row as its type."""
    names = ("status", "service_type", "starts_at", "ends_at", "reason", "practitioner_id", "clinic_id")
    return Appointment(id=strawberry.ID(str(row.id)), **{name: getattr(row, name) for name in names})


def observation(row: tables.Observation) -> Observation:
    """Return a row as its type."""
    names = ("taken_at", "value", "unit", "flag", "analyte_code")
    return Observation(id=strawberry.ID(str(row.id)), **{name: getattr(row, name) for name in names})


def policy(row: tables.Policy) -> InsurancePolicy:
    """Return a row as its type."""
    names = ("kind", "status", "number", "ends_on", "insurer_id")
    return InsurancePolicy(id=strawberry.ID(str(row.id)), **{name: getattr(row, name) for name in names})


schema = strawberry.Schema(Query, Mutation)
