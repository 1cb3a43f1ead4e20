"""Signed notes and checkpoints: text that can be kept anywhere, with its signature in its last line.

Source: C2SP signed-note and tlog-checkpoint (v1.0.0), with Ed25519.
"""

import base64
import hashlib
import hmac
import re
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f]{1,100}")
"""A log's or key's name: no white space, no plus."""
_ED25519: Final = b"\x01"
_SEED: Final = b"medkabinet audit signer v1"


class NoteBroken(Exception):
    """A note isn't signed by the key that is expected, or is no note."""


class Checkpoint(NamedTuple):
    """What a log commits to: so many leaves, under this root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


class Signer:
    """An Ed25519 key with a name."""

    def __init__(self, name: str, secret: bytes) -> None:
        """Derive the key from a secret that outlives rotations of sealing keys."""
        if not NAME.fullmatch(name):
            raise ValueError("a log's name is 1 to 100 characters without white space and plus")
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(hmac.digest(secret, _SEED, "sha256"))
        self._public = self._key.public_key().public_bytes_raw()

    @property
    def verifier(self) -> str:
        """Return the public key as text (vkey): `name+key id+key`."""
        key = base64.b64encode(_ED25519 + self._public).decode()
        return f"{self.name}+{_key_id(self.name, self._public).hex()}+{key}"

    def sign(self, text: str) -> str:
        """Return the note: the text, an empty line, the signature's line."""
        if not text.endswith("\n"):
            raise ValueError("a note's text ends with a line feed")
        signature = _key_id(self.name, self._public) + self._key.sign(text.encode())
        return f"{text}\n— {self.name} {base64.b64encode(signature).decode()}\n"


def opened(note: str, verifier: str) -> str:
    """Return the text of a note that a verifier's key has signed.

    Raises:
        NoteBroken: no signature of that key, or a wrong one.
    """
    text, _, signatures = note.rpartition("\n\n")
    try:
        name, key_id, key = verifier.split("+", 2)
        public = base64.b64decode(key, validate=True)[1:]
        wanted = _key_id(name, public)
        for line in signatures.splitlines():
            dash, by, encoded = line.split(" ")
            signature = base64.b64decode(encoded, validate=True)
            if dash == "—" and by == name and signature[:4] == wanted and wanted.hex() == key_id:
                Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], f"{text}\n".encode())
                return f"{text}\n"
    except (ValueError, InvalidSignature):
        raise NoteBroken("the note's signature is wrong") from None
    raise NoteBroken("the note isn't signed by this key")


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """Return a checkpoint's lines, to be signed."""
    root = base64.b64encode(checkpoint.root).decode()
    return "\n".join([checkpoint.origin, str(checkpoint.size), root, *checkpoint.extensions]) + "\n"


def parsed(text: str) -> Checkpoint:
    """Return the checkpoint of a note's text.

    Raises:
        NoteBroken: it is none.
    """
    try:
        origin, size, encoded, *extensions = text.removesuffix("\n").split("\n")
        root = base64.b64decode(encoded, validate=True)
        if not size.isdecimal() or len(root) != hashlib.sha256().digest_size:
            raise ValueError
        return Checkpoint(origin, int(size), root, tuple(extensions))
    except ValueError:
        raise NoteBroken("the note is no checkpoint") from None


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(f"{name}\n".encode() + _ED25519 + public).digest()[:4]
