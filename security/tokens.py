"""Opaque session tokens and the CSRF tokens that go with them."""

import hashlib
import hmac
import secrets


def new_token() -> str:
    """Return 256 random bits as text."""
    return "mk_" + secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Return what of a token is stored."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(token: str) -> str:
    """Return what a page sends back to show that it could read the session's own answer."""
    return hmac.new(token.encode(), b"medkabinet csrf", hashlib.sha256).hexdigest()


def csrf_ok(token: str, sent: str | None) -> bool:
    """Return whether a CSRF token belongs to a session."""
    return sent is not None and hmac.compare_digest(csrf_token(token).encode(), sent.encode())
