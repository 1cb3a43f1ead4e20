"""By what messages leave the house: letters by SMTP, texts by a gateway; one sender out of several carriers."""

from collections.abc import Mapping
from typing import Protocol

from domain.codes import Channel


class Carrier(Protocol):
    """Carries texts one way."""

    async def carry(self, to: str, text: str, key: str) -> str:
        """Hand a text over; return what the carrier knows it by.

        Raises:
            Exception: it could not be handed over; it is tried again.
        """


class Carriers:
    """A sender (`actions.sending.Sender`) that has a carrier for each way."""

    def __init__(self, ways: Mapping[Channel, Carrier]) -> None:
        self._ways = ways

    def reaches(self, channel: Channel) -> bool:
        """Return whether texts can go this way at all."""
        return channel in self._ways

    async def send(self, channel: Channel, to: str, text: str, key: str = "") -> str:
        """Hand a text over.

        Raises:
            Exception: the carrier doesn't take it.
        """
        return await self._ways[channel].carry(to, text, key)
