"""Passkeys: added by whoever has shown a second factor lately; both factors in one where one signs in."""

from typing import Final

from actions import codes, factors, sessions
from actions.call import Acting, Call, Ref, action
from actions.sessions import Opened
from actions.text import text
from domain.accounts import SignInMethod
from domain.audit import AuditAction, AuditEntry, Outcome
from domain.codes import Channel
from domain.errors import InvalidInput, NotFound, WrongCredentials
from persistence import accounts, passkeys
from persistence.audit import Origin
from persistence.passkeys import PasskeyBody, PasskeyRow
from persistence.statements import Record
from security import passkeys as webauthn
from security.passkeys import PasskeyWrong, Registered

LONGEST: Final = 8000
ADDED: Final = {
    "ru": "Медкабинет: к кабинету добавлен ключ доступа. Если это не вы, войдите и удалите его.",
    "en": "Medkabinet: a passkey was added to your account. If that wasn't you, sign in and remove it.",
}


async def begin(call: Call) -> str:
    """Return the options by which a browser makes a passkey for the viewer, as JSON.

    Raises:
        StepUpNeeded: a second factor must be shown first.
    """
    challenge = webauthn.new_challenge()
    account_id = (await _begin(call, challenge=challenge)).id
    async with call.app.store.snapshot() as snapshot:
        user = await passkeys.lookup(snapshot, "user", account_id.to_bytes(8, "big"))
        known = await passkeys.of_account(snapshot, account_id)
    return webauthn.creation_options(call.app.site, user, "Медкабинет", known, challenge)


@action(AuditAction.CHANGE_FACTOR)
async def _begin(acting: Acting, *, challenge: bytes) -> Ref:
    factors.require_fresh(acting)
    await passkeys.challenge(acting.tx, challenge, acting.viewer.account_id)
    acting.tx.audit(AuditEntry(AuditAction.CHANGE_FACTOR, subject_id=acting.viewer.account_id, reason="BEGUN"))
    return Ref(0, acting.viewer.account_id)


async def add(call: Call, *, credential: str, name: str) -> Ref:
    """Keep the passkey that a browser has made; phone or address is told.

    Raises:
        InvalidInput: the answer isn't right, or answers no challenge of the viewer's.
    """
    try:
        if len(credential) > LONGEST:
            raise PasskeyWrong
        challenge = webauthn.challenge_of(credential)
        made = webauthn.registered(call.app.site, credential, challenge)
    except PasskeyWrong:
        challenge, made = b"", None
    return await _add(call, challenge=challenge, made=made, name=name)


@action(AuditAction.CHANGE_FACTOR)
async def _add(acting: Acting, *, challenge: bytes, made: Registered | None, name: str) -> Ref:
    tx = acting.tx
    called = text(name, "name", 100)
    row, body = await factors.own(acting)
    if made is None or not await passkeys.claim(tx, challenge, row.id):
        raise InvalidInput("credential")
    passkey = PasskeyRow(
        id=tx.new_id(),
        account_id=row.id,
        credential_hash=await passkeys.lookup(tx, "credential", made.credential_id),
        created_at=tx.now,
        sign_count=made.sign_count,
        backed_up=made.backed_up,
    )
    if not await tx.claim(passkey, PasskeyBody(called, made.credential_id, made.public_key)):
        raise InvalidInput("credential")
    channel = Channel.SMS if body.phone else Channel.EMAIL
    to = codes.address(body, channel)
    if to is not None:
        await codes.carry(tx, channel, to, ADDED["en" if body.language == "en" else "ru"])
    tx.audit(AuditEntry(AuditAction.CHANGE_FACTOR, subject_id=row.id))
    return Ref(0, passkey.id)


@action(AuditAction.CHANGE_FACTOR)
async def remove(acting: Acting, *, passkey_id: int) -> Ref:
    """Remove a passkey of the viewer's.

    Raises:
        StepUpNeeded: a second factor must be shown first.
        NotFound: there is none such.
    """
    factors.require_fresh(acting)
    if not await passkeys.drop(acting.tx, acting.viewer.account_id, passkey_id):
        raise NotFound("passkeyId")
    acting.tx.audit(AuditEntry(AuditAction.CHANGE_FACTOR, subject_id=acting.viewer.account_id))
    return Ref(0, passkey_id)


async def begin_sign_in(call: Call) -> str:
    """Return the options by which a browser asks for a passkey, as JSON; nothing tells whose it might be."""
    challenge = webauthn.new_challenge()
    async with call.app.store.begin(auditor=_origin(call)) as tx:
        await passkeys.challenge(tx, challenge, None)
        tx.audit(AuditEntry(AuditAction.SEND_CODE, reason="PASSKEY"))
    return webauthn.request_options(call.app.site, challenge)


async def sign_in(call: Call, *, credential: str) -> Opened:
    """Open a session by a passkey that has verified its user.

    Raises:
        WrongCredentials: it is unknown, answers no open challenge, is signed wrongly, or its count went back.
    """
    passkey: Record | None = None
    try:
        if len(credential) > LONGEST:
            raise PasskeyWrong
        async with call.app.store.snapshot() as snapshot:
            found = await passkeys.by_credential(snapshot, webauthn.credential_of(credential))
        if found is None:
            raise PasskeyWrong
        passkey, body = found
        challenge = webauthn.challenge_of(credential)
        count = webauthn.asserted(call.app.site, credential, challenge, body.public_key, passkey.sign_count)
        return await _open(call, passkey, challenge, count)
    except PasskeyWrong:
        await _refused(call, passkey)
        refusal = WrongCredentials()
        refusal.recorded = True
        raise refusal from None


async def _open(call: Call, passkey: Record, challenge: bytes, count: int) -> Opened:
    async with call.app.store.begin(auditor=_origin(call, passkey.account_id)) as tx:
        if not await passkeys.claim(tx, challenge, None) or not await passkeys.used(tx, passkey, count):
            raise PasskeyWrong
        if await accounts.opened(tx, passkey.account_id) is None:
            raise PasskeyWrong
        return await sessions.started(tx, passkey.account_id, SignInMethod.PASSKEY)


async def _refused(call: Call, passkey: Record | None) -> None:
    origin = _origin(call, passkey.account_id if passkey else None)
    async with call.app.store.begin(auditor=origin) as tx:
        tx.audit(AuditEntry(AuditAction.SIGN_IN, Outcome.REFUSED, reason=WrongCredentials.code))
        if passkey is not None:
            await accounts.note_sign_in(tx, passkey.account_id, origin, None, WrongCredentials.code)


def _origin(call: Call, account_id: int | None = None) -> Origin:
    return Origin(account_id, call.address, call.user_agent, call.operation)
