"""`python -m faults`: hurts the service in every way, prints what came of it; fails if anything was lost."""

import argparse
import asyncio
import os
import signal
import sys

from faults.ledger import Ledger
from faults.machines import missing
from faults.reckoning import Account
from faults.scenarios import SCENARIOS, Scenario
from faults.stage import staged

ENOUGH = 20
"""Acts that must have been acknowledged for the account to say anything."""
HEADINGS = ("acts", "events", "lost", "twice", "unsent", "disorder", "late s", "pause s")


async def run(scenario: Scenario, *, timed: bool) -> bool:
    """Play one scenario and print its line; return whether all is well."""
    async with staged(scenario.store, scenario.bus, scenario.processes, scenario.network) as stage:
        account = await stage.play(scenario.fault)
        ledger = stage.ledger
        if timed and max(account.worst, ledger.longest_pause) > scenario.gap:
            account.notes.append(f"more than {scenario.gap:.0f} s late")
        if ledger.acts < ENOUGH or not account.seen:
            account.notes.append("too little was done to tell")
        _print(scenario, account, ledger)
        return account.clean


def _print(scenario: Scenario, account: Account, ledger: Ledger) -> None:
    counted = (ledger.acts, account.seen, account.lost, account.twice, account.unsent, account.unordered)
    cells = [*(str(number) for number in counted), f"{account.worst:.1f}", f"{ledger.longest_pause:.1f}"]
    row = " ".join(cell.rjust(8) for cell in cells)
    print(f"{'ok ' if account.clean else 'BAD'} {scenario.title:55} {row}", flush=True)
    for note in account.notes:
        print(f"    ! {note}", flush=True)
    if not account.clean:
        print(f"    retried {dict(ledger.troubles)}; sockets ended {dict(ledger.closes)}", flush=True)


async def main() -> int:
    """Play them all; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument(
        "--short",
        action="store_true",
        help="one scenario for each thing that can die, about a minute; how late things were is told, not judged",
    )
    parser.add_argument("--only", default="", help="scenarios whose title has this")
    chosen = parser.parse_args()
    absent = missing()
    if absent:
        print(f"not there: {', '.join(absent)}")
        return 2
    playing = [s for s in SCENARIOS if (s.short or not chosen.short) and chosen.only in s.title]
    print(f"{'':59} {' '.join(heading.rjust(8) for heading in HEADINGS)}")
    print(f"{'load before it began: ' + str(round(os.getloadavg()[0], 1)):59}", flush=True)
    return 0 if all([await run(scenario, timed=not chosen.short) for scenario in playing]) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing that it started outlives it
    raise SystemExit(asyncio.run(main()))
