"""Insurance policies: kinds and states."""

from datetime import date
from enum import StrEnum


class PolicyKind(StrEnum):
    """Who pays: compulsory insurance, voluntary insurance."""

    OMS = "OMS"
    DMS = "DMS"


class PolicyStatus(StrEnum):
    """Whether a policy counts."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    EXPIRED = "EXPIRED"
    INVALID = "INVALID"


def status_on(stored: PolicyStatus, starts_on: date | None, ends_on: date | None, day: date) -> PolicyStatus:
    """Return the status of a policy on a day; the day of the end itself still counts."""
    if stored is not PolicyStatus.ACTIVE:
        return stored
    if starts_on is not None and day < starts_on:
        return PolicyStatus.PENDING
    return PolicyStatus.EXPIRED if ends_on is not None and ends_on < day else PolicyStatus.ACTIVE
