"""The nouns of the record: each row once, a new version when its content changed."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from sqlmodel import SQLModel

from actions.importing.directory import Directory
from actions.importing.tally import Change, Tally
from domain.record import (
    AllergySent,
    ConditionSent,
    DocumentSent,
    EncounterSent,
    ImmunizationSent,
    Link,
    MedicationSent,
    RecordSent,
    Told,
)
from persistence import imported
from persistence.allergies import AllergyBody, AllergyRow
from persistence.columns import Sealed
from persistence.conditions import ConditionBody, ConditionRow
from persistence.documents import DocumentReferenceBody, DocumentReferenceRow
from persistence.encounters import EncounterBody, EncounterRow
from persistence.immunizations import ImmunizationBody, ImmunizationRow
from persistence.imported import Imported
from persistence.medications import MedicationRequestBody, MedicationRequestRow
from persistence.sealing import Key, Owner
from persistence.statements import Record
from persistence.store import Transaction

Written = tuple[dict[str, Any], Sealed]
"""A row's own columns in the clear, and its body."""
KEPT: Final = frozenset({"patient_id", "id", "key_id", "version", "body", "source_hash"})


class Noun(NamedTuple):
    """How one kind of thing is written."""

    attribute: str
    table: type[Imported]
    body: type[Sealed]
    write: Callable[[Any], Written]


def _encounter(sent: EncounterSent) -> Written:
    body = EncounterBody(sent.kind, sent.setting, sent.reason, sent.practitioner.display, sent.organization.display)
    return {"status": sent.status.value, "ended_at": sent.ended_at}, body


def _condition(sent: ConditionSent) -> Written:
    body = ConditionBody(sent.code, sent.onset, sent.abatement, sent.severity, sent.note, sent.practitioner.display)
    return _statuses(sent), body


def _allergy(sent: AllergySent) -> Written:
    body = AllergyBody(
        sent.code,
        sent.kind,
        sent.categories,
        sent.criticality,
        sent.reactions,
        sent.onset,
        sent.note,
        sent.practitioner.display,
    )
    return _statuses(sent), body


def _statuses(sent: ConditionSent | AllergySent) -> dict[str, Any]:
    return {"clinical_status": sent.clinical_status.value, "verification_status": sent.verification_status.value}


def _immunization(sent: ImmunizationSent) -> Written:
    body = ImmunizationBody(
        sent.vaccine, sent.given, sent.lot, sent.dose, sent.reason, sent.note, sent.practitioner.display
    )
    return {"status": sent.status.value}, body


def _medication(sent: MedicationSent) -> Written:
    body = MedicationRequestBody(sent.medication, sent.dosage, sent.reasons, sent.note, sent.practitioner.display)
    return {"status": sent.status.value, "intent": sent.intent.value}, body


def _document(sent: DocumentSent) -> Written:
    body = DocumentReferenceBody(
        sent.title, sent.kind, sent.content_type, sent.content, sent.url, sent.practitioner.display
    )
    return {"status": sent.status.value}, body


NOUNS: Final = (
    Noun("encounters", EncounterRow, EncounterBody, _encounter),
    Noun("conditions", ConditionRow, ConditionBody, _condition),
    Noun("allergies", AllergyRow, AllergyBody, _allergy),
    Noun("immunizations", ImmunizationRow, ImmunizationBody, _immunization),
    Noun("medications", MedicationRequestRow, MedicationRequestBody, _medication),
    Noun("documents", DocumentReferenceRow, DocumentReferenceBody, _document),
)
"""Encounters first: the others refer to them."""


async def file_record(tx: Transaction, directory: Directory, patient_id: int, sent: RecordSent, tally: Tally) -> None:
    """File what a bundle says of one person, results aside."""
    filing = _Filing(tx, directory, patient_id, await tx.keys.newest(Owner("patient", patient_id)), tally)
    for noun in NOUNS:
        told: tuple[Told, ...] = getattr(sent, noun.attribute)
        if told or noun.table is EncounterRow:
            await filing.file(noun, told)


class _Filing:
    """One person's rows being filed."""

    def __init__(self, tx: Transaction, directory: Directory, patient_id: int, key: Key, tally: Tally) -> None:
        self._tx = tx
        self._directory = directory
        self._patient_id = patient_id
        self._key = key
        self._tally = tally
        self._encounters: dict[bytes, int] = {}

    async def file(self, noun: Noun, told: tuple[Told, ...]) -> None:
        """File all of one kind; what is there already is read once, what is new is written at once."""
        known = await imported.of_patient(self._tx, noun.table, self._patient_id)
        if noun.table is EncounterRow:
            self._encounters = {name: row.id for name, row in known.items()}
        new: list[tuple[SQLModel, Sealed | None]] = []
        for sent in told:
            name = self._hash(sent.source)
            columns, body = await self._written(noun, sent, known.get(name))
            change = await self._filed(noun, known.get(name), name, columns, body, new)
            self._tally.note(sent, change)
        await self._tx.insert_all(new)

    async def _filed(
        self,
        noun: Noun,
        known: Record | None,
        name: bytes,
        columns: Mapping[str, Any],
        body: Sealed,
        new: list[tuple[SQLModel, Sealed | None]],
    ) -> Change:
        if known is None:
            row = noun.table(patient_id=self._patient_id, id=self._tx.new_id(), source_hash=name, **columns)
            if noun.table is EncounterRow:
                self._encounters[name] = row.id
            new.append((row, body))
            return Change.CREATED
        same = all(getattr(known, column) == value for column, value in columns.items())
        if same and await self._tx.opened(noun.table, noun.body, known) == body:
            return Change.UNCHANGED
        row = noun.table(patient_id=self._patient_id, id=known.id, version=known.version, source_hash=name, **columns)
        written = await self._tx.reseal(row, body)
        assert written, "imports are alone"
        return Change.CHANGED

    async def _written(self, noun: Noun, sent: Told, known: Record | None) -> Written:
        columns, body = noun.write(sent)
        columns["partner_id"] = self._directory.partner_id
        columns["recorded_at"] = sent.at or (known.recorded_at if known else self._tx.now)
        columns["practitioner_id"] = await self._directory.row_of(sent.practitioner)
        if isinstance(sent, EncounterSent):
            columns["organization_id"] = await self._directory.row_of(sent.organization)
        elif "encounter_id" in noun.table.model_fields:
            columns["encounter_id"] = self._encounter(sent.encounter)
        return columns, body

    def _encounter(self, link: Link) -> int | None:
        found = (self._encounters.get(self._hash(source)) for source in link.sources)
        return next((row_id for row_id in found if row_id is not None), None)

    def _hash(self, source: str) -> bytes:
        return self._key.hash(f"source|{self._directory.partner_id}|{source}")
