"""The person of a record: found beyond doubt, or entered anew, or refused."""

import msgspec

from actions import access, registry, results
from actions.call import Acting
from actions.importing.tally import Change, Tally
from actions.registry import Person
from domain.access import Permission
from domain.errors import PatientAmbiguous, PatientUnknown
from domain.record import PatientSent
from persistence import imported, patients
from persistence.imported import SourceRow
from persistence.patients import PatientBody, PatientRow
from persistence.sealing import Owner
from persistence.store import Transaction


async def person(acting: Acting, partner_id: int, sent: PatientSent, tally: Tally) -> int:
    """Return the patient whom a bundle means, entered here if nobody is.

    Numbers come first, then the partner's own name for the person; both must lead to one and the same, and birth date
    and sex must agree. Only the partner from whose data a person was entered here may correct them, and only when the
    partner itself says something new: what the person has changed here since stays.

    Raises:
        PatientUnknown: the bundle only names the person, and nobody here is known by that name.
        PatientAmbiguous: it isn't beyond doubt.
    """
    tx = acting.tx
    name = await imported.source_hash(tx, partner_id, sent.source)
    known = await imported.find(tx, name)
    patient_id = await _found(tx, known.row_id if known else None, sent)
    if patient_id is None:
        return await _entered(acting, name, sent, tally)
    await access.require(acting, Permission.IMPORT_RECORD, patient_id)
    if not sent.described:
        return patient_id
    content = await _content(tx, patient_id, sent)
    changed = await _add_numbers(tx, patient_id, sent)
    if known is None:
        await tx.insert(SourceRow(source_hash=name, row_id=patient_id, content_hash=content))
    elif known.content_hash != content:
        changed = (known.registered and await _correct(tx, patient_id, sent)) or changed
        await imported.say(tx, name, content)
    tally.note(sent, Change.CHANGED if changed else Change.UNCHANGED)
    return patient_id


async def _entered(acting: Acting, name: bytes, sent: PatientSent, tally: Tally) -> int:
    if not sent.described:
        raise PatientUnknown(sent.place)
    tx = acting.tx
    patient_id = await registry.add_patient(tx, _person(sent))
    await access.require(acting, Permission.IMPORT_RECORD, patient_id)
    content = await _content(tx, patient_id, sent)
    await tx.insert(SourceRow(source_hash=name, row_id=patient_id, registered=True, content_hash=content))
    tally.note(sent, Change.CREATED)
    return patient_id


async def _found(tx: Transaction, by_name: int | None, sent: PatientSent) -> int | None:
    """Return the person whom numbers and the partner's name lead to; None if they lead to nobody."""
    try:
        by_number: int | None = await results.find(tx, sent.named())
    except PatientUnknown:
        by_number = None
    except PatientAmbiguous:
        raise PatientAmbiguous(f"{sent.place}.identifier") from None
    if by_name is None:
        return by_number
    known = await patients.by_id(tx, by_name)
    if by_number not in (None, by_name) or known is None or not results.agrees(sent.named(), known[1]):
        raise PatientAmbiguous(sent.place)
    if by_number is None and await _contradicts(tx, by_name, sent):
        raise PatientAmbiguous(f"{sent.place}.identifier")
    return by_name


async def _contradicts(tx: Transaction, patient_id: int, sent: PatientSent) -> bool:
    """Return whether a system that gave the person one number is now said to have given another one only."""
    systems = {system for system, _ in await patients.identifiers(tx, patient_id)}
    return any(system in systems for system, _ in sent.identifiers)


async def _add_numbers(tx: Transaction, patient_id: int, sent: PatientSent) -> bool:
    known = set(await patients.identifiers(tx, patient_id))
    new = [
        (system, value)
        for system, value in sent.identifiers
        if (system, await patients.identifier_hash(tx, system, value)) not in known
    ]
    await registry.add_identifiers(tx, patient_id, new)
    return bool(new)


async def _correct(tx: Transaction, patient_id: int, sent: PatientSent) -> bool:
    known = await patients.by_id(tx, patient_id)
    body = _body(sent)
    if known is None or known[1] == body:
        return False
    record = known[0]
    row = PatientRow(patient_id=patient_id, id=patient_id, version=record.version, created_at=record.created_at)
    return await tx.reseal(row, body)


async def _content(tx: Transaction, patient_id: int, sent: PatientSent) -> bytes:
    key = await tx.keys.newest(Owner("patient", patient_id))
    return key.hash(f"person|{msgspec.json.encode((_body(sent), sent.identifiers)).decode()}")


def _person(sent: PatientSent) -> Person:
    return Person(
        sent.family,
        sent.given,
        sent.patronymic,
        sent.birth_date,
        sent.sex,
        sent.phone,
        sent.email,
        sent.address,
        sent.identifiers,
    )


def _body(sent: PatientSent) -> PatientBody:
    return PatientBody(
        sent.family,
        sent.given,
        sent.patronymic,
        sent.birth_date,
        sent.sex,
        sent.phone,
        sent.email,
        sent.address,
    )
