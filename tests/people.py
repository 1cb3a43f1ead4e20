"""A small world for tests: two clinics, a laboratory, an insurer, and one person of every kind."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from actions import registry
from actions.registry import Account, Person
from domain.access import Category
from domain.accounts import IdentityLevel, Role
from domain.patients import IdentifierSystem, Sex
from gql.planning.ids import NodeId
from persistence.access import ConsentRow, joined
from persistence.appointments import SlotRow
from persistence.organizations import OrganizationRow
from persistence.policies import InsurancePolicyBody, InsurancePolicyRow
from persistence.practitioners import PractitionerRow, SpecialtyRow
from persistence.store import Store, Transaction
from security.passwords import Passwords
from security.totp import new_secret

PASSWORD = "correct horse battery"


@dataclass
class World:
    """Ids by the names that tests use."""

    ids: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)

    def patient(self, name: str) -> str:
        """Return a patient's global id."""
        return NodeId("Patient", (self.ids[name], self.ids[name])).text()

    def node(self, typename: str, name: str) -> str:
        """Return the global id of a row that belongs to no patient."""
        return NodeId(typename, (self.ids[name],)).text()


async def populate(store: Store, passwords: Passwords) -> World:
    """Fill an empty database."""
    world = World()
    hashed = await passwords.hash(PASSWORD)
    async with store.begin() as tx:
        await _places(tx, world)
        await _doctors(tx, world)
        await _patients(tx, world)
        await _accounts(tx, world, hashed)
    return world


async def _places(tx: Transaction, world: World) -> None:
    for name, kind in (("clinic", "CLINIC"), ("other_clinic", "CLINIC"), ("lab", "LABORATORY"), ("insurer", "INSURER")):
        world.ids[name] = tx.new_id()
        await tx.insert(OrganizationRow(id=world.ids[name], kind=kind, name=f"{name} of tests", city="Москва"))
    world.ids["specialty"] = tx.new_id()
    await tx.insert(SpecialtyRow(id=world.ids["specialty"], code="27", title="Терапия", title_en="General practice"))


async def _doctors(tx: Transaction, world: World) -> None:
    for name, place in (("doctor", "clinic"), ("other_doctor", "other_clinic")):
        world.ids[name] = tx.new_id()
        await tx.insert(
            PractitionerRow(
                id=world.ids[name],
                name=f"Врач {name}",
                specialty_id=world.ids["specialty"],
                organization_id=world.ids[place],
            )
        )
        for number in range(6):
            slot = tx.new_id()
            world.ids[f"{name}_slot_{number}"] = slot
            starts = tx.now + timedelta(days=1, minutes=30 * number)
            await tx.insert(
                SlotRow(
                    id=slot,
                    practitioner_id=world.ids[name],
                    organization_id=world.ids[place],
                    starts_at=starts,
                    ends_at=starts + timedelta(minutes=30),
                )
            )


async def _patients(tx: Transaction, world: World) -> None:
    people = {
        "anna": Person(
            "Смирнова",
            "Анна",
            "Петровна",
            date(1980, 2, 1),
            Sex.FEMALE,
            "+79161234567",
            "anna@example.org",
            "Москва",
            [(IdentifierSystem.SNILS, "11223344595")],
        ),
        "boris": Person(
            "Орлов",
            "Борис",
            None,
            date(1975, 5, 5),
            Sex.MALE,
            "+79031112233",
            None,
            None,
            [(IdentifierSystem.SNILS, "08765430300")],
        ),
        "child": Person("Смирнова", "Вера", None, date(2019, 3, 3), Sex.FEMALE),
    }
    for name, person in people.items():
        world.ids[name] = await registry.add_patient(tx, person)
        policy = InsurancePolicyRow(
            patient_id=world.ids[name],
            id=tx.new_id(),
            kind="OMS",
            status="ACTIVE",
            insurer_id=world.ids["insurer"],
            created_at=tx.now,
        )
        world.ids[f"{name}_policy"] = policy.id
        await tx.insert(policy, InsurancePolicyBody("7757910848000121", date(2020, 1, 1), None, ("Терапия",)))
    await registry.assign(tx, world.ids["anna"], world.ids["doctor"], world.ids["clinic"])


STAFF: dict[str, tuple[Role, str]] = {
    "doctor": (Role.DOCTOR, "clinic"),
    "other_doctor": (Role.DOCTOR, "other_clinic"),
    "reviewer": (Role.REVIEWER, "clinic"),
    "other_reviewer": (Role.REVIEWER, "other_clinic"),
    "support": (Role.SUPPORT_AGENT, "clinic"),
    "admin": (Role.ADMINISTRATOR, "clinic"),
    "other_admin": (Role.ADMINISTRATOR, "other_clinic"),
    "security": (Role.SECURITY_OFFICER, "clinic"),
    "operator": (Role.SERVICE_OPERATOR, "clinic"),
    "lab": (Role.LABORATORY, "lab"),
    "insurer": (Role.INSURER, "insurer"),
    "record_system": (Role.RECORD_SYSTEM, "other_clinic"),
}


async def _accounts(tx: Transaction, world: World, hashed: str) -> None:
    for name in ("anna", "boris"):
        await _account(tx, world, name, hashed, patient_id=world.ids[name])
    await _account(tx, world, "newcomer", hashed, level=IdentityLevel.SIMPLIFIED)
    for name, (role, place) in STAFF.items():
        practitioner = world.ids[name] if role is Role.DOCTOR else None
        await _account(tx, world, name, hashed, practitioner_id=practitioner)
        await registry.grant_role(tx, world.accounts[name], role, world.ids[place])
    scope = frozenset({Category.PROFILE, Category.APPOINTMENTS, Category.RESULTS})
    await registry.represent(tx, world.ids["child"], world.accounts["anna"], scope)


async def populate_consent(store: Store, world: World, category: Category, until: datetime | None = None) -> None:
    """Open a part of Anna's record to the other doctor."""
    async with store.begin() as tx:
        row = ConsentRow(
            patient_id=world.ids["anna"],
            id=tx.new_id(),
            practitioner_id=world.ids["other_doctor"],
            categories=joined(frozenset({category})),
            purpose="TREATMENT",
            text_version="1",
            text_hash=b"",
            since=tx.now,
            until=until,
        )
        await tx.insert(row)


async def _account(tx: Transaction, world: World, name: str, hashed: str, **given: Any) -> None:
    world.secrets[name] = new_secret()
    account = Account(f"Account of {name}", [f"{name}@example.org"], hashed, world.secrets[name], **given)
    world.accounts[name] = await registry.add_account(tx, account)
