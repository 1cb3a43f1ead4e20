"""The same people as rows of the peers' plain tables, ready for COPY."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from bench.people import ANALYTES, NOW, Doctor, Person, Place, Slot
from bench.sealed import OPENED
from bench.tokens import token_hash
from persistence.access import joined
from persistence.columns import from_micros

Row = tuple[Any, ...]


def rows(person: Person, number: int) -> Iterator[tuple[str, Row]]:
    """Yield a person's rows with their tables' names."""
    account_id = person.id + 1
    yield "patient", (person.id, *person[1:5], person.sex.value, *person[6:9])
    yield "account", (account_id, person.name, "CONFIRMED", person.id)
    yield "session", (token_hash(number), account_id)
    yield "consent", (person.id + 4, person.id, person.doctor.id, joined(OPENED), _moment(NOW))
    for policy in person.policies:
        dates = (policy.starts_on, policy.ends_on)
        yield "policy", (policy.id, person.id, policy.kind, "ACTIVE", policy.number, *dates, policy.insurer_id)
    for visit in person.visits:
        where = (visit.doctor.id, visit.doctor.place_id)
        times = (_moment(visit.starts_at), _moment(visit.ends_at))
        yield "appointment", (visit.id, person.id, *where, *times, visit.status, visit.service_type, visit.reason)
    for found in person.findings:
        analyte, bounds = found.analyte, (_number(found.low), _number(found.high))
        what = (Decimal(found.value), analyte.unit, *bounds, found.flag.value)
        yield "observation", (found.id, person.id, analyte.code, _moment(found.taken_at), *what)


def directory(
    places: Iterable[Place], specialties: Iterable[tuple[int, str]], doctors: Iterable[Doctor]
) -> Iterator[tuple[str, Row]]:
    """Yield the rows of places, specialties, doctors and analytes."""
    for place in places:
        yield "organization", tuple(place)
    for specialty in specialties:
        yield "specialty", specialty
    for doctor in doctors:
        yield "practitioner", tuple(doctor)
    for analyte in ANALYTES.values():
        yield "analyte", (analyte.code, analyte.title)


def times(slots: Iterable[Slot]) -> Iterator[tuple[str, Row]]:
    """Yield the rows of free times."""
    for slot in slots:
        when = (_moment(slot.starts_at), _moment(slot.ends_at))
        yield "slot", (slot.id, slot.doctor.id, slot.doctor.place_id, *when, "FREE")


def _moment(micros: int) -> datetime:
    return from_micros(micros)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
