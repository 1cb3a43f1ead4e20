"""Events to many readers at once: one snapshot for all, each decided anew, recorded each, loaded once.

It is `actions/reading.py` for streams: the same order (decide, record, open, release), the same sieve.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from actions.app import App
from actions.call import Call
from actions.reading import Reading, Sieve
from domain.access import Facts, Question, Rights
from domain.accounts import Viewer
from domain.audit import AuditAction, AuditEntry
from domain.endings import Ending, RoleChanged, lost
from domain.events import GATE, EventKind, may_hear
from persistence import reads
from persistence.branches import Bound
from persistence.events import Placed
from persistence.opening import open_bodies
from persistence.readers import Standing, now, role_set
from persistence.store import Snapshot
from persistence.tree import Loaded, Page, Root


@dataclass(frozen=True, slots=True)
class Form:
    """What readers of one event have in common: equal forms show the same to equal rights."""

    key: Hashable
    roots: Sequence[Root]
    bound: Bound
    asks: Callable[[Rights], Hashable]
    """What a reader's roles decide of what is shown."""


class Reader(NamedTuple):
    """One who is to hear of an event."""

    call: Call
    viewer: Viewer | None
    """As the stream began."""
    began: datetime
    placed: Placed
    form: Form


Values = Mapping[Hashable, Mapping[str, Any]]
"""What hangs on the roots of each form."""
NOBODYS: Final = Facts()
Told = Reading | type[Ending] | None
"""What a reader is shown (the same object to all who are shown the same), why the stream ends, or nothing."""


@dataclass(slots=True)
class _Admitted:
    number: int
    reader: Reader
    rights: Rights


async def tell(app: App, readers: Sequence[Reader]) -> list[Told]:
    """Return what each reader is told of his event.

    The rows are read first, then who may see them: what is withdrawn in between is withdrawn.

    Raises:
        AuditUnavailable: the entries could not be made durable; nobody is told.
    """
    told: list[Told] = [None] * len(readers)
    async with app.store.moment() as moment:
        loaded = await _loaded(moment, readers)
        admitted = await _admitted(moment, readers, loaded, told)
    to_open: list[Loaded] = []
    entries = []
    for alike in _alike(admitted, loaded):
        reading, sieve = _sieved(alike[0], loaded[alike[0].reader.form.key], shared=len(admitted) > 1)
        to_open += sieve.to_open
        lines = sieve.entries(frozenset())
        if alike[0].reader.placed.event.kind is EventKind.SECURITY_ALERT:
            lines.append(AuditEntry(AuditAction.SECURITY_LOG))
        for item in alike:
            if reading is not None and lines:
                entries.append((lines, item.reader.call.origin(item.rights.viewer)))
            told[item.number] = reading
    await app.audit.recorded_together(entries)
    await open_bodies(app.store.keys, to_open)
    return told


async def _admitted(moment: Snapshot, readers: Sequence[Reader], loaded: Values, told: list[Told]) -> list[_Admitted]:
    """Return those who may hear of their event now; note why the streams of others end."""
    known = [reader.viewer for reader in readers if reader.viewer is not None]
    concerned = _concerned(readers, loaded)
    now_there, standing = await now(moment, known, sorted(set().union(*concerned.values())))
    found = []
    for number, reader in enumerate(readers):
        viewer = now_there[reader.viewer.session_id] if reader.viewer is not None else None
        rights = _rights(reader, viewer, standing, concerned[reader.form.key])
        if not isinstance(rights, Rights):
            told[number] = rights
        elif may_hear(rights, reader.placed.event):
            found.append(_Admitted(number, reader, rights))
        else:
            told[number] = _lost(reader, rights)
    return found


def _concerned(readers: Sequence[Reader], loaded: Values) -> dict[Hashable, set[int]]:
    """Return the patients of each form: whom the event is about, and whom what is loaded belongs to."""
    found: dict[Hashable, set[int]] = {}
    for reader in readers:
        if reader.form.key not in found:
            below = (row.patient_id for value in loaded[reader.form.key].values() for row in rows_below(value))
            patients = {reader.placed.event.patient_id, *below}
            found[reader.form.key] = {patient for patient in patients if patient is not None}
    return found


def _rights(
    reader: Reader, viewer: Viewer | type[Ending] | None, standing: Standing, patients: set[int]
) -> Rights | type[Ending]:
    if isinstance(viewer, type):
        return viewer
    if viewer is not None and reader.viewer is not None and _roles_differ(viewer, reader.viewer):
        return RoleChanged
    facts = standing.facts(viewer, patients) if patients else NOBODYS
    return Rights(viewer, facts, standing.at)


def _roles_differ(now: Viewer, then: Viewer) -> bool:
    return now is not then and role_set(now) != role_set(then)


def _lost(reader: Reader, rights: Rights) -> type[Ending] | None:
    event = reader.placed.event
    gate = GATE.get(event.kind)
    return lost(rights, gate, event.patient_id, reader.began) if gate and event.patient_id is not None else None


async def _loaded(moment: Snapshot, readers: Sequence[Reader]) -> Values:
    """Return what hangs on the roots of each form."""
    found: dict[Hashable, dict[str, Any]] = {}
    for form in {reader.form.key: reader.form for reader in readers}.values():
        found[form.key] = {}
        if form.roots:
            shown = await reads.load(moment, None, form.roots, form.bound)
            await reads.load_waiting(moment, shown, form.bound)
            found[form.key] = shown.values
    return found


def _alike(admitted: Sequence[_Admitted], loaded: Values) -> Iterable[list[_Admitted]]:
    """Return readers by what they are shown: the same form, and the same decision on everything in it."""
    questions = {key: _questions(values.values()) for key, values in loaded.items()}
    found: dict[Hashable, list[_Admitted]] = {}
    for item in admitted:
        form, rights = item.reader.form, item.rights
        decided = tuple(rights.decide(*question) for question in questions[form.key])
        found.setdefault((form.key, item.reader.call.language, form.asks(rights), decided), []).append(item)
    return found.values()


def _questions(values: Iterable[Any]) -> list[Question]:
    """Return all that the sieve could ask of some rows."""
    found: dict[Question, None] = {}
    for value in values:
        for row in rows_below(value):
            if row.patient_id is None:
                continue
            branch = row.branch
            followed = (permission for child in branch.children.values() for permission in child.guards)
            for permission in (branch.row_guard, *branch.asks, *branch.opens, *followed):
                if permission is not None:
                    found[Question(permission, row.patient_id, row.organization_id)] = None
                    found[Question(permission, row.patient_id, None)] = None
    return list(found)


def _sieved(item: _Admitted, values: Mapping[str, Any], *, shared: bool) -> tuple[Reading | None, Sieve]:
    """Return what of the rows may be seen; None if the event's own object may not."""
    sieve = Sieve(item.rights)
    event = item.reader.placed.event
    gate = GATE.get(event.kind)
    if gate is not None and event.patient_id is not None:
        sieve.asked(gate, event.patient_id, event.organization_id)
    reading = Reading(item.rights.viewer, item.rights, "", item.rights.at)
    for key, value in values.items():
        reading.values[key] = sieve.root(copied(value) if shared else value)
    reading.clean = not sieve.refused
    there = not values or any(isinstance(value, Loaded) for value in reading.values.values())
    return (reading if there else None), sieve


def rows_below(value: Any) -> Iterable[Loaded]:
    """Yield every row of what hangs on a root."""
    if isinstance(value, Loaded):
        yield value
        for link in value.links.values():
            yield from rows_below(link)
    else:
        for item in value.items if isinstance(value, Page) else value or ():
            yield from rows_below(item)


def copied(value: Any) -> Any:
    """Return rows that can be sieved for one reader and are whole for the next."""
    if isinstance(value, Loaded):
        row = Loaded(value.branch, value.row)
        row.links = {key: copied(link) for key, link in value.links.items()}
        return row
    if isinstance(value, Page):
        return Page(value.branch, [copied(item) for item in value.items], value.has_next, value.has_previous)
    return [copied(item) for item in value] if isinstance(value, list) else value
