"""What the withdrawal of a consent would stop, told before it is done; nothing is changed."""

from typing import NamedTuple

from actions.call import Call
from domain.access import CATEGORY, OF_THE_DOCTOR, Category, Ground, Permission, Rights
from domain.audit import AuditAction, AuditEntry
from domain.errors import Forbidden, NotFound, NotSignedIn
from persistence import access, sessions, withdrawing
from persistence.store import Snapshot
from persistence.withdrawing import Receiver


class Stop(NamedTuple):
    """What one doctor would no longer read, and what stays open to him."""

    practitioner_id: int
    name: str
    closes: tuple[Category, ...]
    keeps: tuple[Category, ...]
    ground: Ground | None
    """By what the rest stays open; None if nothing does."""
    sessions: int
    """Open sessions, in which what closes is closed at once, open streams included."""


async def foreseen(call: Call, *, patient_id: int, consent_id: int) -> list[Stop]:
    """Return what would stop for whom; recorded as a reading of the patient's consents.

    Raises:
        NotSignedIn: the session is over.
        NotFound: there is no such consent that the viewer may know of.
        Forbidden: the viewer may not give consents for the patient.
    """
    async with call.app.store.snapshot() as snapshot:
        rights = await _allowed(snapshot, call, patient_id)
        consent = await access.consent(snapshot, patient_id, consent_id)
        if consent is None:
            raise NotFound("consentId")
        found = [] if consent.withdrawn_at else await withdrawing.receivers(snapshot, consent)
        stops = [_stop(receiver, patient_id, snapshot) for receiver in found]
    entry = AuditEntry(
        AuditAction.READ,
        patient_id=patient_id,
        categories=(Category.CONSENTS,),
        subject_id=consent_id,
        ground=rights.ground(patient_id),
    )
    await call.app.audit.recorded([entry], call.origin(rights.viewer))
    return stops


async def _allowed(snapshot: Snapshot, call: Call, patient_id: int) -> Rights:
    viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
    if viewer is None:
        raise NotSignedIn
    rights = Rights(viewer, await access.facts(snapshot, viewer, [patient_id]), snapshot.now)
    decision = rights.decide(Permission.GIVE_CONSENT, patient_id)
    if not decision.allowed:
        raise Forbidden if decision.known else NotFound("consentId")
    return rights


def _stop(receiver: Receiver, patient_id: int, snapshot: Snapshot) -> Stop:
    """Ask the one decision twice: as things are, and as they would be."""
    now = _open(Rights(receiver.viewer, receiver.facts, snapshot.now), patient_id)
    rights = Rights(receiver.viewer, receiver.without, snapshot.now)
    then = _open(rights, patient_id)
    assert receiver.viewer.practitioner_id is not None
    return Stop(
        receiver.viewer.practitioner_id,
        receiver.name,
        tuple(category for category in now if category not in then),
        tuple(then),
        rights.ground(patient_id),
        receiver.sessions,
    )


def _open(rights: Rights, patient_id: int) -> list[Category]:
    found = {CATEGORY[permission] for permission in OF_THE_DOCTOR if rights.decide(permission, patient_id).allowed}
    return [category for category in Category if category in found]
