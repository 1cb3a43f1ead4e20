"""The signed-in person, and the session."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import gql.schema.enums  # noqa: F401 - the enums are made before the types that use them
from domain.access import RelationKind
from domain.accounts import IdentityLevel, Role
from gql.permissions.session import SignedIn
from gql.permissions.staff import CanSeePatients
from gql.planning.sources import Connection, column, connection, node, sealed, to_many, to_one
from gql.schema.errors import UserError
from gql.schema.organizations import Organization
from gql.schema.scalars import key_field
from persistence.access import RelationRow
from persistence.accounts import AccountBody, AccountRow, RoleGrantRow
from persistence.appointments import PractitionerAppointmentRow
from persistence.tree import Op

if TYPE_CHECKING:
    from gql.schema.appointments import Appointment
    from gql.schema.patients import Patient
    from gql.schema.practitioners import Practitioner


@node(RoleGrantRow, description="A role held at an organization for a time.")
class RoleGrant:
    """A role."""

    role: Role = column(RoleGrantRow.role, "The role.")
    organization: Organization | None = to_one(RoleGrantRow.organization_id, "Where it is held.")
    since: datetime = column(RoleGrantRow.since, "From when.")
    until: datetime | None = column(RoleGrantRow.until, "Until when; open if null.")


@node(AccountRow, AccountBody, description="Whoever is signed in.")
class Viewer:
    """The viewer."""

    name: str = sealed("name", "What the account is called.")
    level: IdentityLevel = column(AccountRow.level, "How well the person is known.")
    patient: Annotated["Patient", strawberry.lazy("gql.schema.patients")] | None = to_one(
        AccountRow.patient_id, "The person's own record."
    )
    practitioner: Annotated["Practitioner", strawberry.lazy("gql.schema.practitioners")] | None = to_one(
        AccountRow.practitioner_id, "Who the person is in the clinics' directory."
    )
    roles: list[RoleGrant] = to_many(RoleGrantRow.account_id, "Roles at organizations.", order=[RoleGrantRow.id])
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
    code: str = strawberry.field(description="The one-time code: six digits, works once.")
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
