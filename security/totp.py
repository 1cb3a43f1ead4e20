"""One-time codes of an authenticator application.

Source: RFC 6238 (TOTP: 30 s, SHA-1, 6 digits, as every authenticator knows), RFC 4226 (HOTP).
"""

import hmac
import re
from datetime import datetime

import pyotp

STEP = 30
"""Seconds."""
_CODE = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """Return 160 random bits in base32, as RFC 4226 recommends for SHA-1."""
    return pyotp.random_base32(32)


def provisioning_uri(secret: str, account: str, issuer: str) -> str:
    """Return the `otpauth://` URI that an authenticator reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def step_at(at: datetime) -> int:
    """Return the number of whole 30 s steps since 1970; `at` has a time zone."""
    return int(at.timestamp()) // STEP


def code_at(secret: str, at: datetime) -> str:
    """Return the six digits that are valid at that time."""
    return _code(secret, step_at(at))


def matching_step(secret: str, code: str, at: datetime) -> int | None:
    """Return the step whose code this is, one step early or late at most, else None.

    The caller stores the step with the account in one conditional statement and refuses a step that is not
    greater than the stored one: a code works once.
    """
    if not _CODE.fullmatch(code):
        return None
    now = step_at(at)
    matching = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(_code(secret, step), code)]
    return max(matching, default=None)


def _code(secret: str, step: int) -> str:
    return pyotp.HOTP(secret).at(step)
