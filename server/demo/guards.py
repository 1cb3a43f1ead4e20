"""When the demonstration's help refuses: off loopback, and on a database that holds anybody else."""

from sqlalchemy import select, union

from actions.app import App
from domain.patients import IdentifierSystem
from persistence import accounts, patients
from persistence.accounts import AccountRow, SignInNameRow
from persistence.identity import IdentityLinkRow
from persistence.patients import PatientRow
from persistence.registration import RegistrationRow
from persistence.statements import Statement
from persistence.store import Snapshot
from server.demo.people import PATIENTS, PERSONAS

_ACCOUNTS = Statement(select(AccountRow.__table__.c.id, AccountRow.__table__.c.patient_id))  # type: ignore[attr-defined]
_REGISTERED = Statement(
    union(
        select(RegistrationRow.__table__.c.id.label("account_id")),  # type: ignore[attr-defined]
        select(IdentityLinkRow.__table__.c.account_id),  # type: ignore[attr-defined]
    )
)
"""Accounts that people opened in the demonstration themselves."""
_NAMES = Statement(select(*SignInNameRow.__table__.c))  # type: ignore[attr-defined]
_PATIENTS = Statement(select(PatientRow.__table__.c.patient_id))  # type: ignore[attr-defined]


class DemoRefused(ValueError):
    """The demonstration's help can't be given here."""


def require_loopback(host: str) -> None:
    """Check that nobody but this machine can reach the help.

    Raises:
        DemoRefused: others could.
    """
    if host not in ("127.0.0.1", "::1", "localhost"):
        raise DemoRefused("the demo shows its people's passwords, so it is served on loopback only")


async def is_empty(app: App) -> bool:
    """Return whether nobody at all is in the database."""
    async with app.store.snapshot() as snapshot:
        return not await snapshot.all(_ACCOUNTS) and not await snapshot.all(_PATIENTS)


async def require_only_demo_people(app: App) -> None:
    """Check that every account is the demo's or was registered in it, and every record is of one of these people.

    Raises:
        DemoRefused: somebody else is there, or the demo's own people aren't all there.
    """
    async with app.store.snapshot() as snapshot:
        ours = {await accounts.name_hash(snapshot, persona.login) for persona in PERSONAS}
        names = {row.name_hash: row.account_id for row in await snapshot.all(_NAMES)}
        everybody = {row.id: row.patient_id for row in await snapshot.all(_ACCOUNTS)}
        registered = {row.account_id for row in await snapshot.all(_REGISTERED)}
        records = {row.patient_id for row in await snapshot.all(_PATIENTS)}
        known = await _records_of_demo(snapshot)
    expected = registered | {account_id for name, account_id in names.items() if name in ours}
    known |= {patient_id for account_id, patient_id in everybody.items() if account_id in registered}
    if set(everybody) - expected or set(names.values()) - expected or records - known:
        raise DemoRefused("this database holds other people than the demo's; the demo starts on one of its own only")
    if not ours <= set(names):
        raise DemoRefused("the demo's database was not filled to its end; delete it and start again")


async def _records_of_demo(snapshot: Snapshot) -> set[int]:
    found: set[int] = set()
    for patient in PATIENTS.values():
        found.update(await patients.by_identifier(snapshot, IdentifierSystem.SNILS, patient.snils))
    return found
