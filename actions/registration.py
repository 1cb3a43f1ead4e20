"""Registration, the person's side: contacts, personal data, scans, and the second factor; resumable days later."""

from typing import Final

import msgspec

from actions import codes, passwords, sessions
from actions.call import Acting, Call, Ref, action
from actions.confirming import MATCH, change, confirmed, moved
from actions.contacts import contact
from actions.sessions import Opened
from domain.accounts import IdentityLevel, SignInMethod
from domain.appeals import MOSCOW
from domain.audit import AuditAction, AuditEntry
from domain.codes import Channel, Purpose
from domain.contacts import masked
from domain.errors import IllegalTransition, InvalidInput, TooManyAttempts, WeakPassword, WrongCode
from domain.registration import NEEDS_VIDEO, Complaint, ComplaintCode, PersonalData, RegistrationState, checked, doubts
from domain.scans import NEEDED, ScanFault, ScanKind, Seen
from persistence import accounts, tasks
from persistence import codes as sent
from persistence import registration as registrations
from persistence.accounts import AccountBody, AccountRow
from persistence.audit import Origin
from persistence.registration import RegistrationBody, RegistrationRow, ScanBody, ScanRow
from persistence.store import Transaction
from security.tokens import new_token

S = RegistrationState
REGISTERED: Final = {
    "ru": "Медкабинет: кабинет с этим контактом уже есть. Войдите или восстановите доступ. Не вы? Ничего не делайте.",
    "en": "Medkabinet: there is an account with this contact. Sign in or recover it. If it wasn't you, do nothing.",
}
OPEN_TO_SCANS: Final = frozenset({S.DATA, S.DOCUMENTS, S.CORRECTION, S.FACTOR})
VIDEO: Final = "requestVideoCheck"
"""What helps where a code isn't enough."""


async def begin(call: Call, *, phone: str, email: str) -> str:
    """Send a code to a phone and one to an address; return the ticket that goes with both.

    Whoever has an account is told so by these ways alone: the answer is the same.

    Raises:
        InvalidInput: one of them is none.
        TooManyAttempts: too many codes went there, or too many registrations began at this address.
    """
    to = {Channel.SMS: contact(Channel.SMS, phone, "phone"), Channel.EMAIL: contact(Channel.EMAIL, email, "email")}
    for channel in to:
        codes.require_way(call, channel)
    if await call.app.attempts.wait_seconds(_from(call)):
        raise TooManyAttempts
    ticket = new_token()
    text = REGISTERED["en" if call.language == "en" else "ru"]
    async with call.app.store.begin(auditor=_origin(call)) as tx:
        for channel, plain in to.items():
            taken = await accounts.by_name(tx, plain) is not None
            await codes.send(tx, call, Purpose.REGISTER, channel, plain, ticket, instead=text if taken else None)
        tx.audit(AuditEntry(AuditAction.REGISTER, reason="BEGUN"))
    return ticket


async def confirm_contacts(call: Call, *, ticket: str, phone_code: str, email_code: str, password: str) -> Opened:
    """Open an account for whoever has shown both codes, and its first session.

    Raises:
        WeakPassword: the password is too weak; the codes are left for another.
        WrongCode: one of the codes is wrong, used or over; names it.
    """
    ready = await passwords.hashed(call.app, password, (), "password")
    await codes.count_try(call, ticket)
    async with call.app.store.begin(auditor=_origin(call)) as tx:
        phone = await sent.to(
            tx, await codes.use(tx, ticket, Channel.SMS, Purpose.REGISTER, phone_code, field="phoneCode")
        )
        email = await sent.to(
            tx, await codes.use(tx, ticket, Channel.EMAIL, Purpose.REGISTER, email_code, field="emailCode")
        )
        if password.casefold() in (phone, email):
            raise WeakPassword("password", "OWN_NAME")
        account_id = await _account(tx, call, phone, email, ready)
        tx.auditor = _origin(call, account_id)
        opened = await sessions.started(tx, account_id, SignInMethod.REGISTRATION)
    await call.app.attempts.succeeded(_from(call))
    return opened


async def _account(tx: Transaction, call: Call, phone: str, email: str, password_hash: str) -> int:
    row = AccountRow(id=tx.new_id(), level=IdentityLevel.SIMPLIFIED.value, created_at=tx.now)
    body = AccountBody(masked(Channel.EMAIL, email), password_hash, "", call.language, phone, email)
    await tx.insert(row, body)
    for name, field in ((phone, "phoneCode"), (email, "emailCode")):
        if not await accounts.rename(tx, row.id, None, name):
            raise WrongCode(field)
    await registrations.begin(tx, row.id)
    return row.id


@action(AuditAction.REGISTER)
async def submit_data(acting: Acting, *, data: PersonalData) -> Ref:
    """Give the personal data, or correct them.

    Raises:
        InvalidInput: something is wrong; every field at fault is named, with its fault.
        IllegalTransition: they are being matched, or the identity is confirmed.
    """
    row, body = await mine(acting)
    good = checked(data, acting.tx.now.astimezone(MOSCOW).date())
    given = {name: getattr(good, name) for name in PersonalData.__struct_fields__}
    await moved(acting.tx, row, msgspec.structs.replace(body, **given, complaints=doubts(good)), S.DOCUMENTS)
    return Ref(0, row.id)


async def add_scan(call: Call, *, kind: ScanKind, name: str, data: bytes) -> tuple[Ref, tuple[ScanFault, ...]]:
    """Have a file looked at and keep it, or only what is wrong with it, in place of the earlier one of its kind.

    What is wrong is returned too: it is kept, so that it is there days later, and refuses nothing else.

    Raises:
        IllegalTransition: no files are taken at this stage.
    """
    seen, kept = await call.app.looker.look(data, name, kind)
    return await _add_scan(call, kind=kind, seen=seen, file=File(kept, len(data))), seen.faults


class File:
    """A file's bytes; they aren't part of what an idempotency key is compared by, its size is."""

    def __init__(self, kept: bytes, size: int) -> None:
        self.kept = kept
        self.size = size

    def __repr__(self) -> str:
        return f"{self.size} bytes"


@action(AuditAction.REGISTER, ids=lambda _: 64)
async def _add_scan(acting: Acting, *, kind: ScanKind, seen: Seen, file: File) -> Ref:
    tx = acting.tx
    row, body = await mine(acting)
    if S(row.state) not in OPEN_TO_SCANS:
        raise IllegalTransition
    scan = ScanRow(
        id=tx.new_id(),
        account_id=row.id,
        kind=kind.value,
        at=tx.now,
        accepted=not seen.faults,
        media_type=seen.media_type,
        size=file.size,
        sharpness=seen.sharpness,
    )
    complaints = tuple(Complaint(kind.value, fault.value) for fault in seen.faults)
    await registrations.keep(tx, scan, ScanBody(complaints, seen.width, seen.height), file.kept)
    await change(tx, row, body)
    return Ref(0, scan.id)


@action(AuditAction.REGISTER)
async def submit_documents(acting: Acting) -> Ref:
    """Have the data matched with the population registry, once the scans that are needed are there.

    Raises:
        InvalidInput: a scan is missing; each is named.
        IllegalTransition: there are no data yet, or they are being matched.
    """
    row, body = await mine(acting)
    if registrations.personal(body) is None:
        raise IllegalTransition(suggestion="submitPersonalData")
    await _require_scans(acting, *NEEDED)
    row.round += 1
    await moved(acting.tx, row, body, S.CHECKING)
    await tasks.add(acting.tx, MATCH, msgspec.json.encode((row.id, row.round)), account_id=row.id)
    return Ref(0, row.id)


async def _require_scans(acting: Acting, *kinds: ScanKind) -> None:
    there = {scan.kind for scan in await registrations.scans(acting.tx, acting.viewer.account_id) if scan.accepted}
    missing = [InvalidInput(kind.value, ComplaintCode.SCAN_MISSING) for kind in kinds if kind.value not in there]
    if missing:
        first, *others = missing
        first.others = tuple(others)
        raise first


async def send_code(call: Call, *, channel: Channel) -> str:
    """Send a code that finishes the registration; return the ticket that goes with it.

    Raises:
        IllegalTransition: it isn't the time, or a code isn't enough: the suggestion says what is.
    """
    codes.require_way(call, channel)
    ticket = new_token()
    await _send_code(call, channel=channel, ticket=ticket)
    return ticket


@action(AuditAction.SEND_CODE)
async def _send_code(acting: Acting, *, channel: Channel, ticket: str) -> Ref:
    row, body = await mine(acting)
    _require_code_enough(row, body)
    found = await accounts.opened(acting.tx, row.id)
    to = codes.address(found[1], channel) if found else None
    if to is None:
        raise InvalidInput("channel")
    await codes.send(acting.tx, acting.call, Purpose.CONFIRM, channel, to, ticket, row.id)
    acting.tx.audit(AuditEntry(AuditAction.SEND_CODE, subject_id=row.id))
    return Ref(0, row.id)


async def confirm(call: Call, *, ticket: str, channel: Channel, code: str) -> Ref:
    """Finish by a code: the account is confirmed, and medical services are open.

    Raises:
        WrongCode: it is wrong, used or over.
        IllegalTransition: as for sending it.
    """
    await codes.count_try(call, ticket)
    return await _confirm(call, ticket=ticket, channel=channel, code=code)


@action(AuditAction.REGISTER)
async def _confirm(acting: Acting, *, ticket: str, channel: Channel, code: str) -> Ref:
    row, body = await mine(acting)
    _require_code_enough(row, body)
    found = await codes.use(acting.tx, ticket, channel, Purpose.CONFIRM, code)
    if found.account_id != row.id:
        raise WrongCode("code")
    await confirmed(acting.tx, row, body, seen=False)
    return Ref(0, row.id)


@action(AuditAction.REGISTER)
async def request_video(acting: Acting) -> Ref:
    """Ask a person to compare the camera's picture with the passport.

    Raises:
        InvalidInput: one of the two is missing.
        IllegalTransition: it isn't the time.
    """
    row, body = await mine(acting)
    await _require_scans(acting, ScanKind.PASSPORT, ScanKind.CAMERA)
    await moved(acting.tx, row, body, S.VIDEO)
    return Ref(0, row.id)


def _require_code_enough(row: RegistrationRow, body: RegistrationBody) -> None:
    if row.state != S.FACTOR:
        raise IllegalTransition
    if any(complaint.code in NEEDS_VIDEO for complaint in body.complaints):
        raise IllegalTransition(suggestion=VIDEO)


async def mine(acting: Acting) -> tuple[RegistrationRow, RegistrationBody]:
    """Return the viewer's registration, begun here where an account had none.

    Raises:
        IllegalTransition: the account is confirmed by another way.
    """
    account_id = acting.viewer.account_id
    if acting.viewer.level is not IdentityLevel.CONFIRMED:
        await registrations.begin(acting.tx, account_id)
    found = await registrations.locked(acting.tx, account_id)
    if found is None:
        raise IllegalTransition
    return found


def _from(call: Call) -> str:
    return f"register|{call.address}"


def _origin(call: Call, account_id: int | None = None) -> Origin:
    return Origin(account_id, call.address, call.user_agent, call.operation)
