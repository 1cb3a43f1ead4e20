"""What an operator sets up by command: people, accounts, roles, assignments; inside a transaction of the caller."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from domain.access import Category, RelationKind
from domain.accounts import IdentityLevel, Role
from domain.patients import Sex
from persistence import accounts, patients
from persistence.access import RelationRow, joined
from persistence.accounts import AccountBody, AccountRow, RoleGrantRow, SignInNameRow
from persistence.patients import PatientBody, PatientIdentifierBody, PatientIdentifierRow, PatientRow
from persistence.store import Transaction


class Person(NamedTuple):
    """A person to be registered."""

    family: str
    given: str
    patronymic: str | None = None
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    identifiers: Sequence[tuple[str, str]] = ()


async def add_patient(tx: Transaction, person: Person) -> int:
    """Register a patient; return the id."""
    patient_id = tx.new_id()
    body = PatientBody(*person[:8])
    await tx.insert(PatientRow(patient_id=patient_id, id=patient_id, created_at=tx.now), body)
    await add_identifiers(tx, patient_id, person.identifiers)
    return patient_id


async def add_identifiers(tx: Transaction, patient_id: int, identifiers: Sequence[tuple[str, str]]) -> None:
    """Note numbers that name a person."""
    rows = []
    for system, value in identifiers:
        row = PatientIdentifierRow(
            patient_id=patient_id,
            id=tx.new_id(),
            system=system,
            value_hash=await patients.identifier_hash(tx, system, value),
        )
        rows.append((row, PatientIdentifierBody(value)))
    await tx.insert_all(rows)


class Account(NamedTuple):
    """An account to be opened."""

    name: str
    logins: Sequence[str]
    password_hash: str
    totp_secret: str
    level: IdentityLevel = IdentityLevel.CONFIRMED
    patient_id: int | None = None
    practitioner_id: int | None = None


async def add_account(tx: Transaction, account: Account) -> int:
    """Open an account; return its id."""
    account_id = tx.new_id()
    row = AccountRow(
        id=account_id,
        level=account.level.value,
        patient_id=account.patient_id,
        practitioner_id=account.practitioner_id,
        created_at=tx.now,
    )
    body = AccountBody(
        account.name,
        account.password_hash,
        account.totp_secret,
        phone=next((login for login in account.logins if login.startswith("+")), None),
        email=next((login for login in account.logins if "@" in login), None),
    )
    await tx.insert(row, body)
    for login in account.logins:
        await tx.insert(SignInNameRow(name_hash=await accounts.name_hash(tx, login), account_id=account_id))
    return account_id


async def grant_role(
    tx: Transaction, account_id: int, role: Role, organization_id: int, until: datetime | None = None
) -> None:
    """Give an account a role at an organization."""
    row = RoleGrantRow(
        id=tx.new_id(),
        account_id=account_id,
        role=role.value,
        organization_id=organization_id,
        since=tx.now,
        until=until,
    )
    await tx.insert(row)


async def assign(
    tx: Transaction, patient_id: int, practitioner_id: int, organization_id: int, until: datetime | None = None
) -> None:
    """Assign a patient to a practitioner of a clinic."""
    row = RelationRow(
        patient_id=patient_id,
        id=tx.new_id(),
        kind=RelationKind.TREATS.value,
        practitioner_id=practitioner_id,
        organization_id=organization_id,
        since=tx.now,
        until=until,
    )
    await tx.insert(row)


async def represent(
    tx: Transaction, patient_id: int, account_id: int, categories: frozenset[Category], until: datetime | None = None
) -> None:
    """Let an account act for a patient, within some categories."""
    row = RelationRow(
        patient_id=patient_id,
        id=tx.new_id(),
        kind=RelationKind.REPRESENTS.value,
        account_id=account_id,
        categories=joined(categories),
        since=tx.now,
        until=until,
    )
    await tx.insert(row)
