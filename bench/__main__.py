"""The command line: `python -m bench`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import databases, equal, fill, operations, report, servers
from bench.rounds import PACES, Pace, Results, Rounds, medians
from bench.servers import KINDS, OURS, Kind
from bench.sizes import SIZES, Size
from persistence.store import utc_now

console = Console(width=120)
app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="Our gateway beside what a team would pick instead."
)


@app.command()
def bench(
    size: Annotated[str, typer.Option(help="full, small or tiny")] = "full",
    only: Annotated[str, typer.Option(help="servers, by comma")] = ",".join(KINDS),
    what: Annotated[str, typer.Option(help="operations, by comma")] = ",".join(operations.NAMES),
    rounds: Annotated[int, typer.Option(help="rounds; 0: as the size wants")] = 0,
    seconds: Annotated[float, typer.Option(help="seconds a round; 0: as the size wants")] = 0,
    growth: Annotated[bool, typer.Option(help="ours alone, on `small` and on `full`")] = False,
    anew: Annotated[bool, typer.Option(help="make the databases anew")] = False,
    keep: Annotated[Path | None, typer.Option(help="folder to keep performance.json and .svg in")] = None,
) -> None:
    """Make the people, start the servers, check that they answer alike, measure and tell."""
    pace = PACES[size]
    pace = pace._replace(rounds=rounds or pace.rounds, seconds=seconds or pace.seconds)
    if growth:
        asyncio.run(_growth(what.split(","), pace, anew=anew))
        return
    results = asyncio.run(
        _run(SIZES[size], [KINDS[name] for name in only.split(",")], what.split(","), pace, anew=anew)
    )
    run = report.told(results, SIZES[size], pace, utc_now())
    report.show(run, console)
    folder = keep or databases.FOLDER
    report.keep(run, folder / "performance.json", folder / "performance.svg")
    console.print(f"kept in {folder}/performance.json and .svg")


async def _run(size: Size, kinds: list[Kind], what: list[str], pace: Pace, *, anew: bool) -> Results:
    if any(kind.node for kind in kinds):
        servers.install_peers()
    async with databases.alone():
        return await _measured(size, kinds, what, pace, anew=anew)


async def _measured(size: Size, kinds: list[Kind], what: list[str], pace: Pace, *, anew: bool) -> Results:
    await fill.ensure(size, anew=anew)
    await databases.refresh(size)
    async with servers.started(kinds, size) as running:
        asked = await asyncio.to_thread(equal.check, running, size)
        if asked:
            console.print(f"{asked} answers compared: equal")
        with console.status("") as status:
            return await Rounds(running, size, pace, status.update).run(what)


async def _growth(what: list[str], pace: Pace, *, anew: bool) -> None:
    """Tell how much more CPU a request costs with a hundred times the people."""
    found = {}
    for name in ("small", "full"):
        found[name] = await _run(SIZES[name], [OURS], what, pace, anew=anew)
    for operation in what:
        few, many = (medians(found[name][operation][OURS.name]) for name in ("small", "full"))
        before, after = few.gateway_ms + few.postgres_ms, many.gateway_ms + many.postgres_ms
        console.print(f"{operation}: {before:.3f} ms of CPU a request → {after:.3f} ms, × {after / before:.2f}")


if __name__ == "__main__":
    app()
