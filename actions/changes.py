"""Changes of personal data: the form checked, the approved change applied to the profile."""

from datetime import date
from typing import Any

import msgspec

from domain.changes import ATTRIBUTES, SYSTEMS, ChangeCategory, Values, faults, normal, number
from domain.errors import InvalidInput, NotFound, PatientAmbiguous
from domain.patients import Sex
from persistence import patients
from persistence.patients import PatientIdentifierBody, PatientIdentifierRow
from persistence.requests import PatientRequestBody
from persistence.store import Transaction


def checked(category: ChangeCategory, values: Values, today: date) -> Values:
    """Return a form in normal form.

    Raises:
        InvalidInput: something is wrong; `others` has the further faults, each with what was probably meant.
    """
    found = faults(category, values, today)
    if found:
        first, *others = (InvalidInput(f"values.{fault.field}", fault.proposal or fault.code) for fault in found)
        first.others = tuple(others)
        raise first
    return normal(category, values, today)


async def apply(tx: Transaction, patient_id: int, asked: PatientRequestBody) -> Values:
    """Write an approved change into the profile; return what the same fields held before.

    Raises:
        PatientAmbiguous: the new number is another person's.
    """
    category = ChangeCategory(asked.category or "")
    await patients.lock(tx, patient_id)
    if category in SYSTEMS:
        return await _number(tx, patient_id, SYSTEMS[category], asked.values)
    found = await patients.by_id(tx, patient_id)
    if found is None:
        raise NotFound
    record, body = found
    former = tuple((name, _told(getattr(body, ATTRIBUTES[name]))) for name, _ in asked.values)
    new = msgspec.structs.replace(body, **{ATTRIBUTES[name]: _typed(name, value) for name, value in asked.values})
    await tx.reseal(patients.row_of(record), new)
    return former


async def _number(tx: Transaction, patient_id: int, system: str, values: Values) -> Values:
    value = number(values)
    if set(await patients.by_identifier(tx, system, value)) - {patient_id}:
        raise PatientAmbiguous
    value_hash = await patients.identifier_hash(tx, system, value)
    found = await patients.identifier(tx, patient_id, system)
    if found is None:
        row = PatientIdentifierRow(patient_id=patient_id, id=tx.new_id(), system=system, value_hash=value_hash)
        await tx.insert(row, PatientIdentifierBody(value))
        return (("number", None),)
    row, body = found
    row.value_hash = value_hash
    await tx.reseal(row, PatientIdentifierBody(value))
    return (("number", body.value),)


def _typed(name: str, value: str | None) -> Any:
    if value is not None and name == "birthDate":
        return date.fromisoformat(value)
    return Sex(value) if value is not None and name == "sex" else value


def _told(value: Any) -> str | None:
    return None if value is None else str(value)
