"""What stands before anything happens: places, doctors, patients, accounts, roles; and the timetable ahead."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from sqlalchemy import func, select

from actions import registry
from actions.registry import Account, Person
from domain.access import Category
from domain.patients import IdentifierSystem
from persistence.appointments import SlotRow
from persistence.organizations import OrganizationRow
from persistence.policies import InsurancePolicyBody, InsurancePolicyRow
from persistence.practitioners import PractitionerRow, SpecialtyRow
from persistence.statements import Statement
from persistence.store import Transaction
from security.totp import new_secret
from server.demo.numbers import enp
from server.demo.people import DOCTORS, PATIENTS, PERSONAS, PLACES, SPECIALTIES, Persona

MOSCOW: Final = timezone(timedelta(hours=3))
DAYS_AHEAD: Final = 14
VISIT: Final = timedelta(minutes=30)
FIRST_HOUR, VISITS_A_DAY = 9, 12
SERVICES: Final = ("Первичная помощь", "Специализированная помощь", "Лабораторные исследования")

_SLOT = SlotRow.__table__  # type: ignore[attr-defined]
_LAST_SLOT = Statement(select(func.max(_SLOT.c.starts_at)))
_DOCTORS = Statement(
    select(PractitionerRow.__table__.c.id, PractitionerRow.__table__.c.organization_id)  # type: ignore[attr-defined]
)


@dataclass
class Cast:
    """Ids by the names of `people.py`."""

    places: dict[str, int] = field(default_factory=dict)
    doctors: dict[str, int] = field(default_factory=dict)
    patients: dict[str, int] = field(default_factory=dict)
    policies: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)


async def found(tx: Transaction, password_hash: str) -> Cast:
    """Write everything but the last persona, who shows that the demonstration is whole."""
    cast = Cast()
    await _places(tx, cast)
    await _doctors(tx, cast)
    await _patients(tx, cast)
    for persona in PERSONAS[:-1]:
        await admit(tx, cast, persona, password_hash)
    scope = frozenset(Category) - {Category.CONTACTS}
    await registry.represent(tx, cast.patients["vera"], cast.accounts["anna@example.org"], scope)
    return cast


async def admit(tx: Transaction, cast: Cast, persona: Persona, password_hash: str) -> None:
    """Open somebody's account, with the role held."""
    account = Account(
        persona.name,
        [persona.login],
        password_hash,
        new_secret(),
        persona.level,
        cast.patients[persona.patient] if persona.patient else None,
        cast.doctors[persona.doctor] if persona.doctor else None,
    )
    account_id = cast.accounts[persona.login] = await registry.add_account(tx, account)
    if persona.role:
        await registry.grant_role(tx, account_id, persona.role, cast.places[persona.place])


async def extend_timetable(tx: Transaction) -> None:
    """Give every doctor free times for two weeks from tomorrow, where there are none yet; none on Sundays."""
    last = await tx.value(_LAST_SLOT)
    known_until = _day_of(last) if last is not None else _today(tx)
    first, end = max(known_until, _today(tx)) + timedelta(days=1), _today(tx) + timedelta(days=DAYS_AHEAD)
    days = [first + timedelta(days=n) for n in range((end - first).days + 1)]
    rows = [
        (slot(tx, doctor.id, doctor.organization_id, starts), None)
        for doctor in await tx.all(_DOCTORS)
        for day in days
        if day.isoweekday() != 7
        for starts in _visits(day)
    ]
    await tx.insert_all(list(rows))


def slot(tx: Transaction, doctor_id: int, place_id: int, starts_at: datetime) -> SlotRow:
    """Return a free time."""
    return SlotRow(
        id=tx.new_id(),
        practitioner_id=doctor_id,
        organization_id=place_id,
        starts_at=starts_at,
        ends_at=starts_at + VISIT,
    )


def _visits(day: date) -> list[datetime]:
    opening = datetime(day.year, day.month, day.day, FIRST_HOUR, tzinfo=MOSCOW).astimezone(UTC)
    return [opening + n * VISIT for n in range(VISITS_A_DAY)]


def _day_of(micros: int) -> date:
    return datetime.fromtimestamp(micros / 1e6, MOSCOW).date()


def _today(tx: Transaction) -> date:
    return tx.now.astimezone(MOSCOW).date()


async def _places(tx: Transaction, cast: Cast) -> None:
    for name, place in PLACES.items():
        cast.places[name] = tx.new_id()
        row = OrganizationRow(
            id=cast.places[name],
            kind=place.kind,
            name=place.name,
            city="Москва",
            address=place.address,
            phone=place.phone,
        )
        await tx.insert(row)


async def _doctors(tx: Transaction, cast: Cast) -> None:
    specialties = {}
    for code, (title, title_en) in SPECIALTIES.items():
        specialties[code] = tx.new_id()
        # Codes of our own: the state's list (1066) is not ours to quote in a demonstration.
        await tx.insert(SpecialtyRow(id=specialties[code], code=f"demo-{code}", title=title, title_en=title_en))
    for name, doctor in DOCTORS.items():
        cast.doctors[name] = tx.new_id()
        row = PractitionerRow(
            id=cast.doctors[name],
            name=doctor.name,
            specialty_id=specialties[doctor.specialty],
            organization_id=cast.places[doctor.place],
        )
        await tx.insert(row)


async def _patients(tx: Transaction, cast: Cast) -> None:
    for number, (name, patient) in enumerate(PATIENTS.items()):
        policy_number = enp(77, patient.born, patient.sex, 11 + number)
        person = Person(
            patient.family,
            patient.given,
            patient.patronymic,
            patient.born,
            patient.sex,
            f"+7900000{number + 10:04d}",
            f"{name}@example.org",
            patient.address,
            [(IdentifierSystem.SNILS, patient.snils), (IdentifierSystem.OMS, policy_number)],
        )
        patient_id = cast.patients[name] = await registry.add_patient(tx, person)
        doctor = DOCTORS[patient.doctor]
        await registry.assign(tx, patient_id, cast.doctors[patient.doctor], cast.places[doctor.place])
        await _policy(tx, cast, name, policy_number)


async def _policy(tx: Transaction, cast: Cast, name: str, number: str) -> None:
    row = InsurancePolicyRow(
        patient_id=cast.patients[name],
        id=tx.new_id(),
        kind="OMS",
        status="ACTIVE",
        insurer_id=cast.places["insurer"],
        created_at=tx.now,
    )
    cast.policies[name] = row.id
    await tx.insert(row, InsurancePolicyBody(number, tx.now.date(), None, SERVICES))
