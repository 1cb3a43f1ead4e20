"""Accounts: who may sign in, how far they are known, and the roles they hold."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

FRESH: Final = timedelta(minutes=15)
"""How long a second factor that was shown counts for sensitive acts."""


class Role(StrEnum):
    """What an account does for an organization; patients need no role."""

    DOCTOR = "DOCTOR"
    REVIEWER = "REVIEWER"
    SUPPORT_AGENT = "SUPPORT_AGENT"
    ADMINISTRATOR = "ADMINISTRATOR"
    SECURITY_OFFICER = "SECURITY_OFFICER"
    SERVICE_OPERATOR = "SERVICE_OPERATOR"
    LABORATORY = "LABORATORY"
    INSURER = "INSURER"
    RECORD_SYSTEM = "RECORD_SYSTEM"


class IdentityLevel(StrEnum):
    """How well the person behind an account is known (ESIA's levels)."""

    SIMPLIFIED = "SIMPLIFIED"
    STANDARD = "STANDARD"
    CONFIRMED = "CONFIRMED"


class RoleGrant(msgspec.Struct, frozen=True):
    """A role held at one organization for a time."""

    role: Role
    organization_id: int
    since: datetime
    until: datetime | None = None

    def active(self, at: datetime) -> bool:
        """Return whether the role is held at that moment."""
        return self.since <= at and (self.until is None or at < self.until)


class Viewer(msgspec.Struct, frozen=True):
    """A signed-in person or partner system, as the store knows them at this moment."""

    account_id: int
    session_id: int
    level: IdentityLevel
    patient_id: int | None = None
    """The person's own record."""
    practitioner_id: int | None = None
    """Who they are in the clinics' directory, if they treat."""
    roles: tuple[RoleGrant, ...] = ()
    """Only those that are held now."""
    seen_at: datetime | None = None
    """When the person last acted, to the minute."""
    proved_at: datetime | None = None
    """When the person last showed a second factor in this session."""

    def proved(self, at: datetime) -> bool:
        """Return whether a second factor was shown so lately that a sensitive act needs none again."""
        return self.proved_at is not None and at - self.proved_at <= FRESH

    def organizations(self, role: Role) -> tuple[int, ...]:
        """Return the organizations where the viewer holds the role now."""
        return tuple(grant.organization_id for grant in self.roles if grant.role is role)

    def holds(self, role: Role, organization_id: int | None = None) -> bool:
        """Return whether the role is held, at that organization if one is named."""
        places = self.organizations(role)
        return bool(places) if organization_id is None else organization_id in places


class SignInMethod(StrEnum):
    """What opened a session."""

    PASSWORD_AND_APP = "PASSWORD_AND_APP"  # noqa: S105 - no password
    PASSWORD_AND_CODE = "PASSWORD_AND_CODE"  # noqa: S105
    PASSWORD_AND_RECOVERY = "PASSWORD_AND_RECOVERY"  # noqa: S105
    PASSKEY = "PASSKEY"
    NATIONAL_IDENTITY = "NATIONAL_IDENTITY"
    REGISTRATION = "REGISTRATION"
    COMMAND = "COMMAND"
