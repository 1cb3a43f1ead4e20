"""What came of each resource."""

from enum import StrEnum
from typing import NamedTuple

from domain.record import Sent


class Change(StrEnum):
    """What came of one thing that was sent."""

    CREATED = "CREATED"
    CHANGED = "CHANGED"
    UNCHANGED = "UNCHANGED"
    WITHDRAWN = "WITHDRAWN"
    """Its sender says that it should never have been written: what was filed of it no longer counts."""


class Filed(NamedTuple):
    """One thing and what came of it; a panel's components share their resource's place."""

    place: str
    change: Change


class Tally:
    """The outcomes of one bundle, in the order of filing."""

    def __init__(self) -> None:
        self.filed: list[Filed] = []

    def note(self, sent: Sent, change: Change) -> None:
        """Note an outcome."""
        self.filed.append(Filed(sent.place, change))

    def changes(self) -> dict[str, Change]:
        """Return the outcome of each resource by its place: the one that changed most, of a panel's components."""
        found: dict[str, Change] = {}
        for place, change in self.filed:
            if place not in found or found[place] is Change.UNCHANGED:
                found[place] = change
        return found
