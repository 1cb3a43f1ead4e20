"""Who is there: patients with phones, their doctor, a laboratory, and more free times than will be booked."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from actions import registry
from actions.registry import Account, Person
from domain.accounts import Role
from domain.patients import IdentifierSystem, Sex
from persistence import sessions
from persistence.appointments import SlotRow
from persistence.organizations import OrganizationRow
from persistence.practitioners import PractitionerRow, SpecialtyRow
from persistence.store import Store, Transaction
from security.tokens import digest, new_token
from security.totp import new_secret


@dataclass
class People:
    """Ids and tokens."""

    patients: list[int] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    """The patients' policy numbers, by which the laboratory names them."""
    tokens: list[str] = field(default_factory=list)
    """The patients' sessions."""
    doctor: int = 0
    doctor_token: str = ""
    laboratory_token: str = ""
    slots: list[int] = field(default_factory=list)


async def populate(store: Store, patients: int, slots: int) -> People:
    """Fill an empty database."""
    people = People()
    async with store.begin(ids=slots + 20 * patients + 100) as tx:
        clinic, laboratory = await _places(tx)
        people.doctor = await _doctor(tx, clinic)
        people.slots = await _slots(tx, people.doctor, clinic, slots)
        account = await registry.add_account(
            tx, Account("Doctor", ["doctor@example.org"], "-", new_secret(), practitioner_id=people.doctor)
        )
        await registry.grant_role(tx, account, Role.DOCTOR, clinic)
        people.doctor_token = await _token(tx, account)
        account = await registry.add_account(tx, Account("Laboratory", ["lab@example.org"], "-", new_secret()))
        await registry.grant_role(tx, account, Role.LABORATORY, laboratory)
        people.laboratory_token = await _token(tx, account)
        for number in range(patients):
            await _patient(tx, people, number, clinic)
    return people


async def _places(tx: Transaction) -> tuple[int, int]:
    clinic, laboratory = tx.new_id(), tx.new_id()
    await tx.insert(OrganizationRow(id=clinic, kind="CLINIC", name="Clinic"))
    await tx.insert(OrganizationRow(id=laboratory, kind="LABORATORY", name="Laboratory"))
    return clinic, laboratory


async def _doctor(tx: Transaction, clinic: int) -> int:
    specialty, doctor = tx.new_id(), tx.new_id()
    await tx.insert(SpecialtyRow(id=specialty, code="27", title="Терапия", title_en="General practice"))
    await tx.insert(PractitionerRow(id=doctor, name="Doctor", specialty_id=specialty, organization_id=clinic))
    return doctor


async def _slots(tx: Transaction, doctor: int, clinic: int, count: int) -> list[int]:
    ids = [tx.new_id() for _ in range(count)]
    first, length = tx.now + timedelta(days=1), timedelta(minutes=5)
    times = [first + length * number for number in range(count)]
    await tx.insert_all(
        [
            (SlotRow(id=slot, practitioner_id=doctor, organization_id=clinic, starts_at=at, ends_at=at + length), None)
            for slot, at in zip(ids, times, strict=True)
        ]
    )
    return ids


async def _patient(tx: Transaction, people: People, number: int, clinic: int) -> None:
    policy = f"{7757910848000000 + number}"
    identifiers = [(IdentifierSystem.OMS, policy)]
    person = Person("Смирнов", f"Иван {number}", None, date(1980, 1, 1), Sex.MALE, None, None, None, identifiers)
    patient = await registry.add_patient(tx, person)
    account = await registry.add_account(
        tx, Account(f"Patient {number}", [f"patient{number}@example.org"], "-", new_secret(), patient_id=patient)
    )
    await registry.assign(tx, patient, people.doctor, clinic)
    people.patients.append(patient)
    people.policies.append(policy)
    people.tokens.append(await _token(tx, account))


async def _token(tx: Transaction, account: int) -> str:
    token = new_token()
    await sessions.start(tx, account, digest(token))
    return token
