"""Opaque session tokens, what is stored of them, and the anti-forgery token that goes with one."""

import base64
import hashlib
import hmac
import secrets

PREFIX = "mk_"
"""Lets scanners find a token that someone published."""
_CSRF = b"medkabinet csrf v1"


def new_token() -> str:
    """Return `mk_` and 256 random bits, safe in URLs and cookies."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Return the SHA-256 under which a token is stored; 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(_bytes(token)).digest()


def csrf_token(token: str) -> str:
    """Return the anti-forgery token of a session, derived from its token, so that nothing is stored.

    Source: OWASP CSRF Prevention Cheat Sheet, HMAC-based token pattern.
    """
    derived = hmac.digest(_bytes(token), _CSRF, "sha256")
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def csrf_ok(token: str, sent: str) -> bool:
    """Return whether `sent` is the session's anti-forgery token, in constant time."""
    return hmac.compare_digest(_bytes(csrf_token(token)), _bytes(sent))


def _bytes(text: str) -> bytes:
    """Return UTF-8; half characters, which a client may send in JSON, must not raise."""
    return text.encode("utf-8", "surrogatepass")
