"""Contacts of an account: a new one counts once a code that went to it came back."""

from typing import Final

from actions import codes, factors
from actions.call import Acting, Call, Ref, action
from domain.audit import AuditAction, AuditEntry
from domain.codes import Channel, Purpose
from domain.contacts import InvalidContact, masked, parse_contact
from domain.errors import InvalidInput, WrongCode
from persistence import accounts
from persistence import codes as sent
from security.tokens import new_token

CHANGED: Final = {
    "ru": "Медкабинет: контакт вашей учётной записи заменён на {to}. Если это не вы, восстановите доступ.",
    "en": "Medkabinet: the contact of your account was changed to {to}. If that wasn't you, recover your access.",
}


def contact(channel: Channel, text: str, field: str) -> str:
    """Return a contact in its normal form.

    Raises:
        InvalidInput: it is none; names the field.
    """
    try:
        return parse_contact(channel, text)
    except InvalidContact:
        raise InvalidInput(field) from None


async def change(call: Call, *, channel: Channel, to: str) -> str:
    """Send a code to a new contact of the viewer's; return the ticket that goes with it.

    Raises:
        StepUpNeeded: a second factor must be shown first.
        InvalidInput: it is no phone or address.
        TooManyAttempts: too many codes went there.
    """
    codes.require_way(call, channel)
    ticket = new_token()
    await _change(call, channel=channel, to=to, ticket=ticket)
    return ticket


@action(AuditAction.CHANGE_CONTACT)
async def _change(acting: Acting, *, channel: Channel, to: str, ticket: str) -> Ref:
    factors.require_fresh(acting)
    plain, account_id = contact(channel, to, "to"), acting.viewer.account_id
    taken = await accounts.by_name(acting.tx, plain)
    others = taken is not None and taken[0].id != account_id
    await codes.send(
        acting.tx, acting.call, Purpose.CONTACT, channel, plain, ticket, account_id, instead="" if others else None
    )
    acting.tx.audit(AuditEntry(AuditAction.CHANGE_CONTACT, subject_id=account_id, reason="BEGUN"))
    return Ref(0, account_id)


async def confirm(call: Call, *, ticket: str, channel: Channel, code: str) -> Ref:
    """Make a new contact the account's; the old one is told.

    Raises:
        WrongCode: it is another, was used, or is over.
    """
    await codes.count_try(call, ticket)
    return await _confirm(call, ticket=ticket, channel=channel, code=code)


@action(AuditAction.CHANGE_CONTACT)
async def _confirm(acting: Acting, *, ticket: str, channel: Channel, code: str) -> Ref:
    tx = acting.tx
    found = await codes.use(tx, ticket, channel, Purpose.CONTACT, code)
    if found.account_id != acting.viewer.account_id:
        raise WrongCode("code")
    row, body = await factors.own(acting)
    old, new = codes.address(body, channel), await sent.to(tx, found)
    if not await accounts.rename(tx, row.id, old, new):
        raise WrongCode("code")
    await accounts.change(tx, row, body, **{"phone" if channel is Channel.SMS else "email": new})
    if old is not None and old != new:
        text = CHANGED["en" if acting.call.language == "en" else "ru"].format(to=masked(channel, new))
        await codes.carry(tx, channel, old, text)
    tx.audit(AuditEntry(AuditAction.CHANGE_CONTACT, subject_id=row.id))
    return Ref(0, row.id)
