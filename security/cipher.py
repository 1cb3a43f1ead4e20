"""AES-256-GCM, keyed hashes and the wrapping of keys (G2, law 5)."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
KEY = 32
TAG = 16


class SealBroken(Exception):
    """What was sealed doesn't open: another key, another place, or changed bytes."""


def new_key() -> bytes:
    """Return 256 random bits."""
    return os.urandom(KEY)


def seal(key: AESGCM, plaintext: bytes, place: bytes) -> bytes:
    """Return nonce + ciphertext + tag, bound to the place (table, owner, row, version) as associated data."""
    nonce = os.urandom(NONCE)
    return nonce + key.encrypt(nonce, plaintext, place)


def unseal(key: AESGCM, sealed: bytes, place: bytes) -> bytes:
    """Return the plaintext.

    Raises:
        SealBroken: the bytes were sealed by another key or for another place, or were changed or cut.
    """
    if len(sealed) < NONCE + TAG:
        raise SealBroken
    try:
        return key.decrypt(sealed[:NONCE], sealed[NONCE:], place)
    except InvalidTag:
        raise SealBroken from None


def keyed_hash(key: bytes, text: str) -> bytes:
    """Return 16 bytes of HMAC-SHA-256: what a sealed value is looked up by; half a character finds nothing, quietly."""
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()[:16]
