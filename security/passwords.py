"""Password hashing: Argon2id, a few at a time, the same time whether or not there is a password to compare."""

import asyncio
import unicodedata
from dataclasses import dataclass
from typing import Final

from pwdlib.hashers.argon2 import Argon2Hasher

LONGEST: Final = 256


@dataclass(frozen=True, slots=True)
class PasswordCost:
    """What one hash costs (OWASP: 19 MiB, 2 passes, 1 lane)."""

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1


class Passwords:
    """Hashes and compares in threads, under a bound, so that a flood of sign-ins can't take all memory."""

    def __init__(self, cost: PasswordCost | None = None, at_once: int = 4) -> None:
        cost = cost or PasswordCost()
        self._hasher = Argon2Hasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)
        self._gate = asyncio.Semaphore(at_once)
        self._nobodys = self._hasher.hash("nobody's password")

    async def hash(self, password: str) -> str:
        """Return a password's hash.

        Raises:
            ValueError: it is longer than 256 characters or has a NUL in it.
        """
        async with self._gate:
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether a password is the stored one; None costs as much as a wrong one."""
        try:
            normal = _normal(password)
        except ValueError:
            normal = ""
        async with self._gate:
            same = await asyncio.to_thread(self._hasher.verify, normal, stored or self._nobodys)
        return same and stored is not None and normal != ""


def _normal(password: str) -> str:
    """Return a password in the form in which keyboards of all kinds give the same (NIST SP 800-63B: NFKC)."""
    normal = unicodedata.normalize("NFKC", password)
    if len(normal) > LONGEST or "\0" in normal:
        raise ValueError("unusable password")
    return normal
