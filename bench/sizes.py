"""How many people there are, and where their rows' ids lie."""

from typing import Final, NamedTuple


class Size(NamedTuple):
    """A size of the databases."""

    name: str
    patients: int
    doctors: int
    slots_a_doctor: int
    viewers: int
    """How many people are signed in and use the product during a run."""
    long_every: int
    """One patient in so many has a long series of one analyte."""

    def long(self, number: int) -> bool:
        """Return whether a patient has a long series."""
        return number % self.long_every == 0

    def database(self, kind: str = "") -> str:
        """Return the name of a database: ours, its `keys`, the `peers`'."""
        return "_".join(part for part in ("medkabinet_bench", self.name, kind) if part)


SIZES: Final = {
    size.name: size
    for size in (
        Size("tiny", 40, 4, 2_000, 20, 4),
        Size("small", 1_000, 50, 800, 500, 50),
        Size("full", 100_000, 200, 1_000, 500, 100),
    )
}
"""`full`: 100,000 patients, 1 million appointments, 5 million observations."""

PLACES: Final = 20
FIRST_PLACE, FIRST_SPECIALTY, FIRST_DOCTOR, FIRST_SLOT = 2_000, 3_000, 4_000, 1_000_000
FIRST_PERSON: Final = 10_000_000
STRIDE: Final = 1_000
"""Ids that one person's rows may take."""


def person_id(number: int) -> int:
    """Return the first id of a person's rows: the patient's own."""
    return FIRST_PERSON + number * STRIDE


def last_id(size: Size) -> int:
    """Return an id behind every generated row."""
    return person_id(size.patients)
