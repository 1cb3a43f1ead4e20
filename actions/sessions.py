"""Signing in with both factors, and out."""

from datetime import datetime
from typing import NamedTuple

from actions.call import Call
from domain.audit import AuditAction, AuditEntry, Outcome
from domain.errors import InvalidInput, TooManyAttempts, WrongCredentials
from domain.events import Event, EventKind
from persistence import accounts, sessions
from persistence.accounts import AccountBody
from persistence.audit import Origin
from persistence.statements import Record
from persistence.store import Transaction
from security import totp
from security.tokens import digest, new_token


class Opened(NamedTuple):
    """A new session; its token is told once."""

    token: str
    expires_at: datetime


async def sign_in(call: Call, *, login: str, password: str, code: str) -> Opened:
    """Open a session.

    Raises:
        WrongCredentials: the login, the password or the code is wrong, or the code was used; never says which.
        TooManyAttempts: for this account or this address, whether or not the account exists.
    """
    if not 1 <= len(login) <= 254:
        raise InvalidInput("login")
    try:
        return await _sign_in(call, login, password, code)
    except (WrongCredentials, TooManyAttempts) as refusal:
        await _record_refusal(call, login, refusal.code)
        raise


async def _sign_in(call: Call, login: str, password: str, code: str) -> Opened:
    app = call.app
    async with app.store.snapshot() as snapshot:
        who = (await accounts.name_hash(snapshot, login)).hex()
        found = await accounts.by_name(snapshot, login)
    if await app.attempts.wait_seconds(who):
        raise TooManyAttempts
    try:
        if not await app.passwords.verify(password, found[1].password_hash if found else None) or found is None:
            raise WrongCredentials
        opened = await _open(call, found[0], found[1], code)
    except WrongCredentials:
        await app.attempts.failed(who)
        raise
    await app.attempts.succeeded(who)
    return opened


async def vouched(call: Call, account_id: int) -> Opened:
    """Open a session on the operator's own command line: whoever runs it holds the master keys anyway.

    It is signed in the log like any other, and lives no longer.
    """
    token = new_token()
    origin = Origin(account_id, call.address, call.user_agent, call.operation)
    async with call.app.store.begin(auditor=origin) as tx:
        session = await sessions.start(tx, account_id, digest(token))
        tx.audit(AuditEntry(AuditAction.SIGN_IN, subject_id=session.id))
    return Opened(token, session.expires_at)


async def _open(call: Call, account: Record, body: AccountBody, code: str) -> Opened:
    token = new_token()
    origin = Origin(account.id, call.address, call.user_agent, call.operation)
    async with call.app.store.begin(auditor=origin) as tx:
        await _use_code(tx, account.id, body.totp_secret, code)
        session = await sessions.start(tx, account.id, digest(token))
        tx.audit(AuditEntry(AuditAction.SIGN_IN, subject_id=session.id))
    return Opened(token, session.expires_at)


async def _use_code(tx: Transaction, account_id: int, secret: str, code: str) -> None:
    step = totp.matching_step(secret, code, tx.now)
    if step is None or not await accounts.use_step(tx, account_id, step):
        raise WrongCredentials


async def _record_refusal(call: Call, login: str, reason: str) -> None:
    async with call.app.store.snapshot() as snapshot:
        found = await accounts.by_name(snapshot, login)
    origin = Origin(found[0].id if found else None, call.address, call.user_agent, call.operation)
    async with call.app.store.begin(auditor=origin) as tx:
        tx.audit(AuditEntry(AuditAction.SIGN_IN, Outcome.REFUSED, reason=reason))


async def sign_out(call: Call) -> bool:
    """End the caller's session; False if it was over. Its streams end within a second."""
    if call.token_hash is None:
        return False
    async with call.app.store.snapshot() as snapshot:
        viewer = await sessions.viewer(snapshot, call.token_hash)
    if viewer is None:
        return False
    async with call.app.store.begin(auditor=call.origin(viewer)) as tx:
        ended = await sessions.end(tx, viewer.session_id)
        tx.audit(AuditEntry(AuditAction.SIGN_OUT, subject_id=viewer.session_id))
        tx.emit(Event(EventKind.SESSION_ENDED, viewer.session_id, account_id=viewer.account_id))
    return ended


async def is_live(call: Call) -> bool:
    """Return whether the caller's token opens a session; asking doesn't prolong it."""
    if call.token_hash is None:
        return False
    async with call.app.store.snapshot() as snapshot:
        return await sessions.live(snapshot, call.token_hash) is not None
