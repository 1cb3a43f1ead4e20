"""The account: what the databases hold, compared with what people were told and what screens have seen."""

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import asyncpg

from faults.ledger import Ledger, Screen

EVENTS = "select coalesce(position, 0), kind, subject_id, patient_id from event order by position"
BOOKED = "select patient_id, id, slot_id, status from appointment"
FILED = "select patient_id, count(*) from diagnostic_report group by patient_id"


@dataclass
class Account:
    """What came out."""

    lost: int = 0
    twice: int = 0
    unordered: int = 0
    unsent: int = 0
    """What is there though nobody was told so."""
    worst: float = 0.0
    """Seconds from the act to the screen, at worst."""
    seen: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Return whether nothing is amiss."""
        return not (self.lost or self.twice or self.unordered or self.unsent or self.notes)


@dataclass
class Truth:
    """What the database holds."""

    events: list[tuple[int, str, int, int]]
    appointments: list[tuple[int, int, int, str]]
    reports: dict[int, int]

    def due(self, screen: Screen) -> list[tuple[int, int]]:
        """Return the events that a screen must have seen: position and row."""
        return [
            (position, row_id)
            for position, kind, row_id, patient_id in self.events
            if kind == screen.kind and position > screen.start and screen.patient_id in (None, patient_id)
        ]


async def truth_of(url: str) -> Truth:
    """Read what a database holds, past the service."""
    if url.startswith("sqlite:///"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        answers: list[list[Any]] = [connection.execute(sql).fetchall() for sql in (EVENTS, BOOKED, FILED)]
        connection.close()
    else:
        pg = await asyncpg.connect(url)
        answers = [[tuple(row) for row in await pg.fetch(sql)] for sql in (EVENTS, BOOKED, FILED)]
        await pg.close()
    return Truth(answers[0], answers[1], dict(answers[2]))


def reckon(truth: Truth, ledger: Ledger) -> Account:
    """Compare."""
    account = Account(notes=list(dict.fromkeys(ledger.wrong)))
    _acts(truth, ledger, account)
    for screen in ledger.screens:
        _screen(truth.due(screen), screen, account)
    return account


def _acts(truth: Truth, ledger: Ledger, account: Account) -> None:
    there = {(patient, row_id): status for patient, row_id, _, status in truth.appointments}
    cancelled = {key for key, status in there.items() if status == "CANCELLED"}
    for told, held in ((ledger.acknowledged["book"], set(there)), (ledger.acknowledged["cancel"], cancelled)):
        account.lost += len(told - held)
        account.unsent += len(held - told)
    filed = Counter(patient for patient, _ in ledger.acknowledged["file"])
    for patient in filed.keys() | truth.reports.keys():
        difference = truth.reports.get(patient, 0) - filed[patient]
        account.lost += max(0, -difference)
        account.unsent += max(0, difference)
    taken = Counter(slot for _, _, slot, status in truth.appointments if status != "CANCELLED")
    account.twice += sum(count - 1 for count in taken.values())
    _told(truth, there, cancelled, account)


def _told(truth: Truth, there: dict[Any, str], cancelled: set[Any], account: Account) -> None:
    """Each booking and each cancellation has one event, each filed result one."""
    events = Counter((kind, patient, row_id) for _, kind, row_id, patient in truth.events)
    for key in there:
        found = events["APPOINTMENT_CHANGED", *key]
        wanted = 1 + (key in cancelled)
        account.lost += max(0, wanted - found)
        account.twice += max(0, found - wanted)
    results = Counter(patient for kind, patient, _ in events.elements() if kind == "ABNORMAL_RESULT_ARRIVED")
    if results != Counter(truth.reports):
        account.notes.append("results and their events differ")
    if any(position == 0 for position, *_ in truth.events):
        account.notes.append("an event has no position")


def _screen(due: list[tuple[int, int]], screen: Screen, account: Account) -> None:
    positions = [seen.position for seen in screen.seen]
    got = set(positions)
    account.lost += len({position for position, _ in due} - got)
    account.twice += len(positions) - len(got)
    account.unordered += sum(later < earlier for earlier, later in pairwise(positions))
    rows = dict(due)
    account.unsent += sum(rows.get(seen.position) != seen.row_id for seen in screen.seen)
    account.worst = max([account.worst, *(seen.late for seen in screen.seen)])
    account.seen += len(positions)
