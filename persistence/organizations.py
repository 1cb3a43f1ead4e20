"""Organizations: clinics, laboratories, insurers. Public facts, in the clear."""

from sqlalchemy import LargeBinary, String, bindparam, select
from sqlmodel import Field

from persistence.columns import Shared
from persistence.statements import Record, Statement
from persistence.store import Snapshot


class OrganizationRow(Shared, table=True):
    """An organization as its own sign names it."""

    __tablename__ = "organization"

    kind: str = Field(sa_type=String(16), nullable=False)
    name: str = Field(sa_type=String(300), nullable=False)
    city: str | None = Field(default=None, sa_type=String(100))
    address: str | None = Field(default=None, sa_type=String(300))
    phone: str | None = Field(default=None, sa_type=String(32))
    source_hash: bytes | None = Field(default=None, sa_type=LargeBinary, unique=True)
    """Which (system, identifier) of another record system this came from."""


_ORGANIZATION = OrganizationRow.__table__  # type: ignore[attr-defined]
_BY_SOURCE = Statement(select(*_ORGANIZATION.c).where(_ORGANIZATION.c.source_hash == bindparam("source_hash")))


async def by_source(snapshot: Snapshot, source_hash: bytes) -> Record | None:
    """Return the organization that came from this identifier."""
    return await snapshot.one(_BY_SOURCE, source_hash=source_hash)


_BY_ID = Statement(select(*_ORGANIZATION.c).where(_ORGANIZATION.c.id == bindparam("organization_id")))


async def by_id(snapshot: Snapshot, organization_id: int) -> Record | None:
    """Return an organization."""
    return await snapshot.one(_BY_ID, organization_id=organization_id)
