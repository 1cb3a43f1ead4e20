"""Whether a stream may begin; every event of it is decided anew (`actions/delivering.py`)."""

from collections.abc import Iterable

from actions.call import Call
from domain.access import CATEGORY, Permission, Rights
from domain.audit import AuditAction, AuditEntry, Outcome
from domain.errors import Forbidden, NotFound, NotSignedIn, Refusal
from domain.events import GATE, EventKind
from persistence import access


async def require_watchable(
    call: Call, rights: Rights, kinds: Iterable[EventKind], patient_id: int | None, *, allowed: bool
) -> None:
    """Check that a viewer may hear of some kinds of events, of a patient if one is named; a refusal is recorded.

    Raises:
        NotSignedIn: it isn't public.
        Forbidden: the viewer may not (`allowed`: what the roles say), or may not of this patient.
        NotFound: the viewer may not learn that there is such a patient.
    """
    if not allowed:
        refusal: Refusal = Forbidden() if rights.viewer else NotSignedIn()
        await _refuse(call, rights, AuditEntry(AuditAction.ASK_FIELD, Outcome.REFUSED, reason=refusal.code), refusal)
    if patient_id is None:
        return
    async with call.app.store.snapshot() as snapshot:
        facts = await access.facts(snapshot, rights.viewer, [patient_id])
        on_patient = Rights(rights.viewer, facts, snapshot.now)
    gates = [GATE[kind] for kind in kinds if kind in GATE]
    if any(on_patient.decide(gate, patient_id).allowed for gate in gates):
        return
    await _refuse(call, rights, _entry(gates, patient_id), _why(on_patient, gates, patient_id))


def _entry(gates: Iterable[Permission], patient_id: int) -> AuditEntry:
    categories = tuple(sorted({CATEGORY[gate] for gate in gates}))
    return AuditEntry(AuditAction.READ, Outcome.REFUSED, patient_id, categories, reason=Forbidden.code)


def _why(rights: Rights, gates: Iterable[Permission], patient_id: int) -> Refusal:
    known = any(rights.decide(gate, patient_id).known for gate in gates)
    return Forbidden("patientId") if known else NotFound("patientId")


async def _refuse(call: Call, rights: Rights, entry: AuditEntry, refusal: Refusal) -> None:
    await call.app.audit.recorded([entry], call.origin(rights.viewer))
    raise refusal
