"""Proof of the audit log: checkpoints, and for a patient every entry about them, with nothing missing between."""

import base64
from collections.abc import Sequence
from typing import Final, NamedTuple

from actions.app import App
from actions.call import Call
from domain.access import Category, Permission, Rights
from domain.audit import AuditAction, AuditEntry
from domain.errors import Forbidden, NotFound, NotSignedIn
from persistence import access, ledger, sessions
from persistence.audit import AuditBody, AuditRow
from persistence.ledger import SIGNER
from persistence.ledger_leaf import leaf_of
from persistence.statements import Record
from persistence.store import Snapshot
from persistence.trees import Tree
from security.notes import Checkpoint, Signer, checkpoint_text

MOST: Final = 100
CHAIN: Final = "medkabinet audit chain v1"


class Proved(NamedTuple):
    """An entry as the log commits to it, what opens its told part, and the proof that it is in the tree."""

    number: int
    patient_number: int
    leaf: str
    told: str
    salt: str
    """Base64."""
    proof: Sequence[str]
    """Base64, from the leaf up."""


class Bundle(NamedTuple):
    """What a patient can have checked, here or by a program of their own (`clients/verifier`)."""

    verifier: str
    checkpoint: str
    chain: str
    """Signed: how many entries there are about the patient, and the hash of the last."""
    entries: Sequence[Proved]
    """Of the chain, from the asked place on."""


async def signer(app: App) -> Signer:
    """Return the key that signs checkpoints, made at its first use."""
    return Signer(app.log_name, (await app.store.keys.newest(SIGNER)).lookup)


async def checkpoint(snapshot: Snapshot, key: Signer, size: int) -> str:
    """Return the signed checkpoint of a size of the log."""
    root = await Tree(snapshot, size).root()
    return key.sign(checkpoint_text(Checkpoint(key.name, size, root)))


async def bundle(call: Call, *, patient_id: int, after: int = 0, first: int = MOST) -> Bundle:
    """Return entries about a patient with their proofs under a fresh checkpoint; recorded like any reading.

    Raises:
        NotSignedIn: the session is over.
        NotFound: the viewer may not learn that there is such a record.
        Forbidden: the viewer may not see who has opened it.
    """
    key = await signer(call.app)
    async with call.app.store.snapshot() as snapshot:
        rights = await _allowed(snapshot, call, patient_id)
        made = await _bundle(snapshot, key, patient_id, after, min(first, MOST))
    entry = AuditEntry(
        AuditAction.PROVE,
        patient_id=patient_id,
        categories=(Category.ACCESS_LOG,),
        ground=rights.ground(patient_id),
    )
    await call.app.audit.recorded([entry], call.origin(rights.viewer))
    return made


async def grown(call: Call, *, older: int) -> tuple[str, str, list[str]]:
    """Return the public key, a fresh checkpoint, and the proof that the log begins with its self of an older size."""
    key = await signer(call.app)
    async with call.app.store.snapshot() as snapshot:
        size = await ledger.size(snapshot)
        note = await checkpoint(snapshot, key, size)
        return key.verifier, note, _texts(await Tree(snapshot, size).consistency(older))


async def _allowed(snapshot: Snapshot, call: Call, patient_id: int) -> Rights:
    viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
    if viewer is None:
        raise NotSignedIn
    rights = Rights(viewer, await access.facts(snapshot, viewer, [patient_id]), snapshot.now)
    decision = rights.decide(Permission.READ_ACCESS_LOG, patient_id)
    if not decision.allowed:
        raise Forbidden if decision.known else NotFound("patientId")
    return rights


async def _bundle(snapshot: Snapshot, key: Signer, patient_id: int, after: int, first: int) -> Bundle:
    size = await ledger.size(snapshot)
    head = await ledger.head(snapshot, patient_id, size)
    tree = Tree(snapshot, size)
    note = key.sign(checkpoint_text(Checkpoint(key.name, size, await tree.root())))
    chain = "\n".join([CHAIN, key.name, str(patient_id), str(head.number), head.hash.hex(), str(size)]) + "\n"
    rows = await ledger.of_patient(snapshot, patient_id, size, after, first)
    return Bundle(key.verifier, note, key.sign(chain), [await _proved(snapshot, tree, row) for row in rows])


async def _proved(snapshot: Snapshot, tree: Tree, row: Record) -> Proved:
    link = await ledger.link_before(snapshot, row.patient_id, row.patient_number)
    leaf = leaf_of(row, await snapshot.opened(AuditRow, AuditBody, row), link)
    return Proved(
        row.number,
        row.patient_number,
        leaf.text.decode(),
        leaf.told.text.decode(),
        base64.b64encode(leaf.told.salt).decode(),
        _texts(await tree.inclusion(row.number)),
    )


def _texts(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(found).decode() for found in hashes]
