"""The clinics' directory."""

import strawberry

from gql.permissions.session import SignedIn
from gql.planning.sources import Connection, Where, root_connection
from gql.schema.organizations import Organization
from gql.schema.practitioners import Practitioner, Specialty
from persistence.organizations import OrganizationRow
from persistence.practitioners import PractitionerRow, SpecialtyRow
from persistence.tree import Op


@strawberry.type
class DirectoryQueries:
    """Doctors, their specialties and clinics."""

    practitioners: Connection[Practitioner] | None = root_connection(
        "Doctors, by name.", SignedIn, order=[PractitionerRow.name, PractitionerRow.id]
    )
    specialties: Connection[Specialty] | None = root_connection(
        "Specialties, by their Russian title.", SignedIn, order=[SpecialtyRow.title, SpecialtyRow.id]
    )
    organizations: Connection[Organization] | None = root_connection(
        "Clinics, laboratories and insurers, by name.",
        SignedIn,
        order=[OrganizationRow.name, OrganizationRow.id],
        where={"kind": Where(OrganizationRow.kind, Op.EQ, str, "CLINIC, LABORATORY or INSURER.")},
    )
