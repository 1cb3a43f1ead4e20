"""Outcomes of mutations by their client's key, so that a repeat gets the same one (law 8)."""

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, LargeBinary, bindparam, select, update
from sqlmodel import Field, SQLModel

from persistence.columns import Moment
from persistence.statements import Statement, insert_new
from persistence.store import Snapshot, Transaction


class OutcomeRow(SQLModel, table=True):
    """(actor, key) → keyed hash of field and input, and the outcome: ids or a refusal's code."""

    __tablename__ = "outcome"

    actor_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    key_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    input_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    outcome: bytes = Field(sa_type=LargeBinary, nullable=False)
    at: datetime = Moment(nullable=False, index=True)


_OUTCOME = OutcomeRow.__table__  # type: ignore[attr-defined]
_FIND = Statement(
    select(_OUTCOME.c.input_hash, _OUTCOME.c.outcome).where(
        _OUTCOME.c.actor_id == bindparam("actor_id"), _OUTCOME.c.key_hash == bindparam("key_hash")
    )
)


_CLAIM = Statement(
    lambda dialect: insert_new(dialect, OutcomeRow).values({name: bindparam(name) for name in OutcomeRow.model_fields})
)
_SETTLE = Statement(
    update(_OUTCOME)
    .where(_OUTCOME.c.actor_id == bindparam("of_actor"), _OUTCOME.c.key_hash == bindparam("of_key"))
    .values(outcome=bindparam("settled"))
)


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What came of a mutation: the ids it made, or why it was refused; never bytes of an answer."""

    ids: tuple[int, ...] = ()
    refusal: str | None = None
    field: str | None = None
    as_of: str = ""


async def claim(tx: Transaction, actor_id: int, key_hash: bytes, input_hash: bytes) -> bool:
    """Claim a key as a transaction's first statement; False if it was used. Waits for one who is just using it."""
    return (
        await tx.execute(_CLAIM, actor_id=actor_id, key_hash=key_hash, input_hash=input_hash, outcome=b"", at=tx.now)
        == 1
    )


async def find(snapshot: Snapshot, actor_id: int, key_hash: bytes) -> tuple[bytes, Outcome] | None:
    """Return the input's hash and the outcome of an earlier use of the key."""
    row = await snapshot.one(_FIND, actor_id=actor_id, key_hash=key_hash)
    if row is None:
        return None
    return row.input_hash, msgspec.msgpack.decode(row.outcome, type=Outcome) if row.outcome else Outcome()


async def settle(tx: Transaction, actor_id: int, key_hash: bytes, outcome: Outcome) -> None:
    """Write the outcome of the key that this transaction claimed."""
    await tx.later(_SETTLE, of_actor=actor_id, of_key=key_hash, settled=msgspec.msgpack.encode(outcome))
