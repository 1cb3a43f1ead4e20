"""By what codes leave the house: a port, and the demonstration's outbox behind it.

Real carriers (SMTP, an SMS gateway) are given to the product by `server.wiring`; without one no code is sent, and
whoever asks for one is told so.
"""

from collections import deque
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from domain.codes import Channel
from persistence.store import Clock

KEPT: Final = 50


class Sender(Protocol):
    """Carries a short text to a number or an address."""

    def reaches(self, channel: Channel) -> bool:
        """Return whether texts can go this way at all."""

    async def send(self, channel: Channel, to: str, text: str, key: str = "") -> str:
        """Hand a text over; return what the carrier knows it by. The same `key` is the same message, sent again.

        Raises:
            Exception: it could not be handed over; it is tried again.
        """


class Nobody:
    """No carrier is configured."""

    def reaches(self, channel: Channel) -> bool:
        """Return False."""
        return False

    async def send(self, channel: Channel, to: str, text: str, key: str = "") -> str:
        """Refuse: nothing is ever lost quietly."""
        raise ConnectionError("no carrier is configured")


class Shown(NamedTuple):
    """A text as the demonstration shows it."""

    channel: Channel
    to: str
    text: str
    at: datetime
    key: str = ""


class Outbox:
    """The demonstration's carrier: keeps the last texts in memory for the first page to show."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shown: deque[Shown] = deque(maxlen=KEPT)

    def reaches(self, channel: Channel) -> bool:
        """Return True."""
        return True

    async def send(self, channel: Channel, to: str, text: str, key: str = "") -> str:
        """Keep a text; the same message once."""
        if key and any(shown.key == key for shown in self._shown):
            return f"outbox-{key}"
        self._shown.appendleft(Shown(channel, to, text, self._clock(), key))
        return f"outbox-{key}" if key else ""

    def shown(self) -> list[Shown]:
        """Return the texts, the latest first."""
        return list(self._shown)
