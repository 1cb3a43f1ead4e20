"""Everything that is kept about a patient: found by the tables themselves, so that a new one is never forgotten."""

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, select
from sqlmodel import SQLModel

from persistence.accounts import AccountRow
from persistence.appeals import AppealRow
from persistence.audit import AuditRow
from persistence.columns import Owned, Sealed, SealedRow
from persistence.passkeys import PasskeyRow
from persistence.recovery import RecoveryRow
from persistence.statements import Statement
from persistence.store import Snapshot
from persistence.tables import sealed_tables

NOT_TOLD: Final = frozenset({"export_part", "scan_part"})
"""Copies of the copy itself, and files that are destroyed before there is a record to copy."""
INTERNAL: Final = frozenset({"key_id", "version", "body", "last_totp_step", "credential_hash", "sign_count"})
TOLD: Final[Mapping[type[SQLModel], frozenset[str]]] = {
    AuditRow: frozenset({"categories", "roles", "organizations", "reason", "ground"}),
    AccountRow: frozenset({"name", "language", "phone", "email"}),
    PasskeyRow: frozenset({"name"}),
    RecoveryRow: frozenset({"address", "user_agent"}),
}
"""Of these bodies only this: the rest is about whoever acted, or is a secret that opens the account."""


def tables() -> list[type[SQLModel]]:
    """Return every table with rows about a patient."""
    told = [table for table in sealed_tables() if table.__tablename__ not in NOT_TOLD]
    owned = [table for table in told if issubclass(table, Owned)]
    return [*owned, *(table for table in told if _of_an_account(table)), AccountRow, AppealRow, AuditRow]


def _of_an_account(table: type[SQLModel]) -> bool:
    """Return whether a table's rows are an account's, and say nothing of its patient themselves."""
    return issubclass(table, SealedRow) and table.__owner_kind__ == "account" and table is not AccountRow


async def rows(snapshot: Snapshot, table: type[SQLModel], patient_id: int) -> list[dict[str, Any]]:
    """Return a patient's rows of a table, opened."""
    found = []
    names = [name for name in table.model_fields if name not in INTERNAL]
    body = body_of(table)
    for record in await snapshot.all(_of_patient(table), patient_id=patient_id):
        row = {name: getattr(record, name) for name in names}
        if body is not None and record.key_id:
            told = msgspec.structs.asdict(await snapshot.opened(table, body, record))
            row |= {name: value for name, value in told.items() if name in TOLD.get(table, told)}
        found.append(row)
    return found


@cache
def body_of(table: type[SQLModel]) -> type[Sealed] | None:
    """Return the class of a table's sealed body: it stands beside the row, under its name."""
    module = sys.modules[table.__module__]
    name = table.__name__.removesuffix("Row") + "Body"
    found = getattr(module, name, None)
    return found if isinstance(found, type) and issubclass(found, Sealed) else None


@cache
def _of_patient(table: type[SQLModel]) -> Statement:
    columns = table.__table__.c  # type: ignore[attr-defined]
    if _of_an_account(table):
        account = AccountRow.__table__.c  # type: ignore[attr-defined]
        mine = select(account.id).where(account.patient_id == bindparam("patient_id"))
        owner: str = table.__owner_column__  # type: ignore[attr-defined]
        return Statement(select(*columns).where(columns[owner].in_(mine)).order_by(columns.id))
    return Statement(select(*columns).where(columns.patient_id == bindparam("patient_id")).order_by(columns.id))
