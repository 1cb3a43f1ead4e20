"""Work done behind the answers: rows with a due time and a lease, written in the transaction that needs it (law 8)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final

from sqlalchemy import BigInteger, Index, Integer, String, bindparam, delete, or_, select, update
from sqlmodel import Field

from persistence.access import among, ids_argument
from persistence.columns import BigInt, Moment, Sealed, SealedRow
from persistence.statements import Record, Statement
from persistence.store import Snapshot, Transaction

LEASE: Final = timedelta(seconds=60)
"""How long a worker may be silent before another takes its task; it says that it lives each third of this."""


class TaskState(StrEnum):
    """Where a task stands."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class TaskRow(SealedRow, table=True):
    """A piece of work; runs at least once, so it is written to show at most once."""

    __tablename__ = "task"
    __table_args__: ClassVar[tuple[Index, ...]] = (
        Index("task_due", "state", "due_at", "id"),
        Index("task_patient", "patient_id", "kind", "id"),
    )

    kind: str = Field(sa_type=String(32), nullable=False)
    state: str = Field(sa_type=String(16), nullable=False, default=TaskState.WAITING.value)
    created_at: datetime = Moment(nullable=False)
    due_at: datetime = Moment(nullable=False)
    leased_until: datetime | None = Moment(nullable=True, default=None)
    attempts: int = Field(sa_type=Integer, nullable=False, default=0)
    progress: int = Field(sa_type=Integer, nullable=False, default=0)
    """Per cent."""
    patient_id: int | None = BigInt(nullable=True, default=None)
    account_id: int | None = BigInt(nullable=True, default=None)
    """Who asked for it."""
    done_at: datetime | None = Moment(nullable=True, default=None)
    error: str | None = Field(default=None, sa_type=String(64))
    """The class of the last failure; its words may hold health data."""


class TaskBody(Sealed, frozen=True):
    """What a task is given, as JSON."""

    given: bytes = b"{}"


_TASK: Final = TaskRow.__table__  # type: ignore[attr-defined]


def _claim(dialect: str) -> object:
    """Take the task of a kind that has waited longest; on PostgreSQL, past those that others are just taking."""
    free = or_(
        _TASK.c.state == TaskState.WAITING.value,
        (_TASK.c.state == TaskState.RUNNING.value) & (_TASK.c.leased_until < bindparam("at")),
    )
    mine = _TASK.c.kind == bindparam("of_kind")
    first = select(_TASK.c.id).where(mine, free, _TASK.c.due_at <= bindparam("at"))
    first = first.order_by(_TASK.c.due_at, _TASK.c.id)
    first = first.limit(1).with_for_update(skip_locked=True) if dialect == "postgresql" else first.limit(1)
    return (
        update(_TASK)
        .where(_TASK.c.id == first.scalar_subquery())
        .values(state=TaskState.RUNNING.value, leased_until=bindparam("until"), attempts=_TASK.c.attempts + 1)
        .returning(*_TASK.c)
    )


_DUE = Statement(
    lambda dialect: (
        select(_TASK.c.kind)
        .where(
            or_(
                _TASK.c.state == TaskState.WAITING.value,
                (_TASK.c.state == TaskState.RUNNING.value) & (_TASK.c.leased_until < bindparam("at")),
            ),
            _TASK.c.due_at <= bindparam("at"),
            among(_TASK.c.kind, "kinds", dialect, String),
        )
        .distinct()
    )
)
_CLAIM = Statement(_claim)  # type: ignore[arg-type]
_BEAT = Statement(
    update(_TASK)
    .where(
        _TASK.c.id == bindparam("task_id"),
        _TASK.c.state == TaskState.RUNNING.value,
        _TASK.c.attempts == bindparam("attempt", type_=Integer),
    )
    .values(leased_until=bindparam("until"), progress=bindparam("percent", type_=Integer))
)
_SETTLE = Statement(
    update(_TASK)
    .where(
        _TASK.c.id == bindparam("task_id"),
        _TASK.c.state == TaskState.RUNNING.value,
        _TASK.c.attempts == bindparam("attempt", type_=Integer),
    )
    .values(
        state=bindparam("new_state"),
        due_at=bindparam("again"),
        leased_until=None,
        done_at=bindparam("ended", type_=BigInteger),
        error=bindparam("why"),
        progress=bindparam("percent", type_=Integer),
    )
)
_FORGET = Statement(
    delete(_TASK).where(
        _TASK.c.kind == bindparam("of_kind"),
        or_(_TASK.c.state == TaskState.DONE.value, _TASK.c.state == TaskState.FAILED.value),
        _TASK.c.due_at < bindparam("before"),
    )
)
_BY_ID = Statement(select(*_TASK.c).where(_TASK.c.id == bindparam("task_id")))


async def add(
    tx: Transaction,
    kind: str,
    given: bytes = b"{}",
    *,
    due_at: datetime | None = None,
    patient_id: int | None = None,
    account_id: int | None = None,
) -> int:
    """Order a piece of work with the transaction that needs it; return its id."""
    row = TaskRow(
        id=tx.new_id(),
        kind=kind,
        created_at=tx.now,
        due_at=due_at or tx.now,
        patient_id=patient_id,
        account_id=account_id,
    )
    await tx.insert(row, TaskBody(given))
    return row.id


async def forget(tx: Transaction, kind: str, before: datetime) -> int:
    """Delete what was done of a kind before a moment, with what it was given; return how many are gone."""
    return await tx.execute(_FORGET, of_kind=kind, before=before)


async def due(snapshot: Snapshot, kinds: Iterable[str]) -> list[str]:
    """Return of which of some kinds there is something to claim; asking writes nothing."""
    given = ids_argument(sorted(kinds), snapshot.dialect)
    return [row.kind for row in await snapshot.all(_DUE, at=snapshot.now, kinds=given)]


async def claim(tx: Transaction, kind: str) -> Record | None:
    """Take the next task of a kind that is due, or whose worker has died, for the time of a lease."""
    return await tx.one(_CLAIM, of_kind=kind, at=tx.now, until=tx.now + LEASE)


async def beat(tx: Transaction, task: Record, percent: int) -> bool:
    """Say that the worker lives and how far it is; False if the task was taken from it."""
    until = tx.now + LEASE
    return await tx.execute(_BEAT, task_id=task.id, attempt=task.attempts, until=until, percent=percent) == 1


async def settle(tx: Transaction, task: Record, state: TaskState, *, again: datetime, why: str | None = None) -> bool:
    """End an attempt; False if the task was taken from this worker, who then writes nothing."""
    done = state is TaskState.DONE
    return (
        await tx.execute(
            _SETTLE,
            task_id=task.id,
            attempt=task.attempts,
            new_state=state,
            again=again,
            ended=tx.now if state in (TaskState.DONE, TaskState.FAILED) else None,
            why=why,
            percent=100 if done else task.progress,
        )
        == 1
    )


async def by_id(snapshot: Snapshot, task_id: int) -> Record | None:
    """Return a task."""
    return await snapshot.one(_BY_ID, task_id=task_id)
