"""Master keys: what wraps the owners' keys. They come from a file or from the environment, never from the database."""

import base64
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from security.cipher import KEY, new_key

NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""A master key's name: it is stored beside every key that it wraps."""


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
        self._current = ""
        self._stamp: tuple[int, ...] | None = None
        self.read()

    @property
    def current(self) -> str:
        """Return the name of the key that wraps now; a line added to the file counts from here on.

        A file that can't be read at this moment leaves a running server with the keys that it has.
        """
        with suppress(OSError, MasterKeyMissing):
            if self._stamp != self._look():
                self.read()
        return self._current

    def read(self) -> None:
        """Read the source anew: a rotation adds a line while servers run.

        Raises:
            MasterKeyMissing: there is no key, one isn't 256 bits, or two have one name.
        """
        stamp = self._look()
        text = self._source.read_text() if isinstance(self._source, Path) else self._source
        lines = [line.strip() for line in text.replace(",", "\n").splitlines() if line.strip()]
        if not lines:
            raise MasterKeyMissing("there is no master key")
        keys = dict(_parsed(line) for line in lines)
        if len(keys) != len(lines):
            raise MasterKeyMissing("two master keys have one name")
        self._keys, self._current, self._stamp = keys, list(keys)[-1], stamp

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

    def _look(self) -> tuple[int, ...] | None:
        """Return what changes when the file does."""
        if not isinstance(self._source, Path):
            return None
        found = self._source.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino


def make_master_key(path: Path, name: str) -> None:
    """Append a new key to a file that only its owner can read; it becomes the current one.

    Raises:
        ValueError: the name is none, or the file has it: a second key of one name would hide the first.
    """
    if not NAME.fullmatch(name):
        raise ValueError("a master key's name is 1 to 64 of A–Z, a–z, 0–9, dot, hyphen and underscore")
    before = path.read_text() if path.exists() else ""
    if name in {line.strip().partition(":")[0] for line in before.replace(",", "\n").splitlines()}:
        raise ValueError(f"the file has a master key {name} already")
    line = f"{name}:{base64.b64encode(new_key()).decode()}\n"
    if before and not before.endswith("\n"):
        line = f"\n{line}"  # an editor left the last key's line open; appended to it, both keys would be lost
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
    if not NAME.fullmatch(name) or len(key) != KEY:
        raise MasterKeyMissing("a master key is a line `name:base64 of 32 bytes`")
    return name, AESGCM(key)
