"""The verb: one bundle, one transaction."""

from collections.abc import Mapping
from typing import Any

from actions import access
from actions.call import Acting, Call, Ref, action
from actions.importing.directory import Directory
from actions.importing.people import person
from actions.importing.record import file_record
from actions.importing.results import file_results
from actions.importing.tally import Tally
from domain.access import Category, Permission
from domain.accounts import Role
from domain.audit import AuditAction, AuditEntry
from domain.errors import Forbidden
from domain.record import BundleSent, RecordSent
from persistence import imported, patients


async def take(call: Call, bundle: BundleSent) -> Tally:
    """File a bundle, all of it or nothing; what is known already is left alone, what has changed gets a new version.

    Raises:
        Forbidden: the caller isn't a record system's account.
        PatientUnknown: the bundle only names a person, and nobody here is known by that name.
        PatientAmbiguous: a person's numbers, birth date or sex don't lead to one person beyond doubt.
    """
    tally = Tally()
    await _take(call, tally, bundle=bundle)
    return tally


def _rows(given: Mapping[str, Any]) -> int:
    bundle: BundleSent = given["bundle"]
    return bundle.rows()


@action(AuditAction.IMPORT, ids=_rows)
async def _take(acting: Acting, tally: Tally, *, bundle: BundleSent) -> Ref:
    """File a bundle."""
    access.require_role(acting, Permission.IMPORT_RECORD)
    partner_id = _partner(acting)
    await imported.alone(acting.tx)
    directory = Directory(acting.tx, partner_id, tally)
    await directory.file(bundle)
    filed = [await _record(acting, directory, record, tally) for record in bundle.records]
    if not filed:
        acting.tx.audit(AuditEntry(AuditAction.IMPORT))
    return Ref(filed[0], filed[0]) if filed else Ref(0, 0)


async def _record(acting: Acting, directory: Directory, sent: RecordSent, tally: Tally) -> int:
    patient_id = await person(acting, directory.partner_id, sent.patient, tally)
    await patients.lock(acting.tx, patient_id)  # a laboratory may be filing for the same person
    await file_record(acting.tx, directory, patient_id, sent, tally)
    await file_results(acting.tx, directory, patient_id, sent, tally)
    about = (Category.PROFILE, Category.RECORD, Category.RESULTS)
    acting.tx.audit(AuditEntry(AuditAction.IMPORT, patient_id=patient_id, categories=about, subject_id=patient_id))
    return patient_id


def _partner(acting: Acting) -> int:
    places = acting.viewer.organizations(Role.RECORD_SYSTEM)
    if not places:
        raise Forbidden
    return places[0]
