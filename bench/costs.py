"""What servers cost: CPU and memory of a process's tree and of a database's backends, from /proc."""

import os
from pathlib import Path
from typing import Any, Final

import asyncpg

PROC: Final = Path("/proc")
TICK: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def tree(root: int) -> list[int]:
    """Return a process and all below it."""
    below: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        fields = _stat(int(entry.name)) if entry.name.isdigit() else None
        if fields:
            below.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(below.get(pid, ()))
    return found


def cpu(pids: list[int]) -> dict[int, float]:
    """Return how many seconds each process has used so far, in user and kernel."""
    return {pid: (int(fields[11]) + int(fields[12])) / TICK for pid in pids if (fields := _stat(pid))}


def spent(before: dict[int, float], after: dict[int, float]) -> float:
    """Return what was used in between, also by processes that have come since."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def megabytes(pids: list[int]) -> float:
    """Return what processes hold in memory."""
    return sum(int(fields[21]) for pid in pids if (fields := _stat(pid))) * os.sysconf("SC_PAGESIZE") / 2**20


async def backends(admin: "asyncpg.Connection[Any]", databases: list[str]) -> list[int]:
    """Return the processes that serve some databases; none if PostgreSQL is on another machine."""
    rows = await admin.fetch("select pid from pg_stat_activity where datname = any($1)", databases)
    return [row["pid"] for row in rows if (fields := _stat(row["pid"])) and "postgres" in fields[-1]]


def _stat(pid: int) -> list[str] | None:
    """Return the fields behind the name (state first), the name last."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    _, _, rest = text.partition("(")
    name, _, fields = rest.rpartition(")")
    return [*fields.split(), name]
