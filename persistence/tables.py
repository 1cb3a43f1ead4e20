"""Every table of the data, imported so that migrations and checks see them all."""

from collections.abc import Iterator

from sqlalchemy import MetaData
from sqlmodel import SQLModel

import persistence.access
import persistence.accounts
import persistence.alerts
import persistence.allergies
import persistence.appeals
import persistence.appointments
import persistence.audit
import persistence.calendars
import persistence.codes
import persistence.conditions
import persistence.documents
import persistence.encounters
import persistence.erased
import persistence.events
import persistence.exports
import persistence.forgetting
import persistence.identity
import persistence.ids
import persistence.immunizations
import persistence.imported
import persistence.incidents
import persistence.ledger
import persistence.medications
import persistence.messages
import persistence.notifications
import persistence.organizations
import persistence.outcomes
import persistence.passkeys
import persistence.patients
import persistence.policies
import persistence.practitioners
import persistence.recovery
import persistence.registration
import persistence.requests
import persistence.results
import persistence.sessions
import persistence.tasks
import persistence.trees  # noqa: F401
from persistence.columns import Owned, SealedRow

DATA: MetaData = SQLModel.metadata


def sealed_tables() -> list[type[SQLModel]]:
    """Return every table whose rows carry a sealed body, by name."""
    found = [table for shape in (Owned, SealedRow) for table in _below(shape) if hasattr(table, "__table__")]
    return sorted(found, key=lambda table: str(table.__tablename__))


def _below(shape: type[SQLModel]) -> Iterator[type[SQLModel]]:
    for table in shape.__subclasses__():
        yield table
        yield from _below(table)
