"""Notifications: the person's list, choices and stream; support's ledger."""

import strawberry
from strawberry.types import Info

from actions import notifications
from actions.call import Call
from domain.codes import Channel
from domain.errors import InvalidInput
from domain.events import EventKind
from domain.notifications import AT_ONCE, LOCKED, DeliveryState, Settings, Topic
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.permissions.staff import CanSeeDeliveries
from gql.planning.sources import Connection, Where, desc, root_connection, watched
from gql.resolvers.mutations import mutation, shared_id
from gql.resolvers.queries import question
from gql.schema.notifications import (
    ChangeNotificationSettingsInput,
    Delivery,
    MarkNotificationsReadInput,
    NotificationArrived,
    NotificationChoice,
    NotificationSettings,
    NotificationsPayload,
    QuietHours,
    QuietHoursInput,
    UnreadOfTopic,
)
from persistence.notifications import DeliveryRow
from persistence.tree import Op


@strawberry.type
class NotificationQueries:
    """What is chosen, and how messages went."""

    deliveries: Connection[Delivery] | None = root_connection(
        "Messages to people as support sees them, the latest first: how they went, nothing of whom or what.",
        CanSeeDeliveries,
        order=[desc(DeliveryRow.id)],
        where={
            "state": Where(DeliveryRow.state, Op.EQ, DeliveryState, "Where they stand."),
            "channel": Where(DeliveryRow.channel, Op.EQ, Channel, "By which way."),
        },
    )

    @question("What the viewer has chosen about notifications, and how many are unread.", SignedIn)
    async def notification_settings(self, info: Info[Context, None]) -> NotificationSettings | None:
        """Return it."""
        return await _settings(info.context.call)


@strawberry.type
class NotificationMutations:
    """The person's verbs."""

    @mutation("Mark notifications read; their messages that haven't gone out yet no longer do.", SignedIn)
    async def mark_notifications_read(
        self, info: Info[Context, None], input: MarkNotificationsReadInput
    ) -> NotificationsPayload | None:
        """Mark."""
        ids = None if input.ids is None else [shared_id(one, "Notification", "ids") for one in input.ids]
        done = await notifications.mark_read(info.context.call.with_key(input.key), ids=ids)
        return NotificationsPayload(as_of=done.as_of, settings=await _settings(info.context.call))

    @mutation("Choose what comes by which way, when it is quiet, and when to be reminded of visits.", SignedIn)
    async def change_notification_settings(
        self, info: Info[Context, None], input: ChangeNotificationSettingsInput
    ) -> NotificationsPayload | None:
        """Choose."""
        done = await notifications.choose(
            info.context.call.with_key(input.key),
            choices=[(one.topic, one.channel, one.on) for one in input.choices],
            zone=input.zone,
            quiet=_minutes(input.quiet_hours),
            no_quiet=input.no_quiet_hours,
            reminders=input.reminders,
        )
        return NotificationsPayload(as_of=done.as_of, settings=await _settings(info.context.call))


@strawberry.type
class NotificationSubscriptions:
    """Notifications on screens."""

    notification_arrived: NotificationArrived = watched(
        "There is something new to read.", SignedIn, events={EventKind.NOTIFICATION_ARRIVED: NotificationArrived}
    )


async def _settings(call: Call) -> NotificationSettings:
    chosen, unread = await notifications.of_viewer(call)
    return NotificationSettings(
        zone=chosen.zone,
        quiet_hours=_hours(chosen),
        choices=[
            NotificationChoice(
                topic=topic,
                channel=channel,
                on=chosen.on(topic, channel),
                locked=(topic, channel) in LOCKED,
                heeds_quiet_hours=topic not in AT_ONCE,
            )
            for topic in Topic
            for channel in Channel
        ],
        reminders=list(chosen.reminders),
        unread=sum(unread.values()),
        unread_by_topic=[UnreadOfTopic(topic=Topic(topic), count=many) for topic, many in unread.items()],
    )


def _hours(chosen: Settings) -> QuietHours | None:
    if chosen.quiet_from is None or chosen.quiet_until is None:
        return None
    return QuietHours(begin=_clock(chosen.quiet_from), end=_clock(chosen.quiet_until))


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _minutes(hours: QuietHoursInput | None) -> tuple[int, int] | None:
    return None if hours is None else (_minute(hours.begin), _minute(hours.end))


def _minute(text: str) -> int:
    hour, colon, minute = text.partition(":")
    digits = hour.isascii() and minute.isascii() and hour.isdecimal() and minute.isdecimal()
    if not (colon and digits and len(minute) == 2 and int(hour[:3]) < 24 and int(minute) < 60):
        raise InvalidInput("quietHours")
    return int(hour) * 60 + int(minute)
