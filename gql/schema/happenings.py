"""What every event of a stream has in common."""

from datetime import datetime

import strawberry

from domain.events import EventKind
from gql.schema.payloads import Payload
from gql.schema.scalars import CURSOR


@strawberry.interface(description="Something that happened.")
class Happening(Payload):
    """An event."""

    kind: EventKind = strawberry.field(description="What kind of event it is.")
    subject_id: strawberry.ID | None = strawberry.field(
        default=None, description="The global id of what it is about; null where that has none."
    )
    cursor: str = strawberry.field(description=CURSOR)
    at: datetime = strawberry.field(description="When it happened.")
