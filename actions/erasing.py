"""The task that erases; what was erased is listed apart from the data, so that no restore brings it back (law 5)."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import structlog

from actions.tasks import Handler, Work
from domain.audit import AuditAction, AuditEntry
from persistence import erasures
from persistence.store import Store

log = structlog.get_logger()


def erasing(listed: Path | None) -> Handler:
    """Return what does an erasure; `listed`: the file of erasures, kept apart from the data and its backups."""

    async def run(work: Work) -> None:
        if listed is None:
            raise ValueError("set MEDKABINET_ERASURES_FILE: a restore must know what was erased")
        await asyncio.to_thread(_append, listed, work.task.patient_id)
        await erase(work.app.store, work.task.patient_id)

    return run


async def erase(store: Store, patient_id: int) -> None:
    """Erase what may go, and destroy its keys; runs again without harm."""
    async with store.snapshot() as snapshot:
        accounts = await erasures.accounts_of(snapshot, patient_id)
    await erasures.renew_keys(store.keys, accounts)
    async with store.begin() as tx:
        await erasures.erase(tx, patient_id)
        tx.audit(AuditEntry(AuditAction.ERASE, patient_id=patient_id))
    try:
        await erasures.destroy_keys(store.keys, patient_id, accounts)
    except asyncpg.InsufficientPrivilegeError:
        log.warning("keys of what was erased wait for their owner: run `python -m server replay-erasures`")


async def replay(store: Store, listed: Path) -> int:
    """Erase everything that the list names and the place still has; return how many people."""
    wanted = _read(await asyncio.to_thread(listed.read_text))
    for patient_id in wanted:
        await erase(store, patient_id)
    return len(wanted)


def _append(listed: Path, patient_id: int) -> None:
    descriptor = os.open(listed, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{patient_id}\n")
        file.flush()
        os.fsync(file.fileno())


def _read(text: str) -> Sequence[int]:
    return sorted({int(line) for line in text.split()})
