"""Feeds of one's visits for calendar programs."""

from datetime import datetime

import strawberry

from domain.calendars import CalendarDetail
from gql.planning.sources import column, computed, node, reference
from gql.schema.enums import described
from gql.schema.errors import UserError
from gql.schema.payloads import Payload
from gql.schema.refs import feed_ref
from gql.schema.scalars import AS_OF, key_field, unkept_key
from persistence.calendars import CalendarFeedRow

described(
    CalendarDetail,
    "How much a calendar shows to whoever keeps it.",
    {
        CalendarDetail.TIME: "That there is something, and when.",
        CalendarDetail.PLACE: "That it is a visit, and at which clinic.",
        CalendarDetail.DOCTOR: "At which doctor's, too.",
    },
)


@node(CalendarFeedRow, description="A calendar of the viewer's visits, open to whoever has its address.")
class CalendarFeed:
    """A feed."""

    id: strawberry.ID = computed(feed_ref, "For closing it.", columns=[CalendarFeedRow.id])
    detail: CalendarDetail = column(CalendarFeedRow.detail, "How much it shows.")
    created_at: datetime = column(CalendarFeedRow.created_at, "When it was opened.")
    revoked_at: datetime | None = column(CalendarFeedRow.revoked_at, "When it was closed; null: its address opens it.")


@strawberry.input(description="A new feed.")
class CreateCalendarFeedInput:
    """A feed."""

    detail: CalendarDetail = strawberry.field(
        default=CalendarDetail.TIME, description="How much it shows to whoever keeps the calendar."
    )
    key: str | None = unkept_key()


@strawberry.input(description="Which feed.")
class RevokeCalendarFeedInput:
    """A feed."""

    feed_id: strawberry.ID = strawberry.field(description="The feed, as `viewer.calendarFeeds` names it.")
    key: str | None = key_field()


@strawberry.type(description="A new feed's address.")
class NewCalendarFeedPayload:
    """The address."""

    path: str | None = strawberry.field(
        default=None, description="The feed's path on this server: a secret, told this once."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of it.")
class CalendarFeedPayload(Payload):
    """The feed, or why not."""

    feed: CalendarFeed | None = reference("The feed.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)
