"""The connections that are open for long: websockets and streams, so that a server going down can say so."""

import asyncio
from collections.abc import Awaitable, Callable

HangUp = Callable[[float], Awaitable[None]]
"""Ends a line; what runs on it gets that many seconds to answer."""

SLOW_READERS = 1.0
"""Seconds for the close frame itself, which waits behind what a slow reader hasn't taken."""


class Lines:
    """All open lines of this process."""

    def __init__(self) -> None:
        self._open: set[HangUp] = set()

    def __len__(self) -> int:
        return len(self._open)

    def opened(self, hang_up: HangUp) -> None:
        """Remember a line by what ends it."""
        self._open.add(hang_up)

    def closed(self, hang_up: HangUp) -> None:
        """Forget a line."""
        self._open.discard(hang_up)

    async def close_all(self, within: float = 8.0) -> None:
        """End every line, websockets with 1012; operations that run get `within` seconds to answer first.

        Call it when the server is told to stop, before uvicorn closes the sockets itself.
        """
        endings = [asyncio.ensure_future(hang_up(within)) for hang_up in self._open]
        if not endings:
            return
        _, late = await asyncio.wait(endings, timeout=within + SLOW_READERS)
        for ending in late:
            ending.cancel()
        await asyncio.gather(*endings, return_exceptions=True)
