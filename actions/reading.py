"""The one way to read: one snapshot → decide → record → open what is allowed → release (law 2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from actions.call import Call
from domain.access import CATEGORY, Category, Facts, Permission, Rights
from domain.accounts import Viewer
from domain.audit import AuditAction, AuditEntry, Outcome
from persistence import access, reads
from persistence.branches import Bound
from persistence.opening import open_bodies
from persistence.reads import Found
from persistence.store import Snapshot
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


class Ahead(NamedTuple):
    """What can be loaded in the same breath as the session, before it is known who asks."""

    roots: Sequence[Root] = ()
    bound: Bound = MappingProxyType({})
    whole: bool = False
    """Nothing else will be asked for."""


NOTHING: Final = Ahead()


async def read(call: Call, prepare: Prepare, covered: Covered = frozenset(), ahead: Ahead = NOTHING) -> Reading:
    """Return what hangs on the roots, decided, recorded and opened.

    `prepare` says, once the viewer is known, which roots may be loaded; those that were loaded ahead aren't loaded
    again, and what it doesn't name is dropped. `covered` is what the caller's own entry already tells of: reading that
    back makes no second one.

    Raises:
        AuditUnavailable: the entry could not be made durable; nothing is shown.
    """
    while (seen := await _seen(call, prepare, ahead)) is None:
        pass  # another patient's key was at hand than the session opens: once more, with the right one
    reading, facts, told = seen
    reading.rights = Rights(reading.viewer, facts, reading.now)
    sieve = Sieve(reading.rights)
    for key, value in reading.values.items():
        reading.values[key] = sieve.root(value)
    reading.clean = not sieve.refused
    await call.app.audit.recorded([*told, *sieve.entries(covered)], call.origin(reading.viewer))
    await open_bodies(call.app.store.keys, sieve.to_open)
    return reading


async def _seen(call: Call, prepare: Prepare, ahead: Ahead) -> tuple[Reading, Facts, Sequence[AuditEntry]] | None:
    """Return what one moment shows; the facts may be of a later one, which can only be stricter or newer."""
    store, known = call.app.store, call.app.patients.get(call.token_hash)
    wants_patient = known is None and reads.needs_patient(ahead.roots, ahead.bound)
    alone = ahead.whole and not wants_patient and not reads.needs_more(ahead.roots, ahead.bound)
    async with store.moment() if alone else store.snapshot() as snapshot:
        if wants_patient:
            viewer = (await reads.load(snapshot, call.token_hash, (), {})).viewer
            known = viewer.patient_id if viewer else None
        found = await reads.load(snapshot, call.token_hash, ahead.roots, ahead.bound, known)
        if call.app.patients.differs(call.token_hash, found.viewer):
            return None
        early = Rights(found.viewer, Facts(), snapshot.now)
        wanted = prepare(early)
        await _rest(snapshot, found, wanted, ahead)
        facts = await access.facts(snapshot, found.viewer, sorted(found.patients - {None}))
        return Reading(found.viewer, early, found.as_of, snapshot.now, found.values), facts, wanted.entries


async def _rest(snapshot: Snapshot, found: Found, wanted: Wanted, ahead: Ahead) -> None:
    """Load what couldn't be ahead, drop what may not be shown."""
    await reads.load_waiting(snapshot, found, ahead.bound)
    wanted_keys = {root.key for root in wanted.roots}
    for key in found.values.keys() - wanted_keys:
        del found.values[key]
    later = [root for root in wanted.roots if root.key not in found.values]
    if later:
        more = await reads.load(snapshot, None, later, wanted.bound)
        await reads.load_waiting(snapshot, more, wanted.bound)
        found.values |= more.values
        found.patients |= more.patients


class Sieve:
    """Takes out what may not be seen, notes what is seen of whom, and which bodies to open."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights
        self.to_open: list[Loaded] = []
        self._visited: dict[tuple[Branch, int | None, int | None], bool] = {}
        self._seen: dict[int, set[Category]] = {}
        self.refused: dict[int, tuple[set[Category], str]] = {}

    def asked(self, permission: Permission, patient_id: int, organization_id: int | None) -> None:
        """Note what was decided before anything was loaded."""
        self._decide(permission, patient_id, organization_id)

    def root(self, value: Any) -> Any:
        """Return a root's value without what may not be seen."""
        return self._reached(value)

    def entries(self, covered: Covered) -> list[AuditEntry]:
        """Return one entry a patient: what was seen, or else what was refused."""
        action = AuditAction.READ
        seen = [
            AuditEntry(action, Outcome.DONE, p, tuple(sorted(categories)), ground=self._rights.ground(p))
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

    def _visit(self, row: Loaded) -> bool:
        """Ask what is asked of a row, once for all rows of one branch and patient; return whether it will be opened."""
        branch, patient_id = row.branch, row.patient_id
        place = (branch, patient_id, row.organization_id)
        opens = self._visited.get(place)
        if opens is None:
            if patient_id is not None:
                for permission in branch.asks:
                    self._decide(permission, patient_id, row.organization_id)
            opens = self._visited[place] = self._opens(row)
        if opens:
            self.to_open.append(row)
        if row.links:
            for key, link in row.links.items():
                if link is not None and not (child := branch.children[key]).is_plain():
                    row.links[key] = self._followed(row, child, link)
        return opens

    def _followed(self, row: Loaded, child: Branch, link: Any) -> Any:
        if row.patient_id is None:
            return self._reached(link)
        for permission in child.guards:
            decision = self._decide(permission, row.patient_id, None)
            if not decision.allowed:
                return Refused(decision)
        if child.organization and not isinstance(link, Loaded):
            return self._reached(link)
        items = (link,) if isinstance(link, Loaded) else link.items if isinstance(link, Page) else link
        if child.is_leaf() and items:
            if self._visit(items[0]):  # and so with all of them: nothing tells one from another
                self.to_open.extend(items[1:])
        else:
            for item in items:
                self._visit(item)
        return link

    def _opens(self, row: Loaded) -> bool:
        """Return whether the row's body is wanted for something that is allowed."""
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
