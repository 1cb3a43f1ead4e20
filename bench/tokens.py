"""Session tokens of the invented people: anyone may know them."""

import base64
import hashlib

from security.tokens import PREFIX, digest


def token(number: int) -> str:
    """Return the session token of the nth patient."""
    secret = hashlib.sha256(f"bench/{number}".encode()).digest()
    return PREFIX + base64.urlsafe_b64encode(secret).decode().rstrip("=")


def token_hash(number: int) -> bytes:
    """Return what is stored of it."""
    return digest(token(number))
