"""The one way to read: one snapshot → decide → record → open what is allowed → release (law 2)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from actions.call import Call
from domain.access import CATEGORY, Category, Facts, Permission, Rights
from domain.accounts import Viewer
from domain.audit import AuditAction, AuditEntry, Outcome
from persistence import access, events, reads, sessions
from persistence.opening import open_bodies
from persistence.reads import Bound
from persistence.tree import Branch, Loaded, Page, Refused, Root


class Wanted(NamedTuple):
    """What to load, once the viewer is known."""

    roots: Sequence[Root]
    bound: Bound
    entries: Sequence[AuditEntry] = ()
    """What is to be recorded besides whose data is read: a root that was refused, a log that is opened."""


Prepare = Callable[[Rights], Wanted]
Covered = frozenset[tuple[int, Category]]
"""(patient, category)"""


@dataclass(slots=True)
class Reading:
    """What a viewer may see of what was asked for, at one moment."""

    viewer: Viewer | None
    rights: Rights
    as_of: str
    now: datetime
    values: dict[str, Any] = field(default_factory=dict)
    clean: bool = True
    """Nothing that was asked for was refused."""


async def read(call: Call, prepare: Prepare, covered: Covered = frozenset()) -> Reading:
    """Return what hangs on the roots, decided, recorded and opened.

    `covered` is what the caller's own entry already tells of: reading that back makes no second one.

    Raises:
        AuditUnavailable: the entry could not be made durable; nothing is shown.
    """
    reading, facts, told = await _snapshot(call, prepare)
    reading.rights = Rights(reading.viewer, facts, reading.now)
    sieve = _Sieve(reading.rights)
    for key, value in reading.values.items():
        reading.values[key] = sieve.root(value)
    reading.clean = not sieve.refused
    await call.app.audit.recorded([*told, *sieve.entries(covered)], call.origin(reading.viewer))
    await open_bodies(call.app.store.keys, sieve.to_open)
    return reading


async def _snapshot(call: Call, prepare: Prepare) -> tuple[Reading, Facts, Sequence[AuditEntry]]:
    async with call.app.store.snapshot() as snapshot:
        viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
        early = Rights(viewer, Facts(), snapshot.now)
        wanted = prepare(early)
        values = await reads.load(snapshot, wanted.roots, wanted.bound)
        patients = {row.patient_id for value in values.values() for row in rows_below(value)} - {None}
        facts = await access.facts(snapshot, viewer, sorted(p for p in patients if p is not None))
        as_of = (await events.as_of(snapshot)).text()
        return Reading(viewer, early, as_of, snapshot.now, values), facts, wanted.entries


def rows_below(value: Any) -> Iterable[Loaded]:
    """Yield every row of an answer."""
    if isinstance(value, Loaded):
        yield value
        for link in value.links.values():
            yield from rows_below(link)
    else:
        for item in value.items if isinstance(value, Page) else value or ():
            yield from rows_below(item)


class _Sieve:
    """Takes out what may not be seen, notes what is seen of whom, and which bodies to open."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights
        self.to_open: list[Loaded] = []
        self._seen: dict[int, set[Category]] = {}
        self.refused: dict[int, tuple[set[Category], str]] = {}

    def root(self, value: Any) -> Any:
        """Return a root's value without what may not be seen."""
        return self._reached(value)

    def entries(self, covered: Covered) -> list[AuditEntry]:
        """Return one entry a patient: what was seen, or else what was refused."""
        action = AuditAction.READ
        seen = [
            AuditEntry(action, Outcome.DONE, p, tuple(sorted(categories)))
            for p, categories in self._seen.items()
            if not {(p, category) for category in categories} <= covered
        ]
        refused = [
            AuditEntry(action, Outcome.REFUSED, p, tuple(sorted(categories)), reason=reason)
            for p, (categories, reason) in self.refused.items()
            if p not in self._seen
        ]
        return seen + refused

    def _reached(self, value: Any) -> Any:
        """Return a value that was reached by an id, a reference or a projection: each row's own guard is asked."""
        if isinstance(value, Loaded):
            return self._row_guarded(value)
        if isinstance(value, Page):
            value.items = [item for item in value.items if isinstance(self._paired(item), Loaded)]
        elif value:
            return [item for item in value if isinstance(self._row_guarded(item), Loaded)]
        return value

    def _paired(self, row: Loaded) -> Any:
        """Return a row of a page; of a pair, None if the node behind it may not be seen."""
        if row.branch.row_guard is None and "~node" in row.links:
            node = row.links["~node"]
            row.links["~node"] = kept = None if node is None else self._row_guarded(node)
            return row if isinstance(kept, Loaded) else None
        return self._row_guarded(row)

    def _row_guarded(self, row: Loaded) -> Any:
        guard = row.branch.row_guard
        if guard is not None and row.patient_id is not None:
            decision = self._decide(guard, row.patient_id, row.organization_id)
            if not decision.allowed:
                return Refused(decision) if decision.known else None
        self._visit(row)
        return row

    def _visit(self, row: Loaded) -> None:
        patient_id = row.patient_id
        if patient_id is not None:
            for permission in row.branch.asks:
                self._decide(permission, patient_id, row.organization_id)
        if self._opens(row):
            self.to_open.append(row)
        for key, link in row.links.items():
            if link is not None:
                row.links[key] = self._followed(row, row.branch.children[key], link)

    def _followed(self, row: Loaded, child: Branch, link: Any) -> Any:
        if row.patient_id is None:
            return self._reached(link)
        for permission in child.guards:
            decision = self._decide(permission, row.patient_id, None)
            if not decision.allowed:
                return Refused(decision)
        if child.organization and not isinstance(link, Loaded):
            return self._reached(link)
        for item in [link] if isinstance(link, Loaded) else link.items if isinstance(link, Page) else link:
            self._visit(item)
        return link

    def _opens(self, row: Loaded) -> bool:
        opens = row.branch.opens
        if not opens:
            return False
        if row.patient_id is None or None in opens:
            return True
        return any(
            self._rights.decide(permission, row.patient_id, row.organization_id).allowed
            for permission in opens
            if permission is not None
        )

    def _decide(self, permission: Permission, patient_id: int, organization_id: int | None) -> Any:
        decision = self._rights.decide(permission, patient_id, organization_id)
        category = CATEGORY[permission]
        if decision.allowed:
            self._seen.setdefault(patient_id, set()).add(category)
        else:
            reason = decision.reason.value if decision.reason else "NOT_FOUND"
            self.refused.setdefault(patient_id, (set(), reason))[0].add(category)
        return decision
