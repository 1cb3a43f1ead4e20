"""The people as rows of our own tables, bodies sealed under their patients' real keys, ready for COPY."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlmodel import SQLModel

from bench.people import NOW, Doctor, Person, Place, Slot
from bench.tokens import token_hash
from domain.access import Category, RelationKind
from domain.appointments import SlotState
from domain.policies import PolicyStatus
from persistence.access import ConsentRow, RelationRow, joined
from persistence.accounts import AccountBody, AccountRow
from persistence.appointments import AppointmentBody, AppointmentRow, PractitionerAppointmentRow, SlotRow
from persistence.columns import Retention, Sealed, argument
from persistence.organizations import OrganizationRow
from persistence.patients import PatientBody, PatientRow
from persistence.policies import InsurancePolicyBody, InsurancePolicyRow
from persistence.practitioners import PractitionerRow, SpecialtyRow
from persistence.results import ObservationBody, ObservationRow
from persistence.sealing import KEYS, Key, KeyRing, Owner
from persistence.sessions import SessionRow
from security.cipher import new_key

Row = tuple[Any, ...]
OPENED: Final = frozenset({Category.RESULTS, Category.RECORD})


class Table:
    """A table as COPY takes it: its name, its columns, and rows made of values by name."""

    def __init__(self, model: type[SQLModel]) -> None:
        self.model = model
        self.name = str(model.__tablename__)
        self.columns = tuple(model.model_fields)
        self._defaults = {
            name: None if field.is_required() else argument(field.get_default(call_default_factory=True))
            for name, field in model.model_fields.items()
        }

    def row(self, **values: Any) -> Row:
        """Return a row; what isn't named has its default."""
        return tuple((self._defaults | values).values())


class Keys:
    """Keys of owners, made here and wrapped by the ring that the server will open them with."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self.columns = tuple(column.name for column in KEYS.c)
        self.rows: list[Row] = []

    def make(self, owner: Owner) -> Key:
        """Make an owner's first key; its wrapped form waits in `rows`."""
        material = new_key() + new_key()
        wrapped = self._ring.wrapped(owner, 1, material)
        self.rows.append(
            (owner.kind, owner.id, owner.retention.value, 1, wrapped["new_master"], wrapped["new_wrapped"])
        )
        return Key(1, material)


ACCOUNT, SESSION, PATIENT, POLICY = Table(AccountRow), Table(SessionRow), Table(PatientRow), Table(InsurancePolicyRow)
APPOINTMENT, LISTED, OBSERVATION = Table(AppointmentRow), Table(PractitionerAppointmentRow), Table(ObservationRow)
RELATION, CONSENT = Table(RelationRow), Table(ConsentRow)
PLACE, SPECIALTY, DOCTOR, SLOT = Table(OrganizationRow), Table(SpecialtyRow), Table(PractitionerRow), Table(SlotRow)


def rows(person: Person, keys: Keys, number: int) -> Iterator[tuple[Table, Row]]:
    """Yield a person's rows."""
    key = keys.make(Owner("patient", person.id))
    yield from _account(person, keys, number)
    yield PATIENT, _owned(PATIENT, key, person.id, _profile(person), id=person.id, created_at=NOW)
    yield from _relations(person)
    yield from _policies(person, key)
    yield from _visits(person, key)
    yield from _findings(person, key)


def _owned(table: Table, key: Key, patient_id: int, body: Sealed, **values: Any) -> Row:
    owner = Owner("patient", patient_id)
    sealed = key.seal(table.model, owner, values["id"], 1, body)
    return table.row(patient_id=patient_id, key_id=key.number, body=sealed, **values)


def _account(person: Person, keys: Keys, number: int) -> Iterator[tuple[Table, Row]]:
    account_id = person.id + 1
    owner = Owner("account", account_id, Retention.ACCOUNT)
    key = keys.make(owner)
    body = key.seal(AccountRow, owner, account_id, 1, AccountBody(person.name, "-", "-"))
    shared: dict[str, Any] = {"id": account_id, "level": "CONFIRMED", "patient_id": person.id, "created_at": NOW}
    yield ACCOUNT, ACCOUNT.row(key_id=key.number, body=body, **shared)
    times = {"created_at": NOW, "seen_at": NOW, "expires_at": NOW}
    yield SESSION, SESSION.row(id=person.id + 2, token_hash=token_hash(number), account_id=account_id, **times)


def _profile(person: Person) -> PatientBody:
    return PatientBody(*person[1:9])


def _relations(person: Person) -> Iterator[tuple[Table, Row]]:
    doctor = person.doctor
    whom = {"patient_id": person.id, "practitioner_id": doctor.id, "organization_id": doctor.place_id, "since": NOW}
    yield RELATION, RELATION.row(id=person.id + 3, kind=RelationKind.TREATS.value, **whom)
    told = {"purpose": "TREATMENT", "text_version": "1", "text_hash": b"\0" * 32}
    yield CONSENT, CONSENT.row(id=person.id + 4, categories=joined(OPENED), **told, **whom)


def _policies(person: Person, key: Key) -> Iterator[tuple[Table, Row]]:
    for policy in person.policies:
        body = InsurancePolicyBody(policy.number, policy.starts_on, policy.ends_on)
        clear = {"kind": policy.kind, "status": PolicyStatus.ACTIVE.value, "insurer_id": policy.insurer_id}
        yield POLICY, _owned(POLICY, key, person.id, body, id=policy.id, created_at=NOW, **clear)


def _visits(person: Person, key: Key) -> Iterator[tuple[Table, Row]]:
    for visit in person.visits:
        times = {"starts_at": visit.starts_at, "ends_at": visit.ends_at, "created_at": visit.starts_at - 86_400_000_000}
        where = {"practitioner_id": visit.doctor.id, "organization_id": visit.doctor.place_id, "slot_id": visit.id}
        what = {"status": visit.status, "service_type": visit.service_type}
        body = AppointmentBody(visit.reason)
        yield APPOINTMENT, _owned(APPOINTMENT, key, person.id, body, id=visit.id, **times, **where, **what)
        yield LISTED, (visit.doctor.id, visit.starts_at, visit.id, person.id)


def _findings(person: Person, key: Key) -> Iterator[tuple[Table, Row]]:
    hashes: dict[str, bytes] = {}
    for found in person.findings:
        analyte = found.analyte
        if analyte.code not in hashes:
            hashes[analyte.code] = key.hash(analyte.code)
        body = ObservationBody(
            analyte.code, analyte.title, found.value, analyte.unit, found.low, found.high, found.flag
        )
        clear = {"id": found.id, "taken_at": found.taken_at, "analyte": hashes[analyte.code]}
        yield OBSERVATION, _owned(OBSERVATION, key, person.id, body, **clear)


def directory(
    places: Iterable[Place], specialties: Iterable[tuple[int, str]], doctors: Iterable[Doctor]
) -> Iterator[tuple[Table, Row]]:
    """Yield the rows of places, specialties and doctors."""
    for place in places:
        yield PLACE, PLACE.row(id=place.id, kind=place.kind, name=place.name, address=place.address)
    for number, title in specialties:
        yield SPECIALTY, SPECIALTY.row(id=number, code=str(number), title=title, title_en=title)
    for doctor in doctors:
        where = {"specialty_id": doctor.specialty_id, "organization_id": doctor.place_id}
        yield DOCTOR, DOCTOR.row(id=doctor.id, name=doctor.name, **where)


def times(slots: Iterable[Slot]) -> Iterator[tuple[Table, Row]]:
    """Yield the rows of free times."""
    for slot in slots:
        whose = {"practitioner_id": slot.doctor.id, "organization_id": slot.doctor.place_id}
        when = {"starts_at": slot.starts_at, "ends_at": slot.ends_at}
        yield SLOT, SLOT.row(id=slot.id, state=SlotState.FREE.value, **whose, **when)
