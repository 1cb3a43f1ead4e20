"""Phones and addresses: their normal form, and what of them may be shown."""

import re
from typing import Final

from domain.codes import Channel
from domain.identifiers import IdentifierKind, InvalidIdentifier, mask, parse_phone

LONGEST: Final = 254
_EMAIL: Final = re.compile(r"[^\s@<>\"(),:;\[\\\]\x00-\x1f\x7f]{1,64}@([a-z0-9а-яё-]{1,63}\.)+[a-z0-9а-яё-]{2,63}")


class InvalidContact(ValueError):
    """It is no phone or no address; the text never includes it."""


def parse_contact(channel: Channel, text: str) -> str:
    """Return a phone in E.164, or an e-mail address in lower case.

    Raises:
        InvalidContact: it is none.
    """
    if channel is Channel.SMS:
        try:
            return parse_phone(text)
        except InvalidIdentifier:
            raise InvalidContact from None
    plain = text.strip().lower()
    if len(plain) > LONGEST or not _EMAIL.fullmatch(plain):
        raise InvalidContact
    return plain


def sign_in_name(text: str) -> str:
    """Return the normal form of what somebody signs in by: a phone is one number however it is written."""
    plain = text.strip().casefold()
    if "@" not in plain:
        try:
            return parse_phone(plain)
        except InvalidIdentifier:
            pass
    return plain


def masked(channel: Channel, contact: str) -> str:
    """Return what is shown of a contact: enough to know it again."""
    if channel is Channel.SMS:
        return mask(IdentifierKind.PHONE, contact)
    local, _, domain = contact.partition("@")
    return f"{local[:1]}***@{domain}"
