"""Recovery of access: two proofs, a day's wait, notice by every way; never tells whether an account exists."""

from datetime import datetime
from typing import Final

import msgspec

from actions import codes, factors, passwords
from actions.call import Acting, Call, Ref, action
from actions.tasks import Work
from domain.audit import AuditAction, AuditEntry
from domain.codes import Channel, Purpose
from domain.errors import InvalidInput, NotFound, TooManyAttempts, WrongCode, WrongCredentials
from domain.events import Event, EventKind
from domain.lifecycles import require_move
from domain.recovery import BEGUN, DONE, NEXT, WAIT, RecoveryState
from persistence import accounts, sessions, tasks
from persistence import codes as sent
from persistence import recovery as recoveries
from persistence.accounts import AccountBody
from persistence.audit import Origin
from persistence.recovery import RecoveryBody, RecoveryRow
from persistence.statements import Record
from persistence.store import Transaction
from security.tokens import new_token

S = RecoveryState
FINISH: Final = "finish-recovery"
"""The kind of the task that puts the new password in force."""


async def begin(call: Call, *, login: str) -> str:
    """Send a code to the account's phone and one to its address; return the ticket that goes with both.

    Where there is no account the answer, its time and its limits are the same.

    Raises:
        InvalidInput: the login is empty or too long.
        TooManyAttempts: too many codes were asked for under this login or from this address.
    """
    if not 1 <= len(login) <= 254:
        raise InvalidInput("login")
    for channel in Channel:
        codes.require_way(call, channel)
    if await call.app.attempts.wait_seconds(f"recover|{call.address}"):
        raise TooManyAttempts
    ticket = new_token()
    async with call.app.store.begin(auditor=_origin(call), ids=32) as tx:
        by_login = await accounts.name_hash(tx, login)
        if not await sent.may_send(tx, by_login):
            raise TooManyAttempts
        found = await accounts.by_name(tx, login)
        for channel in Channel:
            to = codes.address(found[1], channel) if found else None
            await codes.put(tx, call, Purpose.RECOVER, channel, to, ticket, by_login, found[0].id if found else None)
        tx.audit(AuditEntry(AuditAction.RECOVER, subject_id=found[0].id if found else None, reason="BEGUN"))
    return ticket


async def recover(
    call: Call, *, ticket: str, phone_code: str | None, email_code: str | None, kept: str | None, password: str
) -> datetime:
    """Have a new password come into force after a day, for two proofs of three; return when.

    The proofs: the code to the phone, the code to the address, a recovery code. The authenticator is reset with it.

    Raises:
        WeakPassword: the new password is too weak; the codes are left for another.
        InvalidInput: fewer than two proofs are shown.
        WrongCode: a proof is wrong, used or over.
    """
    given = {Channel.SMS: phone_code, Channel.EMAIL: email_code}
    shown = {channel: code for channel, code in given.items() if code is not None}
    if not shown or len(shown) + (kept is not None) < 2:
        raise InvalidInput("emailCode" if phone_code is not None else "phoneCode")
    ready = await passwords.hashed(call.app, password, (), "newPassword")
    await codes.count_try(call, ticket)
    async with call.app.store.begin(auditor=_origin(call), ids=32) as tx:
        account_id = await _proved(tx, ticket, shown)
        tx.auditor = _origin(call, account_id)
        if kept is not None:
            await _use_kept(tx, account_id, kept)
        row = await _begun(tx, call, account_id, ready)
    await call.app.attempts.succeeded(f"recover|{call.address}")
    return row.effective_at


async def _proved(tx: Transaction, ticket: str, shown: dict[Channel, str]) -> int:
    """Claim the codes that were sent; return whose they are."""
    fields = {Channel.SMS: "phoneCode", Channel.EMAIL: "emailCode"}
    found: list[Record] = []
    for channel, code in shown.items():
        found.append(await codes.use(tx, ticket, channel, Purpose.RECOVER, code, field=fields[channel]))
    owners = {record.account_id for record in found}
    (account_id,) = owners if len(owners) == 1 else (None,)
    if account_id is None:
        raise WrongCode
    return int(account_id)


async def _use_kept(tx: Transaction, account_id: int, kept: str) -> None:
    try:
        await factors.use_kept(tx, account_id, kept)
    except WrongCredentials:
        raise WrongCode("recoveryCode") from None


async def _begun(tx: Transaction, call: Call, account_id: int, password_hash: str) -> RecoveryRow:
    """Begin the wait, in place of an earlier one, and tell the account by every way."""
    account = await accounts.opened(tx, account_id)
    if account is None:
        raise WrongCode
    earlier = await recoveries.waiting(tx, account_id)
    if earlier is not None:
        await _ended(tx, *earlier, S.STOPPED)
    row = RecoveryRow(
        id=tx.new_id(),
        account_id=account_id,
        state=S.WAITING.value,
        begun_at=tx.now,
        effective_at=tx.now + WAIT,
    )
    await tx.insert(row, RecoveryBody(password_hash, call.address, call.user_agent))
    given = msgspec.json.encode((account_id, row.id))
    await tasks.add(tx, FINISH, given, due_at=row.effective_at, account_id=account_id)
    await _tell(tx, account[1], BEGUN)
    tx.audit(AuditEntry(AuditAction.RECOVER, subject_id=account_id, reason=S.WAITING))
    tx.emit(Event(EventKind.RECOVERY_CHANGED, row.id, account_id=account_id))
    return row


@action(AuditAction.RECOVER)
async def stop(acting: Acting) -> Ref:
    """Stop the recovery that waits; whoever asked for it begins again from nothing.

    Raises:
        NotFound: none waits.
    """
    found = await recoveries.waiting(acting.tx, acting.viewer.account_id)
    if found is None:
        raise NotFound
    await _ended(acting.tx, *found, S.STOPPED)
    return Ref(0, found[0].id)


async def finish(work: Work) -> None:
    """Put a new password in force, unless it was stopped: the authenticator goes, every session ends."""
    store = work.app.store
    async with store.snapshot() as snapshot:
        given = await snapshot.opened(tasks.TaskRow, tasks.TaskBody, work.task)
    account_id, recovery_id = msgspec.json.decode(given.given, type=tuple[int, int])
    async with store.begin(ids=128) as tx:
        account = await accounts.opened(tx, account_id)
        found = await recoveries.waiting(tx, account_id)
        if account is None or found is None or found[0].id != recovery_id or found[0].effective_at > tx.now:
            return
        row, body = account
        new = found[1].password_hash
        await accounts.change(tx, row, body, password_hash=new, totp_secret="", pending_totp="", recovery_hashes=())
        for session_id in await sessions.others(tx, account_id, 0):
            if await sessions.end(tx, session_id):
                tx.emit(Event(EventKind.SESSION_ENDED, session_id, account_id=account_id))
        await _ended(tx, *found, S.DONE)
        await _tell(tx, account[1], DONE)


async def _ended(tx: Transaction, row: RecoveryRow, body: RecoveryBody, to: RecoveryState) -> None:
    require_move(NEXT, S(row.state), to)
    row.state, row.ended_at = to.value, tx.now
    await tx.reseal(row, RecoveryBody("", body.address, body.user_agent))
    tx.audit(AuditEntry(AuditAction.RECOVER, subject_id=row.account_id, reason=to))
    tx.emit(Event(EventKind.RECOVERY_CHANGED, row.id, account_id=row.account_id))


async def _tell(tx: Transaction, body: AccountBody, text: dict[str, str]) -> None:
    for channel in Channel:
        to = codes.address(body, channel)
        if to is not None:
            await codes.carry(tx, channel, to, text["en" if body.language == "en" else "ru"])


def _origin(call: Call, account_id: int | None = None) -> Origin:
    return Origin(account_id, call.address, call.user_agent, call.operation)
