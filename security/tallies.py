"""Where failed attempts are counted: one tally a name, changed by compare-and-swap."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol, cast

import msgspec
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

KEPT = 24 * 60 * 60
"""Seconds that an unchanged tally is kept."""


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one name; times are seconds since 1970."""

    streak: int = 0
    """Failures since the last success."""
    until: float = 0.0
    """No attempt before."""
    failures: tuple[float, ...] = ()
    """When the last day's failures were, in order."""


class Tallies(Protocol):
    """Keeps tallies for all workers."""

    async def read(self, who: str) -> Tally:
        """Return the name's tally; an empty one when nothing is known."""

    async def swap(self, who: str, old: Tally, new: Tally, now: float) -> bool:
        """Put `new` in the place of `old`; return False, having changed nothing, when `old` is there no more."""

    async def close(self) -> None:
        """Let connections go."""


@dataclass(frozen=True)
class _Kept:
    tally: Tally
    at: float


class MemoryTallies:
    """Tallies of a single process; the longest unchanged ones give way when there are too many."""

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def read(self, who: str) -> Tally:
        """Return the name's tally."""
        return self._tally(who)

    async def swap(self, who: str, old: Tally, new: Tally, now: float) -> bool:
        """Put `new` in the place of `old`, without yielding to others in between."""
        if self._tally(who) != old:
            return False
        self._kept[who] = _Kept(new, now)
        self._kept.move_to_end(who)
        self._forget(now)
        return True

    async def close(self) -> None:
        """Forget everything."""
        self._kept.clear()

    def _tally(self, who: str) -> Tally:
        kept = self._kept.get(who)
        return kept.tally if kept else Tally()

    def _forget(self, now: float) -> None:
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if len(self._kept) <= self._most and oldest.at > now - KEPT:
                return
            self._kept.popitem(last=False)


class RedisTallies:
    """Tallies of all workers in Redis, which forgets them after a day."""

    PREFIX = "attempts:"
    _SWAP = """
    if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
    if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
    return 1
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._swap = redis.register_script(self._SWAP)

    async def read(self, who: str) -> Tally:
        """Return the name's tally."""
        packed = cast("bytes | None", await self._redis.get(self.PREFIX + who))
        return msgspec.msgpack.decode(packed, type=Tally) if packed else Tally()

    async def swap(self, who: str, old: Tally, new: Tally, now: float) -> bool:
        """Put `new` in the place of `old` by one script; Redis's own clock forgets."""
        swapped = await self._swap([self.PREFIX + who], [_packed(old), _packed(new), KEPT])
        return cast("int", swapped) == 1

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


def _packed(tally: Tally) -> bytes:
    """Return the tally's bytes; an empty tally is none, as what Redis has not."""
    return b"" if tally == Tally() else msgspec.msgpack.encode(tally)


def tallies_at(url: str) -> Tallies:
    """Return the tallies of `memory://` (one process) or `redis://host:port/n` (all workers).

    Redis is asked twice at once, then given up: nobody waits at the door for a store that is away. A swap whose answer
    was lost is thereby counted twice at most.
    """
    if url.startswith("memory:"):
        return MemoryTallies()
    pool = BlockingConnectionPool.from_url(
        url, max_connections=16, timeout=5, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 1)
    )
    return RedisTallies(Redis.from_pool(pool))
