"""A new password: judged, hashed outside the transaction, and in force at once everywhere."""

import asyncio
from collections.abc import Sequence

from actions import factors
from actions.app import App
from actions.call import Acting, Call, Ref, action
from domain.audit import AuditAction, AuditEntry
from domain.errors import NotSignedIn, TooManyAttempts, WeakPassword, WrongCredentials
from persistence import accounts, sessions
from persistence.accounts import AccountBody, AccountRow
from security.strength import Weakness, weakness


async def fault(app: App, password: str, own: Sequence[str | None]) -> str | None:
    """Return why a password isn't taken, or None."""
    weak = weakness(password, tuple(name for name in own if name))
    if weak is not None:
        return weak
    return Weakness.LEAKED if await asyncio.to_thread(app.leaked.knows, password) else None


async def hashed(app: App, password: str, own: Sequence[str | None], field: str) -> str:
    """Return the hash of a password that is strong enough.

    Raises:
        WeakPassword: it isn't; the suggestion says why.
    """
    weak = await fault(app, password, own)
    if weak is not None:
        raise WeakPassword(field, weak)
    return await app.passwords.hash(password)


async def change(call: Call, *, current: str, new: str) -> Ref:
    """Change the viewer's password; every session ends, this one too.

    Raises:
        WrongCredentials: the present password is another.
        WeakPassword: the new one is too weak, or has leaked.
        TooManyAttempts: the present one was guessed at too often.
        StepUpNeeded: a second factor must be shown first.
    """
    account_id, body = await _own(call)
    who = f"password|{account_id}"
    if await call.app.attempts.wait_seconds(who):
        raise TooManyAttempts
    right = await call.app.passwords.verify(current, body.password_hash or None)
    await (call.app.attempts.succeeded(who) if right else call.app.attempts.failed(who))
    weak = await fault(call.app, new, (body.name, body.phone, body.email)) if right else None
    ready = await call.app.passwords.hash(new) if right and weak is None else ""
    return await _change(call, was=body.password_hash if right else "", weak=weak, ready=ready)


@action(AuditAction.CHANGE_PASSWORD)
async def _change(acting: Acting, *, was: str, weak: str | None, ready: str) -> Ref:
    factors.require_fresh(acting)
    row, body = await factors.own(acting)
    if was != body.password_hash:
        raise WrongCredentials("currentPassword")
    if weak is not None:
        raise WeakPassword("newPassword", weak)
    await accounts.change(acting.tx, row, body, password_hash=ready)
    acting.tx.audit(AuditEntry(AuditAction.CHANGE_PASSWORD, subject_id=row.id))
    await factors.end_sessions(acting, this_one=True)
    return Ref(0, row.id)


async def _own(call: Call) -> tuple[int, AccountBody]:
    async with call.app.store.snapshot() as snapshot:
        viewer = await sessions.viewer(snapshot, call.token_hash) if call.token_hash else None
        record = await accounts.by_id(snapshot, viewer.account_id) if viewer else None
        if record is None:
            raise NotSignedIn
        return record.id, await snapshot.opened(AccountRow, AccountBody, record)
