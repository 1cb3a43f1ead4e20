"""Service operators' verbs: what partners sent and was not applied, seen and applied anew, never read."""

import strawberry
from strawberry.types import Info

from actions import messages
from domain.messages import MessageState
from gql.context import Context
from gql.permissions.staff import CanHandleMessages
from gql.planning.sources import Connection, Where, desc, root_connection
from gql.resolvers.mutations import mutation, shared_id
from gql.schema.messages import InboundMessage, ReplayMessageInput, ReplayMessagePayload
from persistence.messages import InboundMessageRow
from persistence.tree import Op


@strawberry.type
class MessageQueries:
    """The quarantine."""

    inbound_messages: Connection[InboundMessage] | None = root_connection(
        "Messages of partners' systems, the latest first; reading the list is recorded.",
        CanHandleMessages,
        order=[desc(InboundMessageRow.id)],
        where={"state": Where(InboundMessageRow.state, Op.EQ, MessageState, "Where it stands.")},
    )


@strawberry.type
class MessageMutations:
    """The operator's hand."""

    @mutation("Apply a message anew that was not applied: the person may be registered by now.", CanHandleMessages)
    async def replay_message(self, info: Info[Context, None], input: ReplayMessageInput) -> ReplayMessagePayload | None:
        """Apply."""
        call = info.context.call.with_key(input.key)
        message_id = shared_id(input.message_id, "InboundMessage", "messageId")
        seen = await messages.replay(call, message_id, call.app.understands["hl7"])
        return ReplayMessagePayload().refer(message=(seen.id,))
