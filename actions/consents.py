"""Giving and withdrawing consents."""

from collections.abc import Sequence
from datetime import datetime

from actions import access, factors
from actions.call import Acting, Ref, action
from domain.access import Category, Permission
from domain.audit import AuditAction, AuditEntry
from domain.consents import CURRENT, ConsentPurpose, ConsentText, agreed, shown
from domain.errors import InvalidInput, NotFound
from domain.events import Event, EventKind
from persistence import access as facts
from persistence import organizations, practitioners
from persistence.access import ConsentRow


@action(AuditAction.GIVE_CONSENT)
async def give(
    acting: Acting,
    *,
    patient_id: int,
    categories: Sequence[Category],
    practitioner_id: int | None = None,
    organization_id: int | None = None,
    until: datetime | None = None,
    purpose: ConsentPurpose = ConsentPurpose.TREATMENT,
    text_hash: bytes | None = None,
) -> Ref:
    """Open categories of a record to a practitioner or an organization.

    `text_hash` is the SHA-256 of the text that the person has read; without it, it is the one in the call's language.

    Raises:
        InvalidInput: nobody or both are named, nothing is opened, the end lies in the past, or the text is not the
            purpose's present one.
        NotFound: there is no such practitioner, organization or patient.
        StepUpNeeded: a second factor must be shown first; withdrawing needs none, so that it is never hindered.
    """
    tx = acting.tx
    _check(acting, categories, practitioner_id, organization_id, until)
    text = _text(acting, purpose, text_hash)
    await access.require(acting, Permission.GIVE_CONSENT, patient_id)
    factors.require_fresh(acting)
    if practitioner_id is not None and await practitioners.by_id(tx, practitioner_id) is None:
        raise NotFound("practitionerId")
    if organization_id is not None and await organizations.by_id(tx, organization_id) is None:
        raise NotFound("organizationId")
    row = ConsentRow(
        patient_id=patient_id,
        id=tx.new_id(),
        practitioner_id=practitioner_id,
        organization_id=organization_id,
        categories=facts.joined(frozenset(categories)),
        purpose=purpose.value,
        text_version=text.version,
        text_hash=text.hash,
        since=tx.now,
        until=until,
    )
    await tx.insert(row)
    _tell(acting, AuditAction.GIVE_CONSENT, patient_id, row.id)
    return Ref(patient_id, row.id)


@action(AuditAction.WITHDRAW_CONSENT)
async def withdraw(acting: Acting, *, patient_id: int, consent_id: int) -> Ref:
    """Withdraw a consent: the next field that its receiver asks for is closed; a second time changes nothing.

    Raises:
        NotFound: there is no such consent that the viewer may know of.
    """
    await access.require(acting, Permission.GIVE_CONSENT, patient_id)
    if await facts.consent(acting.tx, patient_id, consent_id) is None:
        raise NotFound("consentId")
    await facts.withdraw(acting.tx, patient_id, consent_id)
    _tell(acting, AuditAction.WITHDRAW_CONSENT, patient_id, consent_id)
    return Ref(patient_id, consent_id)


def _text(acting: Acting, purpose: ConsentPurpose, text_hash: bytes | None) -> ConsentText:
    """Return the text that was agreed to: only what is asked for today can be."""
    text = shown(purpose, acting.call.language) if text_hash is None else agreed(text_hash)
    if text is None or text.purpose is not purpose or text.version != CURRENT[purpose]:
        raise InvalidInput("textHash")
    return text


def _check(
    acting: Acting,
    categories: Sequence[Category],
    practitioner_id: int | None,
    organization_id: int | None,
    until: datetime | None,
) -> None:
    if not categories:
        raise InvalidInput("categories")
    if (practitioner_id is None) is (organization_id is None):
        raise InvalidInput("practitionerId")
    if until is not None and (until.tzinfo is None or until <= acting.tx.now):
        raise InvalidInput("until")


def _tell(acting: Acting, what: AuditAction, patient_id: int, consent_id: int) -> None:
    entry = AuditEntry(what, patient_id=patient_id, categories=(Category.CONSENTS,), subject_id=consent_id)
    acting.tx.audit(entry)
    acting.tx.emit(Event(EventKind.CONSENT_CHANGED, consent_id, patient_id=patient_id))
