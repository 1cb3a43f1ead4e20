"""Passwords that have leaked somewhere: looked up in a file of their hashes, which never leaves the machine.

The file is what "Have I Been Pwned" publishes ordered by hash: `SHA1:count`, one a line. It is 40 GB and is searched
by halves, not read.

Source: OWASP ASVS 5.0, 6.2.12.
"""

import hashlib
from pathlib import Path

from security.passwords import UnusablePassword, normalised

_LINE = 128
"""Bytes; no line is longer."""


class Leaked:
    """A file of hashes; without one, nothing is known to have leaked."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        if path is not None:
            with path.open("rb") as file:
                first = file.readline(_LINE)
            if first and not _is_line(first):
                raise ValueError("the list of leaked passwords is no ordered list of SHA-1 hashes")

    def knows(self, password: str) -> bool:
        """Return whether the password is on the list; reads some forty blocks, so call it in a thread."""
        if self._path is None:
            return False
        try:
            text = normalised(password)
        except UnusablePassword:
            return False
        wanted = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper().encode()
        return self._find(self._path, wanted)

    def _find(self, path: Path, wanted: bytes) -> bool:
        with path.open("rb") as file:
            low, high = 0, file.seek(0, 2)
            while high - low > _LINE:
                middle = (low + high) // 2
                file.seek(middle)
                file.readline(_LINE)
                start = file.tell()
                found = file.readline(_LINE)[:40]
                if start >= high or found > wanted:
                    high = middle
                elif found == wanted:
                    return True
                else:
                    low = start
            file.seek(low)
            return any(line[:40] == wanted for line in file.read(high - low + _LINE).splitlines())


def _is_line(line: bytes) -> bool:
    hash_, _, _ = line.strip().partition(b":")
    return len(hash_) == 40 and all(char in b"0123456789ABCDEF" for char in hash_)
