"""What people are told of, by which ways, when, and in what words; never what it says.

A new kind of event becomes a notification by one line of `TOPIC`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from domain.access import Permission, Rights
from domain.codes import Channel
from domain.events import GATE, Event, EventKind


class Topic(StrEnum):
    """What a notification is about, as people choose it."""

    APPOINTMENTS = "APPOINTMENTS"
    REMINDERS = "REMINDERS"
    RESULTS = "RESULTS"
    REQUESTS = "REQUESTS"
    POLICIES = "POLICIES"
    CONSENTS = "CONSENTS"
    APPEALS = "APPEALS"
    SECURITY = "SECURITY"


class DeliveryState(StrEnum):
    """Where a message on its way stands."""

    WAITING = "WAITING"
    SENT = "SENT"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class Skipped(StrEnum):
    """Why a message did not go out."""

    READ = "READ"
    LATE = "LATE"
    NO_ADDRESS = "NO_ADDRESS"
    NO_CARRIER = "NO_CARRIER"


TOPIC: Final[Mapping[EventKind, Topic]] = {
    EventKind.APPOINTMENT_CHANGED: Topic.APPOINTMENTS,
    EventKind.RESULT_ARRIVED: Topic.RESULTS,
    EventKind.REQUEST_STATUS_CHANGED: Topic.REQUESTS,
    EventKind.POLICY_STATUS_CHANGED: Topic.POLICIES,
    EventKind.CONSENT_CHANGED: Topic.CONSENTS,
    EventKind.APPEAL_CHANGED: Topic.APPEALS,
    EventKind.SIGNED_IN: Topic.SECURITY,
    EventKind.CREDENTIALS_CHANGED: Topic.SECURITY,
    EventKind.ROLE_CHANGED: Topic.SECURITY,
}
"""Which events people are told of, and as what."""
_ASKS: Final[Mapping[EventKind, Permission]] = {**GATE, EventKind.APPEAL_CHANGED: Permission.APPEAL}
LOCKED: Final = frozenset({(Topic.SECURITY, Channel.EMAIL)})
"""What can't be switched off: whoever takes an account over would begin with it."""
AT_ONCE: Final = frozenset({Topic.SECURITY})
"""What waits for no quiet hours' end."""
BY_DEFAULT: Final = frozenset((topic, Channel.EMAIL) for topic in Topic) | {(Topic.REMINDERS, Channel.SMS)}
ZONE: Final = "Europe/Moscow"
MOST_REMINDERS: Final = 5
EARLIEST: Final = 14 * 24 * 60
DAY: Final = 24 * 60


class Settings(msgspec.Struct, frozen=True):
    """What a person has chosen."""

    zone: str = ZONE
    quiet_from: int | None = None
    """Minutes after midnight in the person's zone; None: no quiet hours."""
    quiet_until: int | None = None
    chosen: Mapping[str, bool] = {}
    """By `TOPIC/CHANNEL`, where it differs from the default."""
    reminders: tuple[int, ...] = (DAY, 120)
    """Minutes before a visit."""

    def on(self, topic: Topic, channel: Channel) -> bool:
        """Return whether a topic goes by a channel."""
        if (topic, channel) in LOCKED:
            return True
        return self.chosen.get(f"{topic}/{channel}", (topic, channel) in BY_DEFAULT)

    def not_before(self, topic: Topic, now: datetime) -> datetime:
        """Return when a message may go out: now, or at the end of the quiet hours that it is in."""
        if topic in AT_ONCE or self.quiet_from is None or self.quiet_until is None:
            return now
        local = now.astimezone(ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        start, end = self.quiet_from, self.quiet_until
        quiet = start <= minute < end if start <= end else minute >= start or minute < end
        if not quiet:
            return now
        day = local.date() + timedelta(days=minute >= end)
        return datetime(day.year, day.month, day.day, end // 60, end % 60, tzinfo=local.tzinfo).astimezone(now.tzinfo)


def may_be_told(rights: Rights, event: Event) -> bool:
    """Return whether somebody may learn of an event: the one decision, asked when the event is handed on."""
    gate = _ASKS.get(event.kind)
    if gate is None:
        return rights.viewer is not None and rights.viewer.account_id == event.account_id
    return event.patient_id is not None and rights.decide(gate, event.patient_id, event.organization_id).allowed


TEXTS: Final[Mapping[Topic | None, tuple[str, str]]] = {
    None: ("в кабинете есть новое сообщение.", "there is something new to read in your account."),
    Topic.REMINDERS: ("в кабинете есть напоминание.", "there is a reminder in your account."),
    Topic.SECURITY: (
        "в учётную запись вошли или изменили её данные. Если это не вы, восстановите доступ.",
        "your account was signed in to or changed. If that wasn't you, recover your access.",
    ),
}
"""Words by topic, Russian and English: that there is something to read, and nothing of what (a mail is a postcard)."""


def words(topic: Topic, language: str, link: str = "") -> str:
    """Return what goes out."""
    russian, english = TEXTS.get(topic, TEXTS[None])
    text = f"Medkabinet: {english}" if language == "en" else f"Медкабинет: {russian}"
    return f"{text} {link}" if link else text
