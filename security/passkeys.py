"""Passkeys: what a browser is asked for, and whether what it answers is right. The library is imported where used.

Source: W3C Web Authentication, level 3, sections 7.1 and 7.2.
"""

import base64
import binascii
import secrets
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

CHALLENGE: Final = 32
"""Random bytes."""


class PasskeyWrong(Exception):
    """The answer is none, is another's, or its signature is wrong; the text never includes it."""


class Site(NamedTuple):
    """Where people's browsers find the service: a passkey works nowhere else, so it can't be phished."""

    origin: str
    """`https://host[:port]`."""

    @property
    def host(self) -> str:
        """Return the relying party's id."""
        return urlsplit(self.origin).hostname or ""


class Registered(NamedTuple):
    """A new passkey."""

    credential_id: bytes
    public_key: bytes
    """COSE."""
    sign_count: int
    backed_up: bool
    """Whether its keeper has copies, so that a lost phone isn't a lost passkey."""


def new_challenge() -> bytes:
    """Return what an answer must have signed."""
    return secrets.token_bytes(CHALLENGE)


def creation_options(site: Site, user_id: bytes, name: str, known: list[bytes], challenge: bytes) -> str:
    """Return `PublicKeyCredentialCreationOptions` as JSON: a passkey that knows its user and verifies them."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import structs

    wanted = structs.AuthenticatorSelectionCriteria(
        resident_key=structs.ResidentKeyRequirement.REQUIRED,
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(
        generate_registration_options(
            rp_id=site.host,
            rp_name="Medkabinet",
            user_id=user_id,
            user_name=name,
            challenge=challenge,
            authenticator_selection=wanted,
            exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in known],
        )
    )


def request_options(site: Site, challenge: bytes) -> str:
    """Return `PublicKeyCredentialRequestOptions` as JSON; no account is named, so none is told."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    needed = UserVerificationRequirement.REQUIRED
    return options_to_json(
        generate_authentication_options(rp_id=site.host, challenge=challenge, user_verification=needed)
    )


def challenge_of(credential: str) -> bytes:
    """Return the challenge that an answer claims to answer.

    Raises:
        PasskeyWrong: there is none.
    """
    try:
        client = msgspec.json.decode(_bytes(_decoded(credential)["response"]["clientDataJSON"]))
        return _bytes(client["challenge"])
    except (KeyError, TypeError, msgspec.DecodeError):
        raise PasskeyWrong from None


def credential_of(credential: str) -> bytes:
    """Return which passkey answers.

    Raises:
        PasskeyWrong: it doesn't say.
    """
    try:
        return _bytes(_decoded(credential)["rawId"])
    except (KeyError, TypeError):
        raise PasskeyWrong from None


def registered(site: Site, credential: str, challenge: bytes) -> Registered:
    """Return the passkey of an answer to `creation_options`.

    Raises:
        PasskeyWrong: it isn't right.
    """
    from webauthn import verify_registration_response

    try:
        found = verify_registration_response(
            credential=_decoded(credential),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001 - whatever the library says of a foreign answer: it is wrong
        raise PasskeyWrong from None
    return Registered(
        found.credential_id, found.credential_public_key, found.sign_count, bool(found.credential_backed_up)
    )


def asserted(site: Site, credential: str, challenge: bytes, public_key: bytes, sign_count: int) -> int:
    """Return the passkey's new count after an answer to `request_options`; a count that went back is a copy's.

    Raises:
        PasskeyWrong: it isn't right.
    """
    from webauthn import verify_authentication_response

    try:
        found = verify_authentication_response(
            credential=_decoded(credential),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001 - as above
        raise PasskeyWrong from None
    return int(found.new_sign_count)


def _decoded(credential: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(credential, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise PasskeyWrong from None


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (AttributeError, UnicodeEncodeError, binascii.Error):
        raise PasskeyWrong from None
