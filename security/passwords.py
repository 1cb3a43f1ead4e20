"""Passwords: Argon2id, in a pool of threads whose size bounds the memory.

Source: RFC 9106 (Argon2); OWASP Password Storage Cheat Sheet (m=19 MiB, t=2, p=1); NIST SP 800-63B (NFKC).
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from pwdlib.hashers.argon2 import Argon2Hasher

LONGEST = 256
"""Characters, before and after normalisation (one character may become 18)."""

T = TypeVar("T")


@dataclass(frozen=True)
class PasswordCost:
    """What one hash costs: memory in KiB, passes over it, lanes."""

    memory: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


CHEAP = PasswordCost(memory=8, passes=1)
"""For tests only."""


class UnusablePassword(ValueError):
    """The password is empty, too long, or holds NUL or half a character; the text never includes it."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def normalised(password: str) -> str:
    """Return the password in NFKC, so that every keyboard and system gives the same bytes.

    Raises:
        UnusablePassword: empty, over 256 characters, with NUL, or not encodable.
    """
    if len(password) > LONGEST:
        raise UnusablePassword
    text = unicodedata.normalize("NFKC", password)
    if not 0 < len(text) <= LONGEST or "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise UnusablePassword
    return text


class Passwords:
    """Hashes and verifies passwords, at most `at_once` at a time.

    The bound is the size of a pool of its own: unlike a semaphore it also holds when a waiting request is cancelled,
    because a started thread goes on.
    """

    def __init__(self, cost: PasswordCost | None = None, at_once: int = 4) -> None:
        cost = cost or PasswordCost()
        self._hasher = Argon2Hasher(time_cost=cost.passes, memory_cost=cost.memory, parallelism=cost.lanes)
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="passwords")

    async def hash(self, password: str) -> str:
        """Return what is stored: a PHC string with its own salt and cost.

        Raises:
            UnusablePassword: see `normalised`.
        """
        text = normalised(password)
        return await self._in_pool(lambda: self._hasher.hash(text))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether the password is the stored one; without a stored one, False after the same work."""
        try:
            text, usable = normalised(password), True
        except UnusablePassword:
            text, usable = "-", False
        against = self._nobodys if stored is None else stored
        same = await self._in_pool(lambda: self._hasher.verify(text, against))
        return same and usable and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Return whether the hash was made at another cost than today's (rehash at the next sign-in)."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _in_pool(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
