"""Whether the log still says what it was committed to: leaves made anew from entries, roots from leaves."""

from dataclasses import dataclass, field
from typing import Final

from domain import merkle
from persistence import ledger
from persistence.audit import AuditBody, AuditRow
from persistence.ledger_leaf import Link, leaf_of
from persistence.statements import Record
from persistence.store import Snapshot
from persistence.trees import Tree
from security.cipher import SealBroken

PAGE: Final = 1000


@dataclass(slots=True)
class Verified:
    """What was found."""

    size: int = 0
    root: bytes = merkle.EMPTY
    faults: list[str] = field(default_factory=list)
    """One line each, with the place; nothing personal."""


@dataclass(slots=True)
class _Run:
    """The tree being built again: at each height, the root of a complete subtree that waits for its neighbour."""

    found: Verified
    peaks: list[bytes | None] = field(default_factory=list)
    chains: dict[int, Link] = field(default_factory=dict)

    def add(self, leaf: bytes) -> None:
        """Take the next leaf."""
        height = 0
        while height < len(self.peaks) and (left := self.peaks[height]) is not None:
            leaf, self.peaks[height] = merkle.node_hash(left, leaf), None
            height += 1
        if height == len(self.peaks):
            self.peaks.append(None)
        self.peaks[height] = leaf
        self.found.size += 1

    def root(self) -> bytes:
        """Return the root over what was taken."""
        whole: bytes | None = None
        for peak in self.peaks:
            if peak is not None:
                whole = peak if whole is None else merkle.node_hash(peak, whole)
        return merkle.EMPTY if whole is None else whole


async def verify(snapshot: Snapshot, sizes: dict[int, bytes] | None = None) -> Verified:
    """Return what doesn't agree; `sizes`: roots of checkpoints that were kept elsewhere, by size."""
    run, kept = _Run(Verified()), dict(sizes or {})
    size = await ledger.size(snapshot)
    for first in range(0, size, PAGE):
        rows = await ledger.between(snapshot, first, min(first + PAGE, size))
        await _page(snapshot, run, rows, first, min(first + PAGE, size), kept)
    run.found.root = run.root()
    for missing in sorted(kept):
        if missing != 0 or kept[missing] != merkle.EMPTY:
            run.found.faults.append(f"the checkpoint of size {missing} commits to more than there is: cut off")
    if await Tree(snapshot, size).root() != run.found.root and not run.found.faults:
        run.found.faults.append("the kept hashes lead to another root than the entries")
    return run.found


async def _page(
    snapshot: Snapshot, run: _Run, rows: list[Record], first: int, end: int, kept: dict[int, bytes]
) -> None:
    by_number = {row.number: row for row in rows}
    for number in range(first, end):
        row = by_number.get(number)
        if row is None or row.id is None:
            run.found.faults.append(f"entry {number} is gone")
            run.add(bytes(row.hash) if row else b"")
        else:
            run.add(await _leaf(snapshot, run, row))
        if run.found.size in kept and kept.pop(run.found.size) != run.root():
            run.found.faults.append(f"the log up to {run.found.size} isn't what the checkpoint committed to")


async def _leaf(snapshot: Snapshot, run: _Run, row: Record) -> bytes:
    """Return an entry's hash, made anew."""
    link = None
    if row.patient_id is not None:
        link = run.chains.get(row.patient_id, Link(0, b"")).next()
    try:
        made = merkle.leaf_hash(leaf_of(row, await snapshot.opened(AuditRow, AuditBody, row), link).text)
    except SealBroken:
        run.found.faults.append(f"entry {row.number} doesn't open")
        made = bytes(row.hash)
    if made != row.hash:
        run.found.faults.append(f"entry {row.number} was changed")
    if link is not None:
        if link.number != row.patient_number:
            run.found.faults.append(f"entry {row.number} isn't where its patient's chain has it")
        run.chains[row.patient_id] = Link(row.patient_number or link.number, bytes(row.hash))  # blame nobody behind it
    return made
