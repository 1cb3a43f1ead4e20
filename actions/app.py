"""What every action works with, wired once by the server."""

from dataclasses import dataclass

from persistence.audit import AuditLog
from persistence.store import Store
from security.limits import Attempts
from security.passwords import Passwords


@dataclass(frozen=True, slots=True)
class App:
    """The product without its doors."""

    store: Store
    audit: AuditLog
    passwords: Passwords
    attempts: Attempts
