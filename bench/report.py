"""What a run says: a table, a JSON file and a chart."""

import platform
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from bench.rounds import Measured, Pace, Results, medians, ratio
from bench.servers import KINDS, MERCURIUS, POSTGRAPHILE
from bench.sizes import Size

COLUMNS: Final = ("×PostGr.", "×Merc.", "req/s", "p50 ms", "p99 ms", "CPU ms", "PG CPU", "load CPU", "MB", "failed")


class Run(msgspec.Struct):
    """A whole run."""

    at: datetime
    size: str
    machine: str
    connections: int
    seconds: float
    results: Results


def told(results: Results, size: Size, pace: Pace, at: datetime) -> Run:
    """Return a run with where and when it was."""
    return Run(at, size.name, machine(), pace.connections, pace.seconds, results)


def machine() -> str:
    """Return what this machine is, without its name."""
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    cores = len([line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("processor")])
    return f"{cores} × {model or platform.machine()}, Python {platform.python_version()}"


def show(run: Run, console: Console) -> None:
    """Print a table an operation."""
    for operation, found in run.results.items():
        table = Table(title=f"{operation} ({run.size}, concurrency {run.connections})", box=None, title_justify="left")
        table.add_column("server", no_wrap=True)
        for name in COLUMNS:
            table.add_column(name, justify="right", no_wrap=True)
        for name, rounds in found.items():
            table.add_row(KINDS[name].title, *_ratios(found, name), *_figures(medians(rounds)))
        console.print(table)


def _ratios(found: dict[str, list[Measured]], name: str) -> list[str]:
    values = [ratio(found, name, peer.name) for peer in (POSTGRAPHILE, MERCURIUS)]
    return ["–" if value is None else f"{value:.2f}" for value in values]


def _figures(one: Measured) -> list[str]:
    costs = [f"{value:.3f}" for value in (one.gateway_ms, one.postgres_ms, one.client_ms)]
    return [f"{one.rps:.0f}", f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}", *costs, f"{one.rss_mb:.0f}", str(one.failed)]


def keep(run: Run, json: Path, svg: Path) -> None:
    """Write the run and its chart."""
    json.parent.mkdir(parents=True, exist_ok=True)
    json.write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")
    from bench.chart import drawn

    svg.write_text(drawn(run))


def read(json: Path) -> Run:
    """Return a run that was kept."""
    run: Any = msgspec.json.decode(json.read_bytes(), type=Run)
    assert isinstance(run, Run)
    return run
