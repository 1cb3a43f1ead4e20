"""Rules for unusual activity: pure, fed with the log in its order, so that a restart replays to the same state."""

import ipaddress
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from typing import Final, NamedTuple

import msgspec

from domain.access import Ground
from domain.audit import AuditAction, Outcome


class AlertKind(StrEnum):
    """What looked unusual."""

    UNRELATED_RECORDS = "UNRELATED_RECORDS"
    REPEATED_REFUSALS = "REPEATED_REFUSALS"
    MASS_EXPORT = "MASS_EXPORT"
    PASSWORD_GUESSING = "PASSWORD_GUESSING"  # noqa: S105 - a kind of alert
    BRUTE_FORCE = "BRUTE_FORCE"
    IMPOSSIBLE_TRAVEL = "IMPOSSIBLE_TRAVEL"
    MANY_NETWORKS = "MANY_NETWORKS"


class Seen(NamedTuple):
    """What the rules look at of an entry."""

    at: datetime
    action: str
    outcome: str
    account_id: int | None
    patient_id: int | None
    address: str
    ground: str | None


class Limit(msgspec.Struct, frozen=True):
    """How many different things within how many seconds are too many; 0 turns a rule off."""

    most: int
    seconds: int


class Finding(NamedTuple):
    """A rule that was broken, and by whom."""

    kind: AlertKind
    account_id: int | None
    times: int


RULES: Final[Mapping[AlertKind, Limit]] = {
    AlertKind.UNRELATED_RECORDS: Limit(60, 3600),
    AlertKind.REPEATED_REFUSALS: Limit(15, 600),
    AlertKind.MASS_EXPORT: Limit(5, 3600),
    AlertKind.PASSWORD_GUESSING: Limit(10, 600),
    AlertKind.BRUTE_FORCE: Limit(5, 600),
    AlertKind.IMPOSSIBLE_TRAVEL: Limit(1000, 12 * 3600),
    AlertKind.MANY_NETWORKS: Limit(4, 600),
}
"""Where an operator sets nothing else; of IMPOSSIBLE_TRAVEL, `most` is in km/h."""
_RELATED: Final = frozenset({Ground.OWN, Ground.REPRESENTS, Ground.PARTNER})
_EXPORTS: Final = frozenset({AuditAction.EXPORT, AuditAction.DOWNLOAD})
_NEAR: Final = 100.0
"""Kilometres within which tables of addresses are no more exact."""
_AGAIN: Final = 60.0
"""Seconds after which the same person at the same address is looked at again."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Places:
    """Where networks are, as an operator's table says: `network,latitude,longitude` a line."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        """Read the table.

        Raises:
            ValueError: a line is none.
        """
        self._by_length: dict[tuple[int, int], dict[int, tuple[float, float]]] = {}
        for line in lines:
            if line.strip() and not line.startswith("#"):
                network, latitude, longitude = line.split(",")
                found = ipaddress.ip_network(network.strip())
                table = self._by_length.setdefault((found.version, found.prefixlen), {})
                table[int(found.network_address)] = (float(latitude), float(longitude))

    def __bool__(self) -> bool:
        return bool(self._by_length)

    def of(self, address: str) -> tuple[float, float] | None:
        """Return latitude and longitude, by the narrowest network that has the address."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return None
        for (version, length), table in sorted(self._by_length.items(), key=lambda item: -item[0][1]):
            shift = found.max_prefixlen - length
            if version == found.version and (place := table.get(int(found) >> shift << shift)):
                return place
        return None


class Watch:
    """The rules at work: what was seen within their times, and what was raised already."""

    def __init__(self, rules: Mapping[AlertKind, Limit] | None = None, places: Places | None = None) -> None:
        self._rules = {**RULES, **(rules or {})}
        self._places = places or Places()
        self._seen: dict[tuple[AlertKind, Hashable], dict[Hashable, datetime]] = {}
        self._quiet_until: dict[tuple[AlertKind, Hashable], datetime] = {}
        self._stood: dict[int, tuple[datetime, tuple[float, float]]] = {}
        self._last: dict[int | None, tuple[str, datetime]] = {}
        self._looked: datetime | None = None

    @property
    def longest(self) -> timedelta:
        """Return how far back the rules look."""
        away = () if self._places else (AlertKind.IMPOSSIBLE_TRAVEL,)
        return timedelta(seconds=max(limit.seconds for kind, limit in self._rules.items() if kind not in away))

    def see(self, seen: Seen) -> Sequence[Finding]:
        """Take the next entry; return what it makes unusual, each once within its rule's time."""
        if self._usual(seen):
            return ()
        self._forget(seen.at)
        found = []
        for kind, whose, what, account_id in _questions(seen):
            count = self._count(kind, whose, what, seen.at)
            if count is not None and self._raise(kind, whose, seen.at):
                found.append(Finding(kind, account_id, count))
        speed = self._speed(seen)
        if speed is not None and self._raise(AlertKind.IMPOSSIBLE_TRAVEL, seen.account_id, seen.at):
            found.append(Finding(AlertKind.IMPOSSIBLE_TRAVEL, seen.account_id, speed))
        return found

    def _usual(self, seen: Seen) -> bool:
        """Return whether a person goes on reading the own record from the same address: most entries by far."""
        if seen.ground != Ground.OWN or seen.action != AuditAction.READ:
            return False
        address, at = self._last.get(seen.account_id, ("", seen.at))
        if address == seen.address and (seen.at - at).total_seconds() < _AGAIN:
            return True
        self._last[seen.account_id] = seen.address, seen.at
        return False

    def _count(self, kind: AlertKind, whose: Hashable, what: Hashable, at: datetime) -> int | None:
        """Return how many different things were seen, if they are too many."""
        limit = self._rules[kind]
        if not limit.most:
            return None
        seen = self._seen.setdefault((kind, whose), {})
        seen.pop(what, None)
        seen[what] = at  # behind all others: the first is the one that was seen longest ago
        oldest = at - timedelta(seconds=limit.seconds)
        while (first := next(iter(seen))) is not what and (seen[first] <= oldest or len(seen) > 20 * limit.most):
            del seen[first]
        return len(seen) if len(seen) >= limit.most else None

    def _raise(self, kind: AlertKind, whose: Hashable, at: datetime) -> bool:
        key = kind, whose
        if self._quiet_until.get(key, at) > at:
            return False
        self._quiet_until[key] = at + timedelta(seconds=self._rules[kind].seconds)
        return True

    def _speed(self, seen: Seen) -> int | None:
        """Return the km/h at which a person must have travelled between two acts, if nobody can."""
        limit = self._rules[AlertKind.IMPOSSIBLE_TRAVEL]
        if not self._places or seen.account_id is None or seen.outcome != Outcome.DONE or not limit.most:
            return None
        place = self._places.of(seen.address)
        if place is None:
            return None
        before = self._stood.get(seen.account_id)
        self._stood[seen.account_id] = seen.at, place
        if before is None or seen.at - before[0] > timedelta(seconds=limit.seconds):
            return None
        far = kilometres(before[1], place)
        hours = max((seen.at - before[0]).total_seconds(), 1.0) / 3600
        return int(far / hours) if far > _NEAR and far / hours > limit.most else None

    def _forget(self, at: datetime) -> None:
        """Drop, each ten minutes, what no rule looks at any more."""
        if self._looked is not None and at - self._looked < timedelta(minutes=10):
            return
        self._looked, oldest = at, at - self.longest
        self._seen = {key: seen for key, seen in self._seen.items() if max(seen.values()) > oldest}
        self._quiet_until = {key: until for key, until in self._quiet_until.items() if until > at}
        self._last = {key: last for key, last in self._last.items() if last[1] > oldest}
        self._stood = {key: stood for key, stood in self._stood.items() if stood[0] > oldest}


def _questions(seen: Seen) -> Iterable[tuple[AlertKind, Hashable, Hashable, int | None]]:
    """Yield which rules an entry matters to: (kind, whose, what is counted once, account)."""
    who, refused = seen.account_id, seen.outcome == Outcome.REFUSED
    if seen.action == AuditAction.SIGN_IN and refused:
        yield AlertKind.BRUTE_FORCE, seen.address, who if who is not None else seen.at, None
        if who is not None:
            yield AlertKind.PASSWORD_GUESSING, who, seen.at, who
    if who is None:
        return
    if seen.action == AuditAction.READ and seen.patient_id is not None and seen.ground not in _RELATED:
        yield AlertKind.UNRELATED_RECORDS, who, seen.patient_id, who
    if refused and seen.action != AuditAction.SIGN_IN:
        yield AlertKind.REPEATED_REFUSALS, who, seen.at, who
    if seen.action in _EXPORTS and not refused:
        yield AlertKind.MASS_EXPORT, who, seen.patient_id, who
    network = network_of(seen.address)
    if network and seen.ground != Ground.PARTNER:
        yield AlertKind.MANY_NETWORKS, who, network, who


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return the network that an address lies in, about as wide as a provider gives to one place."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((found, 16 if found.version == 4 else 32), strict=False))


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance over the globe (haversine)."""
    (a, b), (c, d) = ((radians(x), radians(y)) for x, y in (one, other))
    half = sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2
    return 2 * 6371 * asin(sqrt(half))
