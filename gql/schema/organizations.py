"""Organizations."""

import strawberry

from gql.planning.sources import Node, column, identity, node
from persistence.organizations import OrganizationRow


@node(OrganizationRow, description="A clinic, a laboratory or an insurer.")
class Organization(Node):
    """An organization."""

    id: strawberry.ID = identity()
    name: str = column(OrganizationRow.name, "As its sign says.")
    city: str | None = column(OrganizationRow.city, "The city.")
    address: str | None = column(OrganizationRow.address, "Street and house.")
    phone: str | None = column(OrganizationRow.phone, "Its desk.")
