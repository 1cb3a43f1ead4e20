"""The signed-in person, and the session."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import gql.schema.enums  # noqa: F401 - the enums are made before the types that use them
from domain.access import RelationKind
from domain.accounts import IdentityLevel, Role, SignInMethod
from domain.codes import Channel
from domain.notifications import Topic
from gql.permissions.session import SignedIn
from gql.permissions.staff import CanSeePatients
from gql.planning.sources import (
    Connection,
    Where,
    column,
    computed,
    connection,
    desc,
    node,
    reference,
    sealed,
    to_many,
    to_one,
)
from gql.schema.calendars import CalendarFeed
from gql.schema.errors import UserError
from gql.schema.notifications import Notification
from gql.schema.organizations import Organization
from gql.schema.payloads import Payload
from gql.schema.refs import account_ref, passkey_ref, session_ref
from gql.schema.scalars import AS_OF, key_field
from persistence.access import RelationRow
from persistence.accounts import AccountBody, AccountRow, RoleGrantRow, SignInBody, SignInRow
from persistence.appointments import PractitionerAppointmentRow
from persistence.calendars import CalendarFeedRow
from persistence.notifications import NotificationRow
from persistence.passkeys import PasskeyBody, PasskeyRow
from persistence.recovery import RecoveryRow
from persistence.sessions import SessionRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.appointments import Appointment
    from gql.schema.patients import Patient
    from gql.schema.practitioners import Practitioner
    from gql.schema.recovery import Recovery
    from gql.schema.registration import Registration


@node(RoleGrantRow, description="A role held at an organization for a time.")
class RoleGrant:
    """A role."""

    role: Role = column(RoleGrantRow.role, "The role.")
    organization: Organization | None = to_one(RoleGrantRow.organization_id, "Where it is held.")
    since: datetime = column(RoleGrantRow.since, "From when.")
    until: datetime | None = column(RoleGrantRow.until, "Until when; open if null.")


@node(SessionRow, description="One sign-in of the viewer, open or over.")
class Session:
    """A session."""

    id: strawberry.ID = computed(session_ref, "For ending it.", columns=[SessionRow.id])
    started_at: datetime = column(SessionRow.created_at, "When the person signed in.")
    seen_at: datetime = column(SessionRow.seen_at, "When the person last acted in it, to the minute.")
    expires_at: datetime = column(
        SessionRow.expires_at, "When it ends at the latest; after 15 idle minutes before that."
    )
    ended_at: datetime | None = column(SessionRow.ended_at, "When it was ended by somebody; null if nobody did.")
    proved_at: datetime | None = column(
        SessionRow.proved_at, "When a second factor was last shown in it; sensitive acts are open 15 minutes long."
    )


@node(SignInRow, SignInBody, description="One sign-in, done or refused.")
class SignIn:
    """A sign-in."""

    at: datetime = column(SignInRow.at, "When.")
    method: SignInMethod | None = column(SignInRow.method, "What opened the session; null if it was refused.")
    refused: str | None = column(SignInRow.refused, "Why it was refused: a stable code; null if it opened a session.")
    address: str = sealed("address", "From which network address.")
    user_agent: str = sealed("user_agent", "The program, in its own words.")


@node(PasskeyRow, PasskeyBody, description="A passkey: a key in a phone or a computer that signs its owner in.")
class Passkey:
    """A passkey."""

    id: strawberry.ID = computed(passkey_ref, "For removing it.", columns=[PasskeyRow.id])
    name: str = sealed("name", "What its owner calls it.")
    created_at: datetime = column(PasskeyRow.created_at, "When it was added.")
    used_at: datetime | None = column(PasskeyRow.used_at, "When it last signed in.")
    backed_up: bool = column(PasskeyRow.backed_up, "Whether its keeper has copies: a lost phone isn't a lost passkey.")


@node(AccountRow, AccountBody, description="Whoever is signed in.")
class Viewer:
    """The viewer."""

    account_id: strawberry.ID | None = computed(
        account_ref, "For the administrator of an organization who is to give one a role.", columns=[AccountRow.id]
    )
    name: str = sealed("name", "What the account is called.")
    level: IdentityLevel = column(AccountRow.level, "How well the person is known.")
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        AccountRow.patient_id, "The person's own record."
    )
    practitioner: Annotated["Practitioner", strawberry.lazy("gql.schema.practitioners")] | None = to_one(
        AccountRow.practitioner_id, "Who the person is in the clinics' directory."
    )
    phone: str | None = sealed("phone", "To where codes go by text; a sign-in name.")
    email: str | None = sealed("email", "To where codes go by letter; a sign-in name.")
    has_authenticator: bool = computed(
        bool, "Whether an authenticator application is set up; codes are sent otherwise.", attributes=["totp_secret"]
    )
    recovery_codes_left: int = computed(
        len, "How many codes for a bad day are left of ten.", attributes=["recovery_hashes"]
    )
    sign_ins: Connection[SignIn] | None = connection(
        SignInRow.account_id,
        "The viewer's own sign-ins, done and refused, the latest first.",
        SignedIn,
        order=[desc(SignInRow.id)],
    )
    passkeys: list[Passkey] = to_many(PasskeyRow.account_id, "Passkeys.", order=[PasskeyRow.id])
    recoveries: Connection[Annotated["Recovery", strawberry.lazy("gql.schema.recovery")]] | None = connection(
        RecoveryRow.account_id, "Recoveries of access, the latest first.", SignedIn, order=[desc(RecoveryRow.id)]
    )
    registration: Annotated["Registration", strawberry.lazy("gql.schema.registration")] | None = to_one(
        AccountRow.id, "The way to a confirmed identity; null where there was none."
    )
    roles: list[RoleGrant] = to_many(RoleGrantRow.account_id, "Roles at organizations.", order=[RoleGrantRow.id])
    calendar_feeds: Connection[CalendarFeed] | None = connection(
        CalendarFeedRow.account_id,
        "Feeds of the viewer's visits for calendar programs, open and closed, the latest first.",
        SignedIn,
        order=[desc(CalendarFeedRow.id)],
    )
    notifications: Connection[Notification] | None = connection(
        NotificationRow.account_id,
        "What there is to read, the latest first; `notificationArrived` tells of new ones.",
        SignedIn,
        order=[desc(NotificationRow.id)],
        where={"topic": Where(NotificationRow.topic, Op.EQ, Topic, "What they are about.")},
    )
    sessions: Connection[Session] | None = connection(
        SessionRow.account_id, "The viewer's own sign-ins, the latest first.", SignedIn, order=[desc(SessionRow.id)]
    )
    represented: Connection[Annotated["Patient", strawberry.lazy("gql.schema.patients")]] | None = connection(
        RelationRow.account_id,
        "People for whom the viewer may act.",
        SignedIn,
        order=[RelationRow.patient_id, RelationRow.id],
        fixed=[(RelationRow.kind, Op.EQ, RelationKind.REPRESENTS.value), (RelationRow.until, Op.IS_NULL, None)],
        through=RelationRow,
        of=AccountRow.id,
    )
    patients: Connection[Annotated["Patient", strawberry.lazy("gql.schema.patients")]] | None = connection(
        RelationRow.practitioner_id,
        "A doctor's patients.",
        CanSeePatients,
        order=[RelationRow.patient_id, RelationRow.id],
        fixed=[(RelationRow.kind, Op.EQ, RelationKind.TREATS.value), (RelationRow.until, Op.IS_NULL, None)],
        through=RelationRow,
        of=AccountRow.practitioner_id,
    )
    schedule: Connection[Annotated["Appointment", strawberry.lazy("gql.schema.appointments")]] | None = connection(
        PractitionerAppointmentRow.practitioner_id,
        "A doctor's visits, in time order.",
        CanSeePatients,
        order=[PractitionerAppointmentRow.starts_at, PractitionerAppointmentRow.id],
        through=PractitionerAppointmentRow,
        of=AccountRow.practitioner_id,
    )


@strawberry.input(description="Both factors.")
class SignInInput:
    """Sign-in."""

    login: str = strawberry.field(description="Phone or e-mail.")
    password: str = strawberry.field(description="The password.")
    code: str = strawberry.field(
        description="The authenticator's six digits, a code that was sent, or a recovery code; each works once."
    )
    ticket: str | None = strawberry.field(default=None, description="Of a code that was sent: what that answered.")
    channel: Channel = strawberry.field(default=Channel.SMS, description="Of a code that was sent: by which way.")
    key: str | None = key_field()


@strawberry.type(description="What came of signing in.")
class SignInPayload:
    """A new session, or why not."""

    token: str | None = strawberry.field(
        default=None, description="Send it as `Authorization: Bearer`; it is shown this once."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="When the session ends at the latest.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of signing out.")
class SignOutPayload:
    """The session is over."""

    done: bool = strawberry.field(default=False, description="Whether this call ended it.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.input(description="Which session.")
class EndSessionInput:
    """A session of the viewer's own."""

    session_id: strawberry.ID = strawberry.field(description="The session, as `viewer.sessions` names it.")
    key: str | None = key_field()


@strawberry.type(description="What came of it.")
class SessionPayload(Payload):
    """The session, or why not."""

    session: Session | None = reference("The session that ended, or of the others' end the one that is left.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
    as_of: str | None = strawberry.field(default=None, description=AS_OF)
