"""One-time codes by time (RFC 6238): six digits, 30 seconds, one step either way."""

import hmac
from datetime import datetime
from typing import Final

import pyotp

STEP: Final = 30


def new_secret() -> str:
    """Return a new shared secret, base32."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, account: str) -> str:
    """Return what an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name="Medkabinet")


def code_at(secret: str, at: datetime) -> str:
    """Return the code of a moment."""
    return pyotp.TOTP(secret).at(at)


def matching_step(secret: str, code: str, at: datetime) -> int | None:
    """Return the step whose code this is, or None; whoever takes it keeps the step, so that a code works once."""
    if len(code) != 6 or not (code.isascii() and code.isdecimal()):
        return None
    now = int(at.timestamp()) // STEP
    found = None
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step), code):
            found = step
    return found
