"""Feeds: opened and closed by their owner."""

from dataclasses import replace

import strawberry
from strawberry.types import Info

from actions import calendars
from gql.context import Context
from gql.permissions.session import SignedIn
from gql.resolvers.mutations import mutation, shared_id
from gql.schema.calendars import (
    CalendarFeedPayload,
    CreateCalendarFeedInput,
    NewCalendarFeedPayload,
    RevokeCalendarFeedInput,
)


@strawberry.type
class CalendarMutations:
    """The owner's verbs."""

    @mutation("Open a feed of the viewer's visits for a calendar program; its address is told this once.", SignedIn)
    async def create_calendar_feed(
        self, info: Info[Context, None], input: CreateCalendarFeedInput
    ) -> NewCalendarFeedPayload | None:
        """Open."""
        path, _ = await calendars.create(replace(info.context.call, key=None), detail=input.detail)
        return NewCalendarFeedPayload(path=path)

    @mutation("Close a feed: its address opens nothing from now on.", SignedIn)
    async def revoke_calendar_feed(
        self, info: Info[Context, None], input: RevokeCalendarFeedInput
    ) -> CalendarFeedPayload | None:
        """Close."""
        feed_id = shared_id(input.feed_id, "CalendarFeed", "feedId")
        done = await calendars.revoke(info.context.call.with_key(input.key), feed_id=feed_id)
        return CalendarFeedPayload(as_of=done.as_of).refer(feed=(done.id,))
