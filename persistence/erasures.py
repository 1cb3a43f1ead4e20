"""Erasure within what the law lets be erased: what serves the account goes with its keys, the rest is restricted.

A medical record is kept for 25 years, the audit log for six: neither is erased. Of the record, how to reach the person
goes, and every relation and consent ends, so that nobody opens it but the person's future doctor. Everything here may
run again: a restore of an older backup replays it.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, or_, select, update
from sqlmodel import SQLModel

from persistence import alerts, patients
from persistence.access import ConsentRow, RelationRow
from persistence.accounts import AccountBody, AccountRow, SignInNameRow
from persistence.columns import Owned, Retention, SealedRow
from persistence.erased import ErasureRow
from persistence.identity import IdentityLinkRow
from persistence.patients import PatientBody, PatientRow
from persistence.rotation import destroy_all, destroy_old_of
from persistence.sealing import KeyRing, Owner
from persistence.statements import Statement
from persistence.store import Snapshot, Transaction
from persistence.tables import sealed_tables

GONE: Final = AccountBody("Удалённый пользователь", "", "")


_ACCOUNT: Final = AccountRow.__table__  # type: ignore[attr-defined]
_NAME: Final = SignInNameRow.__table__  # type: ignore[attr-defined]
_RELATION: Final = RelationRow.__table__  # type: ignore[attr-defined]
_CONSENT: Final = ConsentRow.__table__  # type: ignore[attr-defined]
_ACCOUNTS = Statement(select(*_ACCOUNT.c).where(_ACCOUNT.c.patient_id == bindparam("patient_id")))
_NAMES = Statement(delete(_NAME).where(_NAME.c.account_id == bindparam("of_account")))
_LINKS = Statement(
    delete(IdentityLinkRow).where(IdentityLinkRow.__table__.c.account_id == bindparam("of_account"))  # type: ignore[attr-defined]
)
_RELATIONS = Statement(
    update(_RELATION)
    .where(
        _RELATION.c.patient_id == bindparam("of_patient"),
        or_(_RELATION.c.until.is_(None), _RELATION.c.until > bindparam("at")),
    )
    .values(until=bindparam("at"))
)
_CONSENTS = Statement(
    update(_CONSENT)
    .where(_CONSENT.c.patient_id == bindparam("of_patient"), _CONSENT.c.withdrawn_at.is_(None))
    .values(withdrawn_at=bindparam("at"))
)


async def accounts_of(snapshot: Snapshot, patient_id: int) -> list[int]:
    """Return the accounts whose own record this is."""
    return [row.id for row in await snapshot.all(_ACCOUNTS, patient_id=patient_id)]


async def renew_keys(ring: KeyRing, accounts: Sequence[int]) -> None:
    """Give each account a new key, for what little is left of it."""
    for account_id in accounts:
        await ring.renew(Owner("account", account_id, Retention.ACCOUNT))


async def erase(tx: Transaction, patient_id: int) -> None:
    """Erase what may go, restrict what must stay."""
    for row in await tx.all(_ACCOUNTS, patient_id=patient_id):
        await _account(tx, AccountRow(**{name: getattr(row, name) for name in AccountRow.model_fields}))
    found = await patients.by_id(tx, patient_id)
    if found is not None:
        record, body = found
        person = PatientRow(**{name: getattr(record, name) for name in PatientRow.model_fields})
        await tx.reseal(person, PatientBody(body.family, body.given, body.patronymic, body.birth_date, body.sex))
    for table in sealed_tables():
        if issubclass(table, Owned) and table.__retention__ is Retention.ACCOUNT:
            await tx.execute(_drop(table, "patient_id"), of_owner=patient_id)
    await tx.execute(_RELATIONS, of_patient=patient_id, at=tx.now)
    await tx.execute(_CONSENTS, of_patient=patient_id, at=tx.now)
    await tx.insert(ErasureRow(id=tx.new_id(), patient_id=patient_id, at=tx.now))


async def destroy_keys(ring: KeyRing, patient_id: int, accounts: Sequence[int]) -> None:
    """Destroy the keys of what was erased: copies of it elsewhere, in backups too, open no more.

    On PostgreSQL this needs the keys' owner: the service's own user may add keys, not destroy them.
    """
    await destroy_all(ring, Owner("patient", patient_id, Retention.ACCOUNT))
    for account_id in accounts:
        await destroy_old_of(ring, Owner("account", account_id, Retention.ACCOUNT))


async def _account(tx: Transaction, row: AccountRow) -> None:
    await alerts.shut(tx, row.id)
    await tx.execute(_NAMES, of_account=row.id)
    await tx.execute(_LINKS, of_account=row.id)
    for table in sealed_tables():
        if issubclass(table, SealedRow) and table.__owner_kind__ == "account" and table is not AccountRow:
            column = table.__owner_column__
            assert column is not None, "an account's rows name the account"
            await tx.execute(_drop(table, column), of_owner=row.id)
    row.disabled_at = tx.now
    await tx.reseal(row, GONE)


def _drop(table: type[SQLModel], column: str) -> Statement:
    columns = table.__table__.c  # type: ignore[attr-defined]
    return Statement(delete(table).where(columns[column] == bindparam("of_owner")))
