"""Notifications, how their messages went, and what people choose."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import gql.schema.enums  # noqa: F401 - the enums are made before the types that use them
from domain.codes import Channel
from domain.events import EventKind
from domain.notifications import DeliveryState, Topic, words
from gql.planning.ids import NodeId
from gql.planning.sources import column, computed, node, reference, to_many, to_one
from gql.schema.errors import UserError
from gql.schema.happenings import Happening
from gql.schema.refs import account_ref, notification_ref
from gql.schema.scalars import AS_OF, key_field
from persistence.notifications import DeliveryAttemptRow, DeliveryRow, NotificationRow

if TYPE_CHECKING:
    from gql.schema.patients import Patient

_SUBJECTS = {
    EventKind.APPOINTMENT_CHANGED: "Appointment",
    EventKind.RESULT_ARRIVED: "DiagnosticReport",
    EventKind.REQUEST_STATUS_CHANGED: "PatientRequest",
    EventKind.POLICY_STATUS_CHANGED: "InsurancePolicy",
}
"""What the subject of an event is to `node`."""


def subject(kind: str, patient_id: int | None, number: int) -> str | None:
    """Return the global id of what a notification is about."""
    typename = _SUBJECTS.get(EventKind(kind))
    return None if typename is None or patient_id is None else NodeId(typename, (patient_id, number)).text()


def russian(topic: str) -> str:
    """Return the words that went out."""
    return words(Topic(topic), "ru")


def english(topic: str) -> str:
    """Return the same in English."""
    return words(Topic(topic), "en")


@node(DeliveryAttemptRow, description="One try to hand a message to a carrier.")
class DeliveryAttempt:
    """A try."""

    at: datetime = column(DeliveryAttemptRow.at, "When.")
    receipt: str | None = column(DeliveryAttemptRow.receipt, "What the carrier knows the message by; null: it failed.")
    error: str | None = column(DeliveryAttemptRow.error, "The class of the failure.")


@node(DeliveryRow, description="A message of a notification by one way; nothing of its words.")
class Delivery:
    """A message."""

    channel: Channel = column(DeliveryRow.channel, "By which way.")
    state: DeliveryState = column(DeliveryRow.state, "Where it stands.")
    due_at: datetime = column(DeliveryRow.due_at, "Not before: quiet hours put it off.")
    sent_at: datetime | None = column(DeliveryRow.sent_at, "When a carrier took it.")
    receipt: str | None = column(DeliveryRow.receipt, "What the carrier knows it by.")
    skipped: str | None = column(
        DeliveryRow.skipped, "Why it didn't go out: READ, LATE, NO_ADDRESS or NO_CARRIER; null otherwise."
    )
    attempts: list[DeliveryAttempt] = to_many(
        DeliveryAttemptRow.delivery_id, "Every try.", order=[DeliveryAttemptRow.id]
    )
    account_id: strawberry.ID = computed(account_ref, "Whose it is.", columns=[DeliveryRow.account_id])


@node(NotificationRow, description="Something that there is to read.")
class Notification:
    """A notification."""

    id: strawberry.ID = computed(notification_ref, "For marking it read.", columns=[NotificationRow.id])
    topic: Topic = column(NotificationRow.topic, "What it is about.")
    kind: EventKind = column(NotificationRow.kind, "Which kind of event it tells of.")
    subject_id: strawberry.ID | None = computed(
        subject,
        "The global id of what it is about, for `node`; null where that has none.",
        columns=[NotificationRow.kind, NotificationRow.patient_id, NotificationRow.subject_id],
    )
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        NotificationRow.patient_id, "Whom it is about."
    )
    at: datetime = column(NotificationRow.at, "When that happened.")
    read_at: datetime | None = column(NotificationRow.read_at, "When it was read; null: not yet.")
    words: str = computed(russian, "What a message about it says.", columns=[NotificationRow.topic])
    words_english: str = computed(english, "The same in English.", columns=[NotificationRow.topic])
    deliveries: list[Delivery] = to_many(
        DeliveryRow.notification_id, "Its messages, way by way.", order=[DeliveryRow.id]
    )


@strawberry.type(description="How many are unread of a topic.")
class UnreadOfTopic:
    """A count."""

    topic: Topic = strawberry.field(description="The topic.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="Whether a topic goes by a way.")
class NotificationChoice:
    """A choice."""

    topic: Topic = strawberry.field(description="The topic.")
    channel: Channel = strawberry.field(description="The way.")
    on: bool = strawberry.field(description="Whether it goes by it.")
    locked: bool = strawberry.field(description="Whether it can't be switched off: the account's security.")
    heeds_quiet_hours: bool = strawberry.field(description="Whether it waits for the end of quiet hours.")


@strawberry.type(description="From when until when nothing goes out, by the clock of the person's zone.")
class QuietHours:
    """Quiet hours."""

    begin: str = strawberry.field(description="Such as 22:00.")
    end: str = strawberry.field(description="Such as 08:00; before `begin`, it is the next day's.")


@strawberry.type(description="What the viewer has chosen.")
class NotificationSettings:
    """Settings."""

    zone: str = strawberry.field(description="The person's time zone (IANA).")
    quiet_hours: QuietHours | None = strawberry.field(description="Null: there are none.")
    choices: list[NotificationChoice] = strawberry.field(description="Every topic by every way.")
    reminders: list[int] = strawberry.field(description="How many minutes before a visit to remind of it.")
    unread: int = strawberry.field(description="How many notifications are unread.")
    unread_by_topic: list[UnreadOfTopic] = strawberry.field(description="The same by topic; none where nothing is.")


@strawberry.input(description="Which were read.")
class MarkNotificationsReadInput:
    """Notifications."""

    ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="These, up to 1,000; without it, all that there are now."
    )
    key: str | None = key_field()


@strawberry.input(description="Whether a topic is to go by a way.")
class NotificationChoiceInput:
    """A choice."""

    topic: Topic = strawberry.field(description="The topic.")
    channel: Channel = strawberry.field(description="The way.")
    on: bool = strawberry.field(description="Whether it goes by it; security by e-mail can't be switched off.")


@strawberry.input(description="Quiet hours.")
class QuietHoursInput:
    """Quiet hours."""

    begin: str = strawberry.field(description="Such as 22:00.")
    end: str = strawberry.field(description="Such as 08:00.")


@strawberry.input(description="What is to change; the rest stays.")
class ChangeNotificationSettingsInput:
    """A change."""

    choices: list[NotificationChoiceInput] = strawberry.field(default_factory=list, description="What goes by what.")
    zone: str | None = strawberry.field(default=None, description="The person's time zone (IANA), Europe/Moscow first.")
    quiet_hours: QuietHoursInput | None = strawberry.field(default=None, description="When nothing goes out.")
    no_quiet_hours: bool = strawberry.field(default=False, description="No quiet hours any more.")
    reminders: list[int] | None = strawberry.field(
        default=None, description="Minutes before a visit, up to five, each up to 14 days; none: no reminders."
    )
    key: str | None = key_field()


@strawberry.type(description="What came of it.")
class NotificationsPayload:
    """The settings and counts as they are now, or why not."""

    settings: NotificationSettings | None = strawberry.field(default=None, description="As they are now.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)


@strawberry.type(description="There is something new to read.")
class NotificationArrived(Happening):
    """An event."""

    notification: Notification | None = reference("The notification.")
