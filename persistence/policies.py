"""Insurance policies."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Index, String, bindparam, select
from sqlmodel import Field

from persistence.columns import BigInt, Moment, Owned, Sealed
from persistence.statements import Statement
from persistence.store import Snapshot


class InsurancePolicyRow(Owned, table=True):
    """A policy of a patient."""

    __tablename__ = "insurance_policy"
    __table_args__: ClassVar[tuple[Index, ...]] = (Index("insurance_policy_since", "patient_id", "created_at", "id"),)

    kind: str = Field(sa_type=String(8), nullable=False)
    status: str = Field(sa_type=String(16), nullable=False)
    """As the insurer last said; what counts today also depends on the dates."""
    insurer_id: int | None = BigInt(nullable=True, default=None)
    created_at: datetime = Moment(nullable=False)


class InsurancePolicyBody(Sealed, frozen=True):
    """The number and what it covers."""

    number: str
    starts_on: date | None = None
    ends_on: date | None = None
    services: tuple[str, ...] = ()


_POLICY = InsurancePolicyRow.__table__  # type: ignore[attr-defined]
_BY_ID = Statement(
    select(*_POLICY.c).where(_POLICY.c.patient_id == bindparam("patient_id"), _POLICY.c.id == bindparam("policy_id"))
)


async def by_id(
    snapshot: Snapshot, patient_id: int, policy_id: int
) -> tuple[InsurancePolicyRow, InsurancePolicyBody] | None:
    """Return a policy with its body."""
    record = await snapshot.one(_BY_ID, patient_id=patient_id, policy_id=policy_id)
    if record is None:
        return None
    row = InsurancePolicyRow(**{name: getattr(record, name) for name in InsurancePolicyRow.model_fields})
    return row, await snapshot.opened(InsurancePolicyRow, InsurancePolicyBody, record)
