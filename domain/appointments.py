"""Appointments and slots: their states and legal moves."""

from collections.abc import Mapping
from enum import StrEnum


class SlotState(StrEnum):
    """Whether a doctor's time can be booked."""

    FREE = "FREE"
    TAKEN = "TAKEN"


class AppointmentStatus(StrEnum):
    """Where a visit stands."""

    BOOKED = "BOOKED"
    CHECKED_IN = "CHECKED_IN"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    NO_SHOW = "NO_SHOW"


class ServiceType(StrEnum):
    """What a visit is for."""

    CONSULTATION = "CONSULTATION"
    FOLLOW_UP = "FOLLOW_UP"
    PREVENTIVE = "PREVENTIVE"
    DIAGNOSTIC = "DIAGNOSTIC"


NEXT: Mapping[AppointmentStatus, frozenset[AppointmentStatus]] = {
    AppointmentStatus.BOOKED: frozenset(
        {AppointmentStatus.CHECKED_IN, AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW}
    ),
    AppointmentStatus.CHECKED_IN: frozenset({AppointmentStatus.COMPLETED}),
}
