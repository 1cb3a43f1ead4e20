"""A bad network between clients and the service: connections that are reset, and slow, shaky lines."""

import asyncio
import random
import struct
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

CHUNK = 16 * 1024


class Proxy:
    """Forwards TCP to a port, as badly as told."""

    def __init__(self, target: int, delay: float = 0.0, rate: float = 0.0) -> None:
        self._target = target
        self._delay = delay
        self._rate = rate
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.Task[Any]] = set()
        self.port = 0
        self.resets = 0

    async def start(self) -> None:
        """Listen on a port of the system's choice."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def reset_all(self) -> None:
        """Break every connection on both sides, with a reset and without a word."""
        for writer in list(self._open):
            connection = writer.get_extra_info("socket")
            if connection is not None and connection.fileno() >= 0:
                connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            self.resets += 1

    async def stop(self) -> None:
        """Break everything and listen no more."""
        assert self._server is not None
        self._server.close()
        self.reset_all()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        pair = {writer, back}
        self._open |= pair
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._carry(source, sink, pair))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, pair: set[asyncio.StreamWriter]
    ) -> None:
        try:
            while chunk := await source.read(CHUNK):
                if self._delay or self._rate:
                    shaken = self._delay * random.uniform(0.5, 1.5)
                    await asyncio.sleep(shaken + (len(chunk) / self._rate if self._rate else 0))
                sink.write(chunk)
                await sink.drain()
        except OSError:
            pass
        finally:
            self._open -= pair
            for writer in pair:
                writer.close()
