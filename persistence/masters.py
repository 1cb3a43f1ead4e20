"""Master keys: what wraps the owners' keys. They come from a file or from the environment, never from the database."""

import base64
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from security.cipher import KEY, new_key


class MasterKeyMissing(Exception):
    """The master key that wraps this key isn't at hand."""


class MasterKeys:
    """The current master key and those that older keys are still wrapped under.

    The text has one key a line, `name:base64`; the last line is the current one.
    """

    def __init__(self, source: Path | str) -> None:
        """Read the keys from a file (Path) or from the text itself (str)."""
        self._source = source
        self._keys: Mapping[str, AESGCM] = {}
        self.current = ""
        self.read()

    def read(self) -> None:
        """Read the source anew: a rotation adds a line while servers run.

        Raises:
            MasterKeyMissing: there is no key, or one isn't 256 bits.
        """
        text = self._source.read_text() if isinstance(self._source, Path) else self._source
        lines = [line.strip() for line in text.replace(",", "\n").splitlines() if line.strip()]
        if not lines:
            raise MasterKeyMissing("there is no master key")
        keys = dict(_parsed(line) for line in lines)
        self._keys, self.current = keys, list(keys)[-1]

    def cipher(self, name: str) -> AESGCM:
        """Return a master key, reading the source anew if it isn't known yet.

        Raises:
            MasterKeyMissing: it isn't there.
        """
        if name not in self._keys:
            self.read()
        if name not in self._keys:
            raise MasterKeyMissing(f"master key {name} is not at hand")
        return self._keys[name]


def make_master_key(path: Path, name: str) -> None:
    """Append a new key to a file that only its owner can read; it becomes the current one."""
    line = f"{name}:{base64.b64encode(new_key()).decode()}\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _parsed(line: str) -> tuple[str, AESGCM]:
    name, _, text = line.partition(":")
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if not name or len(key) != KEY:
        raise MasterKeyMissing("a master key is a line `name:base64 of 32 bytes`")
    return name, AESGCM(key)
