"""Medkabinet for asyncio: requests that act once, streams that lose nothing.

    async with Medkabinet("https://example.org/graphql", lambda: token) as account:
        answer = await account.ask("{ viewer { patient { id } } asOf }")
        async for happened in account.follow(CHANGED, after=answer["data"]["asOf"], reload=reload):
            ...

Needs nothing but `websockets`.
"""

from medkabinet_client.client import Happened, Medkabinet, Waits
from medkabinet_client.endings import StreamEnded, Unreachable

__all__ = ["Happened", "Medkabinet", "StreamEnded", "Unreachable", "Waits"]
