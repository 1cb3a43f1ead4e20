"""Queues of requests in numbers."""

import strawberry

from actions.queues import Summary
from domain.requests import RequestKind


@strawberry.type(description="Requests of one kind that wait.")
class KindCount:
    """A count."""

    kind: RequestKind = strawberry.field(description="What is asked for.")
    open: int = strawberry.field(description="How many are open.")
    overdue: int = strawberry.field(description="How many of these are overdue.")


@strawberry.type(description="Requests that one reviewer works on.")
class ReviewerCount:
    """A count."""

    name: str | None = strawberry.field(description="The reviewer; null: nobody has taken them.")
    open: int = strawberry.field(description="How many are open.")
    overdue: int = strawberry.field(description="How many of these are overdue.")


@strawberry.type(description="The queues where the viewer is a reviewer, in numbers, as they are now.")
class RequestQueueSummary:
    """Numbers."""

    open: int = strawberry.field(description="How many are open.")
    overdue: int = strawberry.field(description="How many are overdue.")
    of_day: int = strawberry.field(description="Open ones submitted within 24 hours.")
    of_week: int = strawberry.field(description="Open ones submitted within 7 days, but not within 24 hours.")
    older: int = strawberry.field(description="Open ones submitted before.")
    by_kind: list[KindCount] = strawberry.field(description="Open ones by kind; kinds without any are left out.")
    by_reviewer: list[ReviewerCount] = strawberry.field(description="Open ones by reviewer, the busiest first.")
    answered: int = strawberry.field(description="How many had a reviewer's first act within 30 days.")
    median_seconds: float | None = strawberry.field(description="Half of these waited for it no longer than this.")
    ninetieth_seconds: float | None = strawberry.field(description="Nine of ten waited no longer than this.")

    @classmethod
    def of(cls, told: Summary) -> "RequestQueueSummary":
        """Return the numbers as clients see them."""
        kinds = [KindCount(kind=RequestKind(c.name or ""), open=c.open, overdue=c.overdue) for c in told.by_kind]
        reviewers = [ReviewerCount(**count._asdict()) for count in told.by_reviewer]
        return cls(**{**told._asdict(), "by_kind": kinds, "by_reviewer": reviewers})
