"""Organizations: clinics, laboratories, insurers. Public facts, in the clear."""

from sqlalchemy import LargeBinary, String, bindparam, select, update
from sqlmodel import Field

from persistence.columns import Shared
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction


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


_CORRECT = Statement(
    update(_ORGANIZATION)
    .where(_ORGANIZATION.c.id == bindparam("of_organization"))
    .values({name: bindparam(f"new_{name}") for name in ("name", "city", "address", "phone")})
)


async def correct(
    tx: Transaction, organization_id: int, *, name: str, city: str | None, address: str | None, phone: str | None
) -> None:
    """Write what an organization is now called and where it is."""
    new = {"new_name": name, "new_city": city, "new_address": address, "new_phone": phone}
    await tx.execute(_CORRECT, of_organization=organization_id, **new)


_BY_NAME = Statement(select(*_ORGANIZATION.c).where(_ORGANIZATION.c.name == bindparam("name")).limit(1))


async def by_name(snapshot: Snapshot, name: str) -> Record | None:
    """Return an organization of that very name."""
    return await snapshot.one(_BY_NAME, name=name)
