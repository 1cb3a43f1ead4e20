"""Counts failed sign-ins over all workers: five in a row are free, then each waits longer, and 100 a day are all."""

from typing import Final

from limits import RateLimitItemPerDay, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter

RULES: Final = (
    RateLimitItemPerMinute(5, namespace="sign-in"),
    RateLimitItemPerSecond(10, 15 * 60, namespace="sign-in"),
    RateLimitItemPerDay(100, namespace="sign-in"),
)
"""5 a minute, 10 in a quarter of an hour, 100 a day (NIST SP 800-63B)."""


class Attempts:
    """Attempts by whom they are about: an account's name, an address."""

    def __init__(self, url: str = "memory://") -> None:
        """Keep the counts in the process (`memory://`) or in Redis."""
        if url.startswith("redis"):
            storage: MemoryStorage | RedisStorage = RedisStorage(f"async+{url}", implementation="redispy")
        else:
            storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(storage)

    async def may_try(self, who: str) -> bool:
        """Count an attempt before it is looked at, and return whether it may be; concurrent ones count too."""
        allowed = [await self._limiter.hit(rule, who) for rule in RULES]
        return all(allowed)

    async def succeeded(self, who: str) -> None:
        """Forget the attempts that led to a success."""
        for rule in RULES:
            await self._limiter.clear(rule, who)
