"""HL7 v2 over MLLP: `<VT> message <FS><CR>`, answered in kind; each listener speaks for partners known beforehand."""

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from actions import messages
from actions.call import Call
from actions.messages import Sender
from domain.errors import Forbidden, NotSignedIn
from domain.messages import MessageReason
from integrations.hl7.intake import MOST_BYTES, Intake

logger = logging.getLogger(__name__)

START: Final = 0x0B
END: Final = b"\x1c\r"
BETWEEN: Final = b"\r\n"
"""What some senders put between blocks."""
CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a listener bears."""

    connections: int = 100
    message: int = MOST_BYTES
    """Bytes without an end block after which a connection is cut off."""
    held: int = 5 * MOST_BYTES
    """Bytes of messages not yet answered in all connections together; who adds to more is cut off."""
    unfinished: float = 60.0
    """Seconds without a byte, a message being under way."""
    answering: float = 30.0
    """Seconds for the peer to take its answer, and for the last answers when the listener stops."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a listener listens, and for whom."""

    host: str
    port: int
    account_id: int | None = None
    """The partner that everyone who connects here speaks for, unless certificates say who it is."""
    by_certificate: Mapping[str, int] = field(default_factory=dict)
    """Common or DNS name of a client's certificate → the partner's account."""
    tls: ssl.SSLContext | None = None
    behind_tls: bool = False
    """A tunnel before this listener ends TLS."""


def server_tls(certificate: Path, key: Path, clients: Path | None = None) -> ssl.SSLContext:
    """Return a context of TLS 1.2 or later; with `clients`, only certificates of these authorities get in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class Listener:
    """One port."""

    def __init__(self, intake: Intake, listening: Listening, limits: Limits | None = None) -> None:
        self._intake = intake
        self._listening = listening
        self._limits = limits or Limits()
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self.held = 0

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        assert self._server is not None, "start() comes first"
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Finish what a crash left half done, then listen.

        Raises:
            ValueError: health data would travel in the clear, or nobody is named to speak for.
            OSError: the port is taken.
        """
        where = self._listening
        if where.tls is None and not where.behind_tls and not _is_loopback(where.host):
            raise ValueError("plain MLLP is served on loopback only; give it a certificate or a tunnel")
        if where.account_id is None and not where.by_certificate:
            raise ValueError("an MLLP listener needs a partner")
        for account_id in {where.account_id, *where.by_certificate.values()} - {None}:
            await self._recovered(account_id)
        self._server = await asyncio.start_server(self._connected, where.host, where.port, ssl=where.tls, limit=CHUNK)

    async def stop(self) -> None:
        """Stop listening; messages that are complete get their answers first."""
        if self._server is not None:
            self._server.close()
        tasks = [connection.stop() for connection in self._connections]
        if tasks:
            await asyncio.wait(tasks, timeout=self._limits.answering)
        for connection in list(self._connections):
            connection.cut()
        if self._server is not None:
            await self._server.wait_closed()

    def partner(self, certificate: Mapping[str, Any] | None) -> int | None:
        """Return whom a connection speaks for, None if nobody is known."""
        known = self._listening.by_certificate
        if not known:
            return self._listening.account_id
        return next((known[name] for name in _names(certificate or {}) if name in known), None)

    async def _recovered(self, account_id: int | None) -> None:
        sender = Sender(Call(self._intake.app, operation="mllp"), account_id)
        try:
            await self._intake.recover(sender)
        except (NotSignedIn, Forbidden):
            logger.warning("the partner of an MLLP listener may not send")

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        account_id = self.partner(writer.get_extra_info("peercert"))
        if account_id is None or len(self._connections) >= self._limits.connections:
            writer.transport.abort()
            return
        address = (writer.get_extra_info("peername") or ("",))[0]
        sender = Sender(Call(self._intake.app, address=address, operation="mllp", language="en"), account_id)
        connection = _Connection(self, self._intake, sender, self._limits, reader, writer)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            writer.close()


class _Connection:
    """One peer, one message after the other."""

    def __init__(
        self,
        listener: Listener,
        intake: Intake,
        sender: Sender,
        limits: Limits,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._listener = listener
        self._intake = intake
        self._sender = sender
        self._limits = limits
        self._reader = reader
        self._writer = writer
        self._buffer = bytearray()
        self._answering = self._stopping = False
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[Any] = task

    async def run(self) -> None:
        """Answer until the peer leaves, breaks the framing or asks too much."""
        try:
            while not self._stopping and (raw := await self._next()) is not None:
                self._answering = True
                self._listener.held += len(raw)
                try:
                    await self._write(await self._answer(raw))
                finally:
                    self._listener.held -= len(raw)
                self._answering = False
        except (ConnectionError, TimeoutError, ssl.SSLError, asyncio.CancelledError):
            pass  # the peer is gone or too slow, or the listener stops: nothing was promised
        finally:
            self._listener.held -= len(self._buffer)
            self._buffer.clear()

    def stop(self) -> "asyncio.Task[Any]":
        """End the connection once a message under way is answered."""
        self._stopping = True
        if not self._answering:
            self._task.cancel()
        return self._task

    def cut(self) -> None:
        """End the connection at once."""
        self._task.cancel()
        self._writer.transport.abort()

    async def _next(self) -> bytes | None:
        """Return the next block's content; None if the peer left or doesn't speak MLLP."""
        searched = 0
        while True:
            if self._buffer and self._buffer[0] in BETWEEN:
                self._drop(len(self._buffer) - len(self._buffer.lstrip(BETWEEN)))
            if self._buffer and self._buffer[0] != START:
                return None
            end = self._buffer.find(END, max(searched - 1, 0))
            if end >= 0:
                raw = bytes(memoryview(self._buffer)[1:end])
                self._drop(end + len(END))
                return raw
            searched = len(self._buffer)
            if not await self._more():
                return None

    async def _more(self) -> bool:
        """Read on; False at the peer's end, or where the message is longer than may be held."""
        if self._buffer:
            async with asyncio.timeout(self._limits.unfinished):
                chunk = await self._reader.read(CHUNK)
        else:
            chunk = await self._reader.read(CHUNK)
        self._buffer += chunk
        self._listener.held += len(chunk)
        within = len(self._buffer) <= self._limits.message and self._listener.held <= self._limits.held
        return bool(chunk) and within

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._listener.held -= count

    async def _answer(self, raw: bytes) -> bytes:
        try:
            return await self._intake.take(self._sender, raw)
        except (NotSignedIn, Forbidden) as refusal:
            await messages.refused(self._sender, refusal.code)
            return self._intake.answer(raw, MessageReason.SENDER_NOT_ALLOWED)

    async def _write(self, answer: bytes) -> None:
        self._writer.write(bytes([START]) + answer + END)
        async with asyncio.timeout(self._limits.answering):
            await self._writer.drain()


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


def _names(certificate: Mapping[str, Any]) -> list[str]:
    """Return a client certificate's DNS names and common names."""
    alternative = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    common = [value for part in certificate.get("subject", ()) for kind, value in part if kind == "commonName"]
    return alternative + common
