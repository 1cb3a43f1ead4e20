"""Partners' messages as a service operator sees them: nothing of their content."""

from datetime import datetime

import strawberry

from domain.messages import MessageReason, MessageState
from gql.planning.sources import column, computed, node, reference, to_one
from gql.schema.errors import UserError
from gql.schema.organizations import Organization
from gql.schema.payloads import Payload
from gql.schema.refs import message_ref
from gql.schema.scalars import AS_OF, key_field
from persistence.messages import InboundMessageRow


@node(InboundMessageRow, description="A message that a partner's system sent; nothing of its content.")
class InboundMessage:
    """A message."""

    id: strawberry.ID = computed(message_ref, "For applying it anew.", columns=[InboundMessageRow.id])
    organization: Organization | None = to_one(InboundMessageRow.organization_id, "Whose system sent it.")
    kind: str = column(InboundMessageRow.kind, "Type and event, such as ORU^R01.")
    state: MessageState = column(InboundMessageRow.state, "Where it stands.")
    reason: MessageReason | None = column(InboundMessageRow.reason, "Why it was not applied.")
    received_at: datetime = column(InboundMessageRow.received_at, "When it came.")
    settled_at: datetime | None = column(InboundMessageRow.settled_at, "When it was decided.")


@strawberry.input(description="Which message.")
class ReplayMessageInput:
    """A replay."""

    message_id: strawberry.ID = strawberry.field(description="The message.")
    key: str | None = key_field()


@strawberry.type(description="What came of it.")
class ReplayMessagePayload(Payload):
    """The message as it stands now, or why not."""

    message: InboundMessage | None = reference("The message.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)
