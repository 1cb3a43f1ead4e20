"""Recovery of access."""

from datetime import datetime

import strawberry

import gql.schema.enums  # noqa: F401 - the enums are made before the types that use them
from domain.recovery import RecoveryState
from gql.planning.sources import column, node, reference, sealed
from gql.schema.errors import UserError
from gql.schema.happenings import Happening
from gql.schema.scalars import key_field, unkept_key
from persistence.recovery import RecoveryBody, RecoveryRow


@node(RecoveryRow, RecoveryBody, description="A recovery of the account's access.")
class Recovery:
    """A recovery."""

    state: RecoveryState = column(RecoveryRow.state, "Where it stands.")
    begun_at: datetime = column(RecoveryRow.begun_at, "When it was asked for.")
    effective_at: datetime = column(RecoveryRow.effective_at, "When the new password counts, unless it is stopped.")
    ended_at: datetime | None = column(RecoveryRow.ended_at, "When it was stopped or done.")
    address: str = sealed("address", "From which network address it was asked for.")
    user_agent: str = sealed("user_agent", "By which program, in its own words.")


@strawberry.input(description="Whose access.")
class BeginRecoveryInput:
    """A login."""

    login: str = strawberry.field(description="Phone or e-mail.")
    key: str | None = unkept_key()


@strawberry.input(description="Two proofs of three, and the new password.")
class RecoverAccessInput:
    """Proofs."""

    ticket: str = strawberry.field(description="What `beginRecovery` answered.")
    phone_code: str | None = strawberry.field(default=None, description="The code that came to the phone.")
    email_code: str | None = strawberry.field(default=None, description="The code that came to the address.")
    recovery_code: str | None = strawberry.field(default=None, description="One of the codes kept for a bad day.")
    new_password: str = strawberry.field(description="8 to 256 characters, 15 advised.")
    key: str | None = unkept_key()


@strawberry.input(description="Nothing but a key.")
class StopRecoveryInput:
    """A stop."""

    key: str | None = key_field()


@strawberry.type(description="What came of it.")
class RecoverAccessPayload:
    """When it counts, or why not."""

    effective_at: datetime | None = strawberry.field(
        default=None, description="When the new password counts, unless somebody who is signed in stops it."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="A recovery of one's access was asked for, stopped or done.")
class RecoveryChanged(Happening):
    """An event."""

    recovery: Recovery | None = reference("The recovery as it is now.")
