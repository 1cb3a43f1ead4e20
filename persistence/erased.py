"""That somebody's data were erased."""

from datetime import datetime

from persistence.columns import BigInt, Moment, Shared


class ErasureRow(Shared, table=True):
    """That a person's data were erased: an identity without a person behind it."""

    __tablename__ = "erasure"

    patient_id: int = BigInt(nullable=False, index=True)
    at: datetime = Moment(nullable=False)
