"""What people were told: every acknowledged act, every event on every screen, every trouble on the way."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Verb = Literal["book", "cancel", "file"]


class Seen(NamedTuple):
    """An event as a screen got it."""

    position: int
    row_id: int
    late: float
    """Seconds since what it tells of began."""


@dataclass
class Screen:
    """What one subscriber has seen, through all its reconnects."""

    name: str
    kind: str
    patient_id: int | None
    """None: the doctor's, of everyone."""
    start: int = 0
    """The position that it subscribed after, first of all."""
    seen: list[Seen] = field(default_factory=list)
    connects: int = 0


@dataclass
class Ledger:
    """The truth as the clients have it."""

    acknowledged: dict[Verb, set[tuple[int, int]]] = field(
        default_factory=lambda: {"book": set(), "cancel": set(), "file": set()}
    )
    """Rows by (patient id, id); what the laboratory filed is known by its patient and number."""
    refused: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    """What made a client try again: error codes, statuses, broken connections."""
    closes: Counter[str] = field(default_factory=Counter)
    """How sockets ended."""
    wrong: list[str] = field(default_factory=list)
    """What no client should ever see."""
    screens: list[Screen] = field(default_factory=list)
    answered_at: float = field(default_factory=time.monotonic)
    longest_pause: float = 0.0
    """The longest time in which nobody's write was acknowledged."""

    def acknowledge(self, verb: Verb, patient_id: int, row_id: int) -> None:
        """Note an act that the service said is done."""
        if (patient_id, row_id) in self.acknowledged[verb]:
            self.wrong.append(f"{verb}: two acts have the row {row_id}")
        self.acknowledged[verb].add((patient_id, row_id))
        self.answered()

    def answered(self) -> None:
        """Note that a write got its outcome."""
        now = time.monotonic()
        self.longest_pause = max(self.longest_pause, now - self.answered_at)
        self.answered_at = now

    @property
    def acts(self) -> int:
        """Return how many acts were acknowledged."""
        return sum(len(rows) for rows in self.acknowledged.values())
