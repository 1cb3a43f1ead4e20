"""Signing in with both factors, and out."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

from actions import codes, factors
from actions.call import Acting, Call, Ref, action
from actions.factors import Shown
from domain.accounts import SignInMethod
from domain.audit import AuditAction, AuditEntry, Outcome
from domain.codes import Channel, Purpose
from domain.errors import InvalidInput, NotFound, TooManyAttempts, WrongCredentials
from domain.events import Event, EventKind
from persistence import accounts, sessions
from persistence.audit import Origin
from persistence.statements import Record
from persistence.store import Transaction
from security.tokens import digest, new_token


class Opened(NamedTuple):
    """A new session; its token is told once."""

    token: str
    expires_at: datetime


async def sign_in(call: Call, *, login: str, password: str, shown: Shown) -> Opened:
    """Open a session.

    Raises:
        WrongCredentials: the login, the password or the code is wrong, or the code was used; never says which.
        TooManyAttempts: for this account or this address, whether or not the account exists.
    """
    async with _recording(call, login):
        record = await _known(call, login, password)
        who = await _who(call, login)
        try:
            if shown.ticket is not None:
                await factors.counted(call, shown.ticket)
            opened = await _open(call, record.id, shown)
        except WrongCredentials:
            await call.app.attempts.failed(who)
            raise
        await call.app.attempts.succeeded(who)
        return opened


async def send_code(call: Call, *, login: str, password: str, channel: Channel) -> str:
    """Send a code to whoever knows the password; return the ticket that goes with it.

    Raises:
        WrongCredentials: the login or the password is wrong, or nothing goes this way to that account.
        TooManyAttempts: as for signing in, or too many codes were sent.
    """
    codes.require_way(call, channel)
    async with _recording(call, login, AuditAction.SEND_CODE):
        record = await _known(call, login, password)
        await call.app.attempts.succeeded(await _who(call, login))
        ticket = new_token()
        async with call.app.store.begin(auditor=_origin(call, record.id)) as tx:
            to = await _address(tx, record.id, channel)
            await codes.send(tx, call, Purpose.SIGN_IN, channel, to, ticket, record.id)
            tx.audit(AuditEntry(AuditAction.SEND_CODE, subject_id=record.id))
        return ticket


async def _address(tx: Transaction, account_id: int, channel: Channel) -> str:
    found = await accounts.opened(tx, account_id)
    to = codes.address(found[1], channel) if found else None
    if to is None:
        raise WrongCredentials
    return to


@asynccontextmanager
async def _recording(call: Call, login: str, what: AuditAction = AuditAction.SIGN_IN) -> AsyncGenerator[None]:
    """Record what is refused inside."""
    try:
        if not 1 <= len(login) <= 254:
            raise InvalidInput("login")
        yield
    except (InvalidInput, WrongCredentials, TooManyAttempts) as refusal:
        await _record_refusal(call, login[:254], refusal.code, what)
        refusal.recorded = True
        raise


async def _who(call: Call, login: str) -> str:
    async with call.app.store.snapshot() as snapshot:
        return (await accounts.name_hash(snapshot, login)).hex()


async def _known(call: Call, login: str, password: str) -> Record:
    """Return the account whose password this is; an attempt is reserved, and the caller says how it ended."""
    app = call.app
    async with app.store.snapshot() as snapshot:
        who = (await accounts.name_hash(snapshot, login)).hex()
        found = await accounts.by_name(snapshot, login)
    if await app.attempts.wait_seconds(who):
        raise TooManyAttempts
    if not await app.passwords.verify(password, (found[1].password_hash or None) if found else None) or found is None:
        await app.attempts.failed(who)
        raise WrongCredentials
    return found[0]


async def vouched(call: Call, account_id: int) -> Opened:
    """Open a session on the operator's own command line: whoever runs it holds the master keys anyway.

    It is signed in the log like any other, and lives no longer.
    """
    async with call.app.store.begin(auditor=_origin(call, account_id)) as tx:
        return await started(tx, account_id, SignInMethod.COMMAND)


async def started(tx: Transaction, account_id: int, method: SignInMethod) -> Opened:
    """Open a session for whoever has shown what it takes."""
    token = new_token()
    assert tx.auditor is not None, "a sign-in has an origin"
    session = await sessions.start(tx, account_id, digest(token))
    await accounts.note_sign_in(tx, account_id, tx.auditor, method)
    tx.audit(AuditEntry(AuditAction.SIGN_IN, subject_id=session.id))
    return Opened(token, session.expires_at)


def _origin(call: Call, account_id: int | None) -> Origin:
    return Origin(account_id, call.address, call.user_agent, call.operation)


async def _open(call: Call, account_id: int, shown: Shown) -> Opened:
    async with call.app.store.begin(auditor=_origin(call, account_id)) as tx:
        method = await factors.use(tx, account_id, shown, Purpose.SIGN_IN)
        return await started(tx, account_id, method)


async def _record_refusal(call: Call, login: str, reason: str, what: AuditAction) -> None:
    async with call.app.store.snapshot() as snapshot:
        found = await accounts.by_name(snapshot, login)
    origin = _origin(call, found[0].id if found else None)
    async with call.app.store.begin(auditor=origin) as tx:
        tx.audit(AuditEntry(what, Outcome.REFUSED, reason=reason))
        if found:
            await accounts.note_sign_in(tx, found[0].id, origin, None, reason)


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


@action(AuditAction.SIGN_OUT)
async def end(acting: Acting, *, session_id: int) -> Ref:
    """End a session of the viewer's own, wherever it is open; of one that is over nothing changes.

    Raises:
        NotFound: it is somebody else's, or there is none.
    """
    if await sessions.owner(acting.tx, session_id) != acting.viewer.account_id:
        raise NotFound("sessionId")
    await _end(acting, session_id)
    return Ref(0, session_id)


@action(AuditAction.SIGN_OUT)
async def end_others(acting: Acting) -> Ref:
    """End every session of the viewer's own but the one that asks."""
    for session_id in await sessions.others(acting.tx, acting.viewer.account_id, acting.viewer.session_id):
        await _end(acting, session_id)
    return Ref(0, acting.viewer.session_id)


async def _end(acting: Acting, session_id: int) -> None:
    if await sessions.end(acting.tx, session_id):
        acting.tx.audit(AuditEntry(AuditAction.SIGN_OUT, subject_id=session_id))
        acting.tx.emit(Event(EventKind.SESSION_ENDED, session_id, account_id=acting.viewer.account_id))


async def is_live(call: Call) -> bool:
    """Return whether the caller's token opens a session; asking doesn't prolong it."""
    if call.token_hash is None:
        return False
    async with call.app.store.snapshot() as snapshot:
        return await sessions.live(snapshot, call.token_hash) is not None
