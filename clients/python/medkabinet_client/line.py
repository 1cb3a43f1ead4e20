"""Subscriptions over graphql-transport-ws: one socket for all of them."""

import asyncio
import itertools
import json
import re
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, Final

import websockets

from medkabinet_client.endings import LineEnded, code_of

Answer = dict[str, Any]
"""A GraphQL response: `data`, `errors`, `extensions`."""
FINAL_CLOSES: Final = {4403: "SESSION_ENDED"} | dict.fromkeys((4400, 4401, 4406, 4409, 4429), "PROTOCOL")
"""Close codes that a new connection would not change; 4403 is a session that the server doesn't know."""
BOUND: Final = 1000
"""Events that wait for a slow consumer; one who falls further behind reads on from the cursor, later."""


class Inbox:
    """What a connection has brought for one subscription and nobody has taken yet; bounded."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._items: deque[Answer] = deque()
        self._news = asyncio.Event()
        self._ended = False
        self._reason: LineEnded | None = None

    def put(self, answer: Answer) -> bool:
        """Keep an answer; False if there is no room: then it ends behind what is kept."""
        if len(self._items) >= BOUND:
            self.end(None)
            return False
        self._items.append(answer)
        self._news.set()
        return True

    def end(self, reason: LineEnded | None) -> None:
        """End after what is kept, by an error if there is a reason."""
        if not self._ended:
            self._ended, self._reason = True, reason
            self._news.set()

    async def items(self) -> AsyncGenerator[Answer, None]:
        """Yield the answers in order, then end."""
        while True:
            while self._items:
                yield self._items.popleft()
            if self._ended:
                if self._reason is not None:
                    raise self._reason
                return
            self._news.clear()
            await self._news.wait()


class Line:
    """One socket of graphql-transport-ws for all subscriptions: opened by the first, closed after the last."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self._names = map(str, itertools.count(1))
        self._inboxes: dict[str, Inbox] = {}
        self._spent = False
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def opened(cls, url: str, token: str | None) -> "Line":
        """Return a line that the server has acknowledged."""
        payload = {"authorization": f"Bearer {token}"} if token else {}
        try:
            socket = await websockets.connect(
                re.sub("^http", "ws", url),
                subprotocols=[websockets.Subprotocol("graphql-transport-ws")],
                open_timeout=10,
                close_timeout=2,
                ping_interval=12,
                ping_timeout=8,
                max_size=None,
            )
        except (OSError, websockets.WebSocketException):
            raise LineEnded("LINE_BROKEN", "resume") from None
        try:
            await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
            async with asyncio.timeout(10):
                while json.loads(await socket.recv())["type"] != "connection_ack":
                    pass
        except (TimeoutError, websockets.ConnectionClosed):
            with suppress(Exception):
                await socket.close()
            raise _closed(socket) from None
        return cls(socket)

    @property
    def over(self) -> bool:
        """Whether nothing can be begun on it: it is closed, or its session is over and it will be."""
        return self._spent or self._reading.done()

    async def subscribe(self, payload: dict[str, Any]) -> Inbox:
        """Begin a subscription; return where its answers come in."""
        inbox = Inbox(next(self._names))
        self._inboxes[inbox.name] = inbox
        await self._say({"id": inbox.name, "type": "subscribe", "payload": payload})
        if self._reading.done():
            inbox.end(_closed(self._socket))
        return inbox

    async def leave(self, inbox: Inbox) -> None:
        """End a subscription, and the line with the last."""
        if self._inboxes.pop(inbox.name, None) is not None:
            await self._say({"id": inbox.name, "type": "complete"})
        if not self._inboxes:
            await self.close()

    async def close(self) -> None:
        """Close the socket."""
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading
        await self._socket.close()
        for inbox in self._inboxes.values():
            inbox.end(LineEnded("LINE_BROKEN", "resume"))

    async def _read(self) -> None:
        try:
            while True:
                message = json.loads(await self._socket.recv())
                if message["type"] == "ping":
                    await self._say({"type": "pong"})
                else:
                    await self._hand_over(message)
        except (websockets.ConnectionClosed, ValueError):
            for inbox in self._inboxes.values():
                inbox.end(_closed(self._socket))

    async def _hand_over(self, message: dict[str, Any]) -> None:
        name, kind = message.get("id", ""), message["type"]
        inbox = self._inboxes.get(name)
        if inbox is None:
            return
        if kind == "next":
            if not inbox.put(message["payload"]):
                del self._inboxes[name]
                await self._say({"id": name, "type": "complete"})
            return
        del self._inboxes[name]
        end = LineEnded(code_of(message["payload"])) if kind == "error" else LineEnded("COMPLETED", "resume")
        self._spent = self._spent or end.code.startswith("SESSION_")
        inbox.end(end)

    async def _say(self, message: dict[str, Any]) -> None:
        with suppress(websockets.ConnectionClosed):  # the reader says so to everybody
            await self._socket.send(json.dumps(message))


def _closed(socket: websockets.ClientConnection) -> LineEnded:
    final = FINAL_CLOSES.get(socket.close_code or 0)
    return LineEnded(final, "end") if final else LineEnded("LINE_BROKEN", "resume")
