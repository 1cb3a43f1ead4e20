"""The second factor: an authenticator's code, a code that was sent, or one of those kept for a bad day."""

import hmac
from typing import Final, NamedTuple

from actions import codes
from actions.call import Acting, Call, Ref, action
from domain.accounts import SignInMethod
from domain.audit import AuditAction, AuditEntry
from domain.codes import Channel, Purpose
from domain.errors import InvalidInput, NotFound, StepUpNeeded, TooManyAttempts, WrongCode, WrongCredentials
from domain.events import Event, EventKind
from persistence import accounts, sessions
from persistence.accounts import AccountBody, AccountRow
from persistence.sealing import SYSTEM
from persistence.store import Transaction
from security import totp
from security.codes import new_recovery_codes, recovery_code
from security.tokens import digest, new_token

STEP_UP: Final = "stepUp"
"""What helps against `STEP_UP`: the mutation's name."""


class Shown(NamedTuple):
    """What somebody shows as second factor."""

    code: str
    ticket: str | None = None
    """Where the code was sent: what `sendSignInCode` or `sendStepUpCode` answered."""
    channel: Channel = Channel.SMS


def require_fresh(acting: Acting) -> None:
    """Check that the person has shown a second factor lately: for acts that a stolen session must not do.

    Raises:
        StepUpNeeded: they haven't.
    """
    if not acting.viewer.proved(acting.tx.now):
        raise StepUpNeeded(suggestion=STEP_UP)


async def use(tx: Transaction, account_id: int, shown: Shown, purpose: Purpose) -> SignInMethod:
    """Claim a second factor; each works once.

    Raises:
        WrongCredentials: it is none of this account's.
    """
    found = await accounts.opened(tx, account_id)
    if found is None:
        raise WrongCredentials
    row, body = found
    if shown.ticket is not None:
        return await _use_sent(tx, account_id, shown, purpose)
    kept = recovery_code(shown.code)
    if kept is not None:
        await _use_kept(tx, row, body, kept)
        return SignInMethod.PASSWORD_AND_RECOVERY
    await use_app(tx, account_id, body.totp_secret, shown.code)
    return SignInMethod.PASSWORD_AND_APP


async def use_app(tx: Transaction, account_id: int, secret: str, code: str) -> None:
    """Claim an authenticator's code.

    Raises:
        WrongCredentials: it is wrong or was used, or there is no authenticator.
    """
    step = totp.matching_step(secret, code, tx.now) if secret else None
    if step is None or not await accounts.use_step(tx, account_id, step):
        raise WrongCredentials


async def _use_sent(tx: Transaction, account_id: int, shown: Shown, purpose: Purpose) -> SignInMethod:
    assert shown.ticket is not None
    try:
        found = await codes.use(tx, shown.ticket, shown.channel, purpose, shown.code)
    except WrongCode:
        raise WrongCredentials from None
    if found.account_id != account_id:
        raise WrongCredentials
    return SignInMethod.PASSWORD_AND_CODE


async def use_kept(tx: Transaction, account_id: int, text: str) -> None:
    """Claim a recovery code.

    Raises:
        WrongCredentials: it is none of this account's.
    """
    found, code = await accounts.opened(tx, account_id), recovery_code(text)
    if found is None or code is None:
        raise WrongCredentials
    await _use_kept(tx, *found, code)


async def _use_kept(tx: Transaction, row: AccountRow, body: AccountBody, code: str) -> None:
    given = await _kept_hash(tx, row.id, code)
    left = tuple(kept for kept in body.recovery_hashes if not hmac.compare_digest(kept, given))
    if len(left) == len(body.recovery_hashes):
        raise WrongCredentials
    await accounts.change(tx, row, body, recovery_hashes=left)


async def _kept_hash(tx: Transaction, account_id: int, code: str) -> bytes:
    return (await tx.keys.newest(SYSTEM)).hash(f"recovery|{account_id}|{code}")


async def send_step_up(call: Call, *, channel: Channel) -> str:
    """Send the viewer a code for `stepUp`; return the ticket that goes with it."""
    codes.require_way(call, channel)
    ticket = new_token()
    await _send_step_up(call, channel=channel, ticket=ticket)
    return ticket


@action(AuditAction.SEND_CODE)
async def _send_step_up(acting: Acting, *, channel: Channel, ticket: str) -> Ref:
    account_id = acting.viewer.account_id
    _, body = await own(acting)
    to = codes.address(body, channel)
    if to is None:
        raise InvalidInput("channel")
    await codes.send(acting.tx, acting.call, Purpose.STEP_UP, channel, to, ticket, account_id)
    acting.tx.audit(AuditEntry(AuditAction.SEND_CODE, subject_id=account_id))
    return Ref(0, account_id)


async def step_up(call: Call, *, shown: Shown) -> str:
    """Show a second factor once more; return the session's new token, under which sensitive acts are open for a while.

    Raises:
        WrongCredentials: the code is wrong, was used, or is over.
        TooManyAttempts: codes were guessed at.
    """
    who = f"session|{(call.token_hash or b'').hex()}"
    if await call.app.attempts.wait_seconds(who):
        raise TooManyAttempts
    if shown.ticket is not None:
        await counted(call, shown.ticket)
    token = new_token()
    try:
        await _step_up(call, shown=shown, token_hash=digest(token))
    except WrongCredentials:
        await call.app.attempts.failed(who)
        raise
    await call.app.attempts.succeeded(who)
    return token


async def counted(call: Call, ticket: str) -> None:
    """Count a guess at a code that was sent.

    Raises:
        WrongCredentials: there were too many.
    """
    try:
        await codes.count_try(call, ticket)
    except WrongCode:
        raise WrongCredentials from None


@action(AuditAction.STEP_UP)
async def _step_up(acting: Acting, *, shown: Shown, token_hash: bytes) -> Ref:
    tx, viewer = acting.tx, acting.viewer
    await use(tx, viewer.account_id, shown, Purpose.STEP_UP)
    await sessions.prove(tx, viewer.session_id, token_hash)
    tx.audit(AuditEntry(AuditAction.STEP_UP, subject_id=viewer.session_id))
    return Ref(0, viewer.session_id)


async def begin_app(call: Call) -> str:
    """Begin to replace the authenticator; return the new one's secret, which counts once it has shown a code."""
    secret = totp.new_secret()
    await _begin_app(call, secret=secret)
    return secret


@action(AuditAction.CHANGE_FACTOR)
async def _begin_app(acting: Acting, *, secret: str) -> Ref:
    require_fresh(acting)
    row, body = await own(acting)
    await accounts.change(acting.tx, row, body, pending_totp=secret)
    acting.tx.audit(AuditEntry(AuditAction.CHANGE_FACTOR, subject_id=row.id, reason="BEGUN"))
    return Ref(0, row.id)


async def confirm_app(call: Call, *, code: str) -> list[str]:
    """Make the new authenticator the one that counts; return fresh recovery codes, told this once.

    Every other session ends; where an authenticator was replaced, this one too.

    Raises:
        WrongCode: it isn't the new authenticator's.
    """
    kept = new_recovery_codes()
    await _confirm_app(call, code=code, kept=kept)
    return kept


@action(AuditAction.CHANGE_FACTOR)
async def _confirm_app(acting: Acting, *, code: str, kept: list[str]) -> Ref:
    require_fresh(acting)
    tx = acting.tx
    row, body = await own(acting)
    step = totp.matching_step(body.pending_totp, code, tx.now) if body.pending_totp else None
    if step is None:
        raise WrongCode("code")
    replaced = bool(body.totp_secret)
    row.last_totp_step = step
    hashes = tuple([await _kept_hash(tx, row.id, one.replace("-", "")) for one in kept])
    await accounts.change(tx, row, body, totp_secret=body.pending_totp, pending_totp="", recovery_hashes=hashes)
    tx.audit(AuditEntry(AuditAction.CHANGE_FACTOR, subject_id=row.id))
    await end_sessions(acting, this_one=replaced)
    return Ref(0, row.id)


async def end_sessions(acting: Acting, *, this_one: bool) -> None:
    """End the viewer's other sessions, and this one too where what opened it counts no more."""
    tx, viewer = acting.tx, acting.viewer
    ending = await sessions.others(tx, viewer.account_id, viewer.session_id)
    for session_id in [*ending, viewer.session_id] if this_one else ending:
        if await sessions.end(tx, session_id):
            tx.emit(Event(EventKind.SESSION_ENDED, session_id, account_id=viewer.account_id))


async def own(acting: Acting) -> tuple[AccountRow, AccountBody]:
    """Return the viewer's own account, to be changed."""
    found = await accounts.opened(acting.tx, acting.viewer.account_id)
    if found is None:
        raise NotFound
    return found
