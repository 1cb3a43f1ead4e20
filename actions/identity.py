"""Signing in by a national identity service, which vouches for the person: the port, and what follows from its word."""

from typing import Final, Protocol

from actions import codes, registry, sessions
from actions.call import Call
from actions.registry import Person
from actions.sessions import Opened
from domain.accounts import IdentityLevel, SignInMethod
from domain.audit import AuditAction, AuditEntry, Outcome
from domain.codes import Channel
from domain.errors import IdentityNotConfirmed, IdentityRefused, PatientAmbiguous, Refusal, Unavailable
from domain.identity import Claims
from domain.patients import IdentifierSystem
from persistence import accounts, identity, patients
from persistence.accounts import AccountBody, AccountRow
from persistence.audit import Origin
from persistence.store import Transaction

LINKED: Final = {
    "ru": "Медкабинет: к вашему кабинету привязан вход через сервис идентификации.",
    "en": "Medkabinet: signing in by the national identity service was linked to your account.",
}


class IdentityProvider(Protocol):
    """A national identity service, by OpenID Connect."""

    @property
    def name(self) -> str:
        """What people read on the button."""

    async def address(self, state: str, nonce: str, challenge: str) -> str:
        """Return where the browser is sent; `challenge` is PKCE's (S256).

        Raises:
            IdentityRefused: the service can't be asked.
        """

    async def claims(self, code: str, verifier: str, nonce: str) -> Claims:
        """Return what the service says of the person who came back with this code.

        Raises:
            IdentityRefused: it says nothing, or what it says isn't signed by it, for us, for this sign-in.
        """


def provider(call: Call) -> IdentityProvider:
    """Return the service.

    Raises:
        Unavailable: none is configured.
    """
    if call.app.identity is None:
        raise Unavailable
    return call.app.identity


async def sign_in(call: Call, *, same: bool, code: str, verifier: str, nonce: str) -> Opened:
    """Open a session for whom the service vouches; a confirmed person without an account gets one, with the record.

    `same`: the browser that comes back is the one that was sent.

    Raises:
        IdentityRefused: the service's word isn't good.
        IdentityNotConfirmed: the service hasn't seen the person's documents.
        PatientAmbiguous: the record under the SNILS is another's by its birth date, or there are two.
    """
    account_id = None
    try:
        if not same:
            raise IdentityRefused
        claims = await provider(call).claims(code, verifier, nonce)
        async with call.app.store.snapshot() as snapshot:
            account_id = await identity.account_of(snapshot, claims.issuer, claims.subject)
        return await _open(call, claims)
    except (IdentityRefused, IdentityNotConfirmed, PatientAmbiguous) as refusal:
        await _refused(call, refusal, account_id)
        raise


async def _open(call: Call, claims: Claims) -> Opened:
    async with call.app.store.begin(auditor=_origin(call), ids=32) as tx:
        account_id = await identity.account_of(tx, claims.issuer, claims.subject)
        if account_id is None:
            account_id = await _linked(tx, call, claims)
        tx.auditor = _origin(call, account_id)
        if await accounts.opened(tx, account_id) is None:
            raise IdentityRefused
        return await sessions.started(tx, account_id, SignInMethod.NATIONAL_IDENTITY)


async def _linked(tx: Transaction, call: Call, claims: Claims) -> int:
    """Return the person's account, linked from now on."""
    if not claims.confirmed:
        raise IdentityNotConfirmed
    patient_id = await _patient(tx, claims)
    account_id = await accounts.holder(tx, patient_id)
    if account_id is None:
        account_id = await _account(tx, call, claims, patient_id)
    else:
        await _tell(tx, account_id)
    if not await identity.link(tx, claims.issuer, claims.subject, account_id):
        raise IdentityRefused
    tx.audit(AuditEntry(AuditAction.LINK_IDENTITY, subject_id=account_id))
    return account_id


async def _patient(tx: Transaction, claims: Claims) -> int:
    """Return the person's record: the one under the SNILS, or a new one."""
    known = await patients.by_identifier(tx, IdentifierSystem.SNILS, claims.snils)
    if not known:
        names = (claims.family, claims.given, claims.patronymic, claims.birth_date, claims.sex)
        numbers = [(IdentifierSystem.SNILS, claims.snils)]
        return await registry.add_patient(tx, Person(*names, claims.phone, claims.email, None, numbers))
    found = await patients.by_id(tx, known[0])
    if len(known) > 1 or found is None or found[1].birth_date != claims.birth_date:
        raise PatientAmbiguous
    return known[0]


async def _account(tx: Transaction, call: Call, claims: Claims, patient_id: int) -> int:
    """Open an account without a password; of the contacts it gets those that are nobody else's sign-in names."""
    row = AccountRow(id=tx.new_id(), level=IdentityLevel.CONFIRMED.value, patient_id=patient_id, created_at=tx.now)
    given = ((Channel.SMS, claims.phone), (Channel.EMAIL, claims.email))
    own = {channel: to for channel, to in given if to is not None and await accounts.rename(tx, row.id, None, to)}
    body = AccountBody(
        f"{claims.given} {claims.family}", "", "", call.language, own.get(Channel.SMS), own.get(Channel.EMAIL)
    )
    await tx.insert(row, body)
    return row.id


async def _tell(tx: Transaction, account_id: int) -> None:
    found = await accounts.opened(tx, account_id)
    if found is None:
        raise IdentityRefused
    for channel in Channel:
        to = codes.address(found[1], channel)
        if to is not None:
            await codes.carry(tx, channel, to, LINKED["en" if found[1].language == "en" else "ru"])


async def _refused(call: Call, refusal: Refusal, account_id: int | None) -> None:
    origin = _origin(call, account_id)
    async with call.app.store.begin(auditor=origin) as tx:
        tx.audit(AuditEntry(AuditAction.SIGN_IN, Outcome.REFUSED, reason=refusal.code))
        if account_id is not None:
            await accounts.note_sign_in(tx, account_id, origin, None, refusal.code)
    refusal.recorded = True


def _origin(call: Call, account_id: int | None = None) -> Origin:
    return Origin(account_id, call.address, call.user_agent, call.operation)
