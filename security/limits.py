"""Failed sign-ins are limited, over all workers: a few are free, then each waits longer, and a day has a ceiling.

The `limits` library counts hits in windows; it can neither take a hit back nor grow a delay, so this counts itself.

Source: NIST SP 800-63B, 5.2.2 (rate limiting); OWASP ASVS 5.0, 6.3.1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from security.tallies import Tallies, Tally

DAY = 24 * 60 * 60
_TRIES = 100


@dataclass(frozen=True)
class Allowance:
    """How much failing is borne: failures without delay, the delays after them in seconds, failures in 24 h."""

    free: int = 5
    first_delay: int = 30
    longest_delay: int = 15 * 60
    a_day: int = 100

    def delay(self, streak: int) -> int:
        """Return the seconds to wait after that many failures in a row: 0 while free, then doubling to the longest."""
        if streak < self.free:
            return 0
        return int(min(self.first_delay * 2 ** min(streak - self.free, 30), self.longest_delay))


class Attempts:
    """Limits the failed attempts of a name: a keyed hash of an account or an address, never the name itself.

    An attempt counts as failed from the moment that it is allowed until `succeeded` takes it back. So of many
    at once no more get through than one after another would, and a worker that dies amid one has counted it.
    """

    def __init__(self, tallies: Tallies, clock: Callable[[], datetime], allowance: Allowance | None = None) -> None:
        self._tallies = tallies
        self._clock = clock
        self._allowance = allowance or Allowance()

    async def wait_seconds(self, who: str) -> int:
        """Reserve an attempt and return 0, or reserve nothing and return the whole seconds to wait.

        Raises:
            redis.RedisError: the store is out of reach; the caller refuses the attempt.
        """
        for _ in range(_TRIES):
            now, tally = self._now(), await self._tallies.read(who)
            wait = self._wait(tally, now)
            if wait or await self._tallies.swap(who, tally, self._reserved(tally, now), now):
                return wait
        return 1

    async def failed(self, who: str) -> None:
        """Let the delay run from now: the reserved attempt, already counted, has failed."""
        await self._change(who, self._delayed)

    async def succeeded(self, who: str) -> None:
        """Take the reserved attempt back and end the row of failures; the day's other failures stay."""
        await self._change(who, lambda tally, now: Tally(failures=tally.failures[:-1]))

    async def _change(self, who: str, change: Callable[[Tally, float], Tally]) -> None:
        for _ in range(_TRIES):
            now, tally = self._now(), await self._tallies.read(who)
            if tally == Tally() or await self._tallies.swap(who, tally, change(tally, now), now):
                return

    def _now(self) -> float:
        return self._clock().timestamp()

    def _wait(self, tally: Tally, now: float) -> int:
        recent = _recent(tally, now)
        full = recent[-self._allowance.a_day] + DAY if len(recent) >= self._allowance.a_day else 0.0
        return max(0, ceil(max(tally.until, full) - now))

    def _reserved(self, tally: Tally, now: float) -> Tally:
        streak = tally.streak + 1
        return Tally(streak, now + self._allowance.delay(streak), (*_recent(tally, now), now))

    def _delayed(self, tally: Tally, now: float) -> Tally:
        return Tally(tally.streak, max(tally.until, now + self._allowance.delay(tally.streak)), tally.failures)


def _recent(tally: Tally, now: float) -> tuple[float, ...]:
    return tuple(at for at in tally.failures if at > now - DAY)
