"""One connection of graphql-transport-ws: one coroutine, and one more for each running operation."""

import asyncio
import logging
from typing import Any

from starlette.types import Receive, Scope, Send

from gql.exchange import Caller, Engine, Request
from gql.transport import credentials, frames, headers, messages
from gql.transport.body import Gone
from gql.transport.frames import Close, Message
from gql.transport.lines import Lines
from gql.transport.operations import Operations
from gql.transport.refusals import TOO_MANY, Refused
from gql.transport.settings import LINE, Line, TransportSettings
from persistence.away import is_away

logger = logging.getLogger(__name__)


class Connection:
    """Reads messages in order; a send that waits for a slow reader holds back everything behind it."""

    __slots__ = (
        "_closed",
        "_engine",
        "_leaving",
        "_line",
        "_operations",
        "_receive",
        "_scope",
        "_send",
        "_settings",
        "caller",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, engine: Engine, settings: TransportSettings) -> None:
        self.caller = Caller()
        self._scope = scope
        self._receive = receive
        self._send = send
        self._engine = engine
        self._settings = settings
        self._operations = Operations(engine, self.send, self.write, self.close)
        self._line: Line | None = scope.get(LINE)
        self._closed = False
        self._leaving = False

    async def run(self, lines: Lines) -> None:
        """Serve until one side closes; nothing of it outlives this call."""
        lines.opened(self.hang_up)
        try:
            await self._introduction()
            while True:
                await self._handle(await self._message())
        except Close as close:
            await self.close(close.code, close.reason)
        except Gone:
            pass
        except Exception as error:  # noqa: BLE001 (the last line: the engine promises never to raise)
            logger.error("the engine raised %s", type(error).__name__)
            if is_away(error):
                await self.close(frames.LATER, "Try again later")
            else:
                await self.close(frames.INTERNAL, "Internal server error")
        finally:
            lines.closed(self.hang_up)
            await self._operations.end()

    async def hang_up(self, within: float) -> None:
        """Close for a restart, after running queries and mutations have answered."""
        self._leaving = True
        await self._operations.answered(within)
        await self.close(frames.RESTART, "Service restart")

    async def send(self, text: str) -> None:
        """Send a message, waiting until the client takes it.

        Raises:
            Gone: nobody takes it any more, or not for long.
        """
        if self._closed:
            raise Gone
        if not self.write(text):
            await self._event({"type": "websocket.send", "text": text})

    def write(self, text: str) -> bool:
        """Send a message if it goes out at once, without the timer that would cost as much as all the rest of it."""
        return not self._closed and self._line is not None and self._line.write(text)

    async def close(self, code: int, reason: str) -> None:
        """Close the socket, once; a client that has gone already is none the wiser."""
        if self._closed:
            return
        try:
            await self._event({"type": "websocket.close", "code": code, "reason": reason}, last=True)
        except Gone:
            return

    async def _event(self, event: dict[str, Any], *, last: bool = False) -> None:
        if self._closed:
            raise Gone
        self._closed = last
        try:
            await self._patiently(event)
        except (OSError, RuntimeError):
            # OSError: the client went away. RuntimeError: while this waited, the socket was closed from our side.
            raise Gone from None

    async def _patiently(self, event: dict[str, Any]) -> None:
        """Send to a client that takes its time, and cut one that takes nothing."""
        try:
            async with asyncio.timeout(self._settings.limits.slow_seconds):
                await self._send(event)
        except TimeoutError:
            self._closed = True
            if self._line is not None:
                self._line.cut(frames.TOO_SLOW, "Too slow: reconnect and resume")
            raise Gone from None

    async def _message(self) -> Message:
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            raise Gone
        return frames.parse(dict(event), self._settings.limits.message)

    async def _introduction(self) -> None:
        """Wait for `connection_init` and find out who it is."""
        try:
            async with asyncio.timeout(self._settings.limits.init_seconds):
                message = await self._message()
                while message.type != "connection_init":
                    await self._handle_early(message)
                    message = await self._message()
        except TimeoutError:
            raise Close(frames.INIT_TIMEOUT, "Connection initialisation timeout") from None
        sent = headers.read(self._scope)
        try:
            self.caller = credentials.of_socket(self._scope, sent, self._settings, message.payload or {})
        except Refused:
            raise Close(frames.FORBIDDEN, "Forbidden") from None
        if not await self._engine.knows(self.caller):
            raise Close(frames.FORBIDDEN, "Forbidden")
        await self.send(frames.ACK)

    async def _handle_early(self, message: Message) -> None:
        if message.type == "subscribe":
            raise Close(frames.UNAUTHORIZED, "Unauthorized")
        if message.type == "ping":
            await self.send(frames.pong(message.payload))

    async def _handle(self, message: Message) -> None:
        if message.type == "subscribe":
            await self._start(message)
        elif message.type == "complete":
            self._operations.stop(message.id)
        elif message.type == "ping":
            await self.send(frames.pong(message.payload))
        elif message.type == "connection_init":
            raise Close(frames.TOO_MANY_INITS, "Too many initialisation requests")

    async def _start(self, message: Message) -> None:
        request = _request(message.payload)
        if message.id in self._operations:
            raise Close(frames.TAKEN, f"Subscriber for {message.id} already exists")
        if self._leaving:
            return
        if self._operations.running >= self._settings.limits.operations:
            errors = messages.errors_of(TOO_MANY.body(self.caller.language))
            await self.send(frames.framed(message.id, "error", errors))
            return
        self._operations.start(message.id, request, self.caller)


def _request(payload: dict[str, Any]) -> Request:
    try:
        return messages.request(payload)
    except Refused:
        raise Close(frames.BAD_REQUEST, "Invalid payload") from None
