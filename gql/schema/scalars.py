"""Scalars and small shared inputs."""

from typing import Any

import strawberry

KEY = "The client's own key of this act: the same key with the same input has the same outcome, however often sent."
AS_OF = "Where the event log stood when this was read: subscribe `after` it, and nothing is missed or repeated."
CURSOR = "Where this event stands in the log: pass the last one as `after` when you come back."


def key_field() -> Any:
    """Declare a mutation's idempotency key."""
    return strawberry.field(default=None, description=KEY)
