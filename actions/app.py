"""What every action works with, wired once by the server."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from actions.population import Registry
from actions.sending import Nobody, Sender
from domain.accounts import Viewer
from domain.messages import Received
from persistence.audit import AuditLog
from persistence.store import Store
from security.leaked import Leaked
from security.limits import Attempts
from security.passkeys import Site
from security.passwords import Passwords
from security.scans import Looker

if TYPE_CHECKING:
    from actions.identity import IdentityProvider

REMEMBERED: Final = 50_000


class Patients:
    """Whose record each token opened last: under whose key to look up before the session is read; never a right."""

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, int] = OrderedDict()

    def get(self, token_hash: bytes | None) -> int | None:
        """Return the patient, if known."""
        return self._found.get(token_hash) if token_hash else None

    def differs(self, token_hash: bytes | None, viewer: Viewer | None) -> bool:
        """Remember the patient that a session opens; return whether another was expected."""
        if token_hash is None:
            return False
        expected = self._found.pop(token_hash, None)
        patient_id = viewer.patient_id if viewer else None
        if patient_id is not None:
            self._found[token_hash] = patient_id
        if len(self._found) > REMEMBERED:
            self._found.popitem(last=False)
        return expected is not None and expected != patient_id


@dataclass(frozen=True, slots=True)
class App:
    """The product without its doors."""

    store: Store
    audit: AuditLog
    passwords: Passwords
    attempts: Attempts
    patients: Patients = field(default_factory=Patients)
    understands: dict[str, Callable[[bytes], Received]] = field(default_factory=dict)
    """How the doors of other systems understand a stored message, by format."""
    sender: Sender = field(default_factory=Nobody)
    """By what codes leave the house."""
    population: Registry | None = None
    """The population registry; without one a person's eyes decide."""
    looker: Looker = field(default_factory=Looker)
    site: Site = field(default_factory=lambda: Site("http://localhost:8000"))
    """Where people's browsers find the service."""
    identity: "IdentityProvider | None" = None
    """The national identity service."""
    leaked: Leaked = field(default_factory=Leaked)
    public_url: str = ""
    """Where people open the account: the link in a message."""
    log_name: str = "medkabinet/audit"
    """What signed checkpoints call this log."""
