"""Taking other systems' messages: stored sealed first, then applied and answered in one transaction, once."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from actions import results
from actions.call import Acting, Call
from domain.access import Facts, Rights, StaffPermission
from domain.accounts import Viewer
from domain.audit import REPEATED, AuditAction, AuditEntry, Outcome
from domain.errors import Forbidden, InvalidInput, NotFound, NotSignedIn, PatientAmbiguous, PatientUnknown
from domain.messages import Filing, MessageReason, MessageState, Received, state_of
from persistence import accounts, messages, patients, sessions
from persistence.ids import IDS_AHEAD
from persistence.messages import Hashes, InboundMessageBody, InboundMessageRow
from persistence.statements import Record
from persistence.store import Snapshot, Transaction

logger = logging.getLogger(__name__)

MOST_LISTED: Final = 100
Understand = Callable[[bytes], Received]
"""How a door understands a message; pure."""


class Sender(NamedTuple):
    """Whom a door speaks for: whose session it is, or the partner that a listener is set up for."""

    call: Call
    account_id: int | None = None

    async def viewer(self, snapshot: Snapshot) -> Viewer:
        """Return the partner as it stands now.

        Raises:
            NotSignedIn: the session is over, the account is disabled.
        """
        if self.account_id is None:
            token = self.call.token_hash
            found = await sessions.viewer(snapshot, token) if token else None
        else:
            found = await _partner(snapshot, self.account_id)
        if found is None:
            raise NotSignedIn
        return found


class MessageSeen(NamedTuple):
    """What an operator sees of a message: nothing of its content."""

    id: int
    organization_id: int
    kind: str
    state: MessageState
    reason: MessageReason | None
    received_at: datetime


class _Kept(NamedTuple):
    """A message that is stored, and the acknowledgement if it was given before."""

    id: int
    viewer: Viewer
    acknowledgement: bytes


async def receive(sender: Sender, message: Received) -> bytes:
    """Store a message, apply it, and return its one acknowledgement; a repeat gets the first one's.

    Raises:
        NotSignedIn: nobody is known to be sending.
        Forbidden: the sender is no laboratory and no record system; nothing is stored.
    """
    kept = await _keep(sender, message)
    if kept.acknowledgement:
        return kept.acknowledgement
    return await _apply(sender, kept, message)


async def refused(sender: Sender, reason: str) -> None:
    """Record that a message was turned away at the door, unread."""
    call = sender.call
    async with call.app.store.snapshot() as snapshot:
        try:
            viewer: Viewer | None = await sender.viewer(snapshot)
        except NotSignedIn:
            viewer = None
    entry = AuditEntry(AuditAction.TAKE_MESSAGE, Outcome.REFUSED, reason=reason)
    await call.app.audit.recorded([entry], call.origin(viewer))


async def replay(call: Call, message_id: int, understand: Understand) -> MessageSeen:
    """Apply a stored message that was not applied, in its sender's name and by the operator's hand.

    What is read now decides: the person may have been registered since, or the program may understand more.

    Raises:
        NotSignedIn: the session is over.
        Forbidden: the viewer is no operator.
        NotFound: there is no such message.
    """
    async with call.app.store.snapshot() as snapshot:
        operator = await _operator(snapshot, call)
        record = await messages.by_id(snapshot, message_id)
        if record is None:
            raise NotFound("message")
        message = understand((await messages.body_of(snapshot, record)).raw)
    async with call.app.store.begin(ids=_ids(message), auditor=call.origin(operator)) as tx:
        await _operator(tx, call)
        found = await messages.locked(tx, message_id)
        assert found is not None, "messages are never deleted"
        if found.state in messages.OPEN:
            partner = await _partner(tx, found.account_id)
            reason = await _outcome(tx, partner, call, message, found.received_at)
            await _settle(tx, found, message, reason)
            seen = _seen(found)._replace(state=state_of(reason), reason=reason)
        else:
            seen = _seen(found)
        tx.audit(AuditEntry(AuditAction.REPLAY_MESSAGE, subject_id=message_id, reason=seen.reason))
        return seen


async def unapplied(call: Call, state: MessageState, after: int = 0) -> list[MessageSeen]:
    """Return messages in a state, oldest first, for an operator.

    Raises:
        NotSignedIn: the session is over.
        Forbidden: the viewer is no operator.
    """
    async with call.app.store.snapshot() as snapshot:
        await _operator(snapshot, call)
        return [_seen(row) for row in await messages.in_state(snapshot, state, after, MOST_LISTED)]


async def recover(sender: Sender, understand: Understand) -> int:
    """Apply what this sender's messages left half done when the process died; return how many there were."""
    assert sender.account_id is not None
    store, done, last = sender.call.app.store, 0, 0
    while True:
        async with store.snapshot() as snapshot:
            page = await messages.in_state(snapshot, MessageState.RECEIVED, last, MOST_LISTED)
        if not page:
            return done
        last = page[-1].id
        for found in page:
            if found.account_id == sender.account_id:
                done += await _recovered(sender, found.id, understand)


async def partner_named(snapshot: Snapshot, login: str) -> int | None:
    """Return the account of the partner that signs in by this name: how an operator names one in the settings."""
    found = await accounts.by_name(snapshot, login)
    return None if found is None else int(found[0].id)


async def _recovered(sender: Sender, message_id: int, understand: Understand) -> bool:
    """Apply one; one that fails stays as it is, and keeps neither the others nor the listener back."""
    async with sender.call.app.store.snapshot() as snapshot:
        viewer = await sender.viewer(snapshot)
        record = await messages.by_id(snapshot, message_id)
        assert record is not None, "messages are never deleted"
        raw = (await messages.body_of(snapshot, record)).raw
    try:
        await _apply(sender, _Kept(message_id, viewer, b""), understand(raw))
    except Exception as error:  # noqa: BLE001 - its text may hold health data
        logger.error("message %d was not applied: %s", message_id, type(error).__name__)
        return False
    return True


async def _keep(sender: Sender, message: Received) -> _Kept:
    """Store a message in a transaction of its own; what can't be applied anyway is answered in the same one."""
    store = sender.call.app.store
    async with store.snapshot() as snapshot:
        viewer = await sender.viewer(snapshot)
    async with store.begin(auditor=sender.call.origin(viewer)) as tx:
        viewer = await sender.viewer(tx)
        organization_id = results.laboratory(viewer)
        if sender.account_id is None:
            await sessions.seen_now(tx, viewer)
        known = await messages.hashes(tx, organization_id, message.identity, message.content)
        kept = await _claimed(tx, viewer, organization_id, known, message)
        if kept is not None:
            return kept
        before = await messages.by_identity(tx, organization_id, known.identity)
        assert before is not None, "an identity that was claimed is found"
        if before.content_hash == known.content:
            tx.audit(AuditEntry(AuditAction.TAKE_MESSAGE, subject_id=before.id, reason=REPEATED))
            return _Kept(before.id, viewer, (await messages.body_of(tx, before)).acknowledgement)
        return await _reused(tx, viewer, organization_id, known, message)


async def _reused(tx: Transaction, viewer: Viewer, organization_id: int, known: Hashes, message: Received) -> _Kept:
    """Keep another message that came under a control id already used: a human decides, nothing is lost."""
    conflict = Received(
        message.raw,
        message.identity,
        message.content,
        message.answer,
        message.kind,
        reason=message.reason or MessageReason.CONTROL_ID_REUSED,
    )
    kept = await _claimed(tx, viewer, organization_id, known._replace(identity=known.reused), conflict)
    if kept is not None:
        return kept
    before = await messages.by_identity(tx, organization_id, known.reused)
    assert before is not None, "an identity that was claimed is found"
    return _Kept(before.id, viewer, (await messages.body_of(tx, before)).acknowledgement)


async def _claimed(
    tx: Transaction, viewer: Viewer, organization_id: int, known: Hashes, message: Received
) -> _Kept | None:
    """Add the row, already settled if the door saw that it can't be applied; None if its identity was claimed."""
    settled = message.reason is not None
    row = InboundMessageRow(
        id=tx.new_id(),
        organization_id=organization_id,
        account_id=viewer.account_id,
        identity_hash=known.identity,
        content_hash=known.content,
        kind=message.kind[:16],
        state=(state_of(message.reason) if settled else MessageState.RECEIVED).value,
        reason=message.reason.value if message.reason else None,
        received_at=tx.now,
        settled_at=tx.now if settled else None,
    )
    acknowledgement = message.answer(message.reason) if settled else b""
    if not await tx.claim(row, InboundMessageBody(message.raw, acknowledgement)):
        return None
    if message.reason is not None:
        _refused(tx, row.id, message.reason)
    return _Kept(row.id, viewer, acknowledgement)


async def _apply(sender: Sender, kept: _Kept, message: Received) -> bytes:
    """Apply a stored message and mark it, in one transaction; one that is no longer open has its answer."""
    store = sender.call.app.store
    async with store.begin(ids=_ids(message), auditor=sender.call.origin(kept.viewer)) as tx:
        viewer = await sender.viewer(tx)
        found = await messages.locked(tx, kept.id)
        assert found is not None, "messages are never deleted"
        if found.state != MessageState.RECEIVED:
            return (await messages.body_of(tx, found)).acknowledgement
        reason = await _outcome(tx, viewer, sender.call, message, found.received_at)
        return await _settle(tx, found, message, reason)


async def _settle(tx: Transaction, found: Record, message: Received, reason: MessageReason | None) -> bytes:
    """Mark a message with how it ended; return its acknowledgement, which is kept for repeats."""
    body = InboundMessageBody(message.raw, message.answer(reason))
    state = state_of(reason).value
    assert await messages.settle(tx, found, body, state=state, reason=reason.value if reason else None)
    if reason is not None:
        _refused(tx, found.id, reason)
    elif not tx.entries:  # the same version again: nothing was filed, the answer has its entry all the same
        tx.audit(AuditEntry(AuditAction.TAKE_MESSAGE, subject_id=found.id, reason=REPEATED))
    return body.acknowledgement


async def _outcome(
    tx: Transaction, partner: Viewer | None, call: Call, message: Received, received_at: datetime
) -> MessageReason | None:
    """File what a message says; all of it, or nothing with the reason why."""
    if message.reason is not None:
        return message.reason
    if partner is None:
        return MessageReason.SENDER_NOT_ALLOWED
    acting = Acting(tx, partner, call)
    try:
        admitted = [(await results.admit(acting, filing.person, filing.reports), filing) for filing in message.filings]
    except PatientUnknown:
        return MessageReason.PATIENT_UNKNOWN
    except PatientAmbiguous:
        return MessageReason.PATIENT_AMBIGUOUS
    except InvalidInput:
        return MessageReason.CONTENT_INVALID
    except (Forbidden, NotFound):
        return MessageReason.SENDER_NOT_ALLOWED
    for patient_id in sorted({patient_id for patient_id, _ in admitted}):
        await patients.lock(tx, patient_id)
    for patient_id, filing in admitted:
        for report in filing.reports:
            await results.file(tx, patient_id, results.laboratory(partner), report, received_at)
    return None


def _refused(tx: Transaction, message_id: int, reason: MessageReason) -> None:
    tx.audit(AuditEntry(AuditAction.TAKE_MESSAGE, Outcome.REFUSED, subject_id=message_id, reason=reason.value))


def _ids(message: Received) -> int:
    """Return how many ids applying a message may take."""
    return IDS_AHEAD + sum(_size(filing) for filing in message.filings)


def _size(filing: Filing) -> int:
    return sum(6 + len(report.observations) for report in filing.reports)


async def _partner(snapshot: Snapshot, account_id: int) -> Viewer | None:
    """Return a partner's account as a viewer; a machine on a listener has no session."""
    record = await accounts.by_id(snapshot, account_id)
    if record is None or record.disabled_at is not None:
        return None
    roles = await accounts.roles(snapshot, account_id)
    return Viewer(account_id, 0, accounts.level_of(record), roles=roles)


async def _operator(snapshot: Snapshot, call: Call) -> Viewer:
    viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
    if viewer is None:
        raise NotSignedIn
    if not Rights(viewer, Facts(), snapshot.now).staff(StaffPermission.HANDLE_MESSAGES).allowed:
        raise Forbidden
    return viewer


def _seen(record: Record) -> MessageSeen:
    reason = MessageReason(record.reason) if record.reason else None
    return MessageSeen(
        record.id, record.organization_id, record.kind, MessageState(record.state), reason, record.received_at
    )
