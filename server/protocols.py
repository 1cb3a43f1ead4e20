"""uvicorn's protocols, where they would leave JSON, a bound or silence in the log to somebody else."""

import asyncio
import http
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import SecurityError
from websockets.frames import CloseCode
from websockets.http11 import Request

from gql.transport.exchanges import EVERYWHERE
from gql.transport.refusals import BAD_HANDSHAKE, BAD_HTTP, BIG_HEADERS, TOO_SLOW_HEADERS, Refusal

HEAD_BYTES: Final = 64 * 1024
"""Request line and headers, before there is a request to look at; the parser itself has no bound."""
HEAD_SECONDS: Final = 15.0


class Http(HttpToolsProtocol):
    """HTTP that bounds what comes before a request, and refuses it as JSON like everything else."""

    head_seconds = HEAD_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = 0
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first request its time."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._expected()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes while headers are awaited, then parse."""
        if self._waiting is not None:
            self._head += len(data)
        if self.transport.is_closing():
            return  # refused: what still comes is no request
        super().data_received(data)
        if self._waiting is not None and self._head > HEAD_BYTES:
            self._refuse(BIG_HEADERS)

    def on_message_begin(self) -> None:
        """Give the next request its time."""
        super().on_message_begin()
        if self._waiting is None:
            self._expect(begun=1)

    def on_headers_complete(self) -> None:
        """The headers are here."""
        self._expected()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what isn't HTTP."""
        self._refuse(BAD_HTTP)

    def _expect(self, begun: int = 0) -> None:
        self._head = begun
        self._waiting = self.loop.call_later(self.head_seconds, self._too_slow)

    def _expected(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_slow(self) -> None:
        """Refuse half a request; a connection that a browser opened in advance is closed without a word."""
        if self._head:
            self._refuse(TOO_SLOW_HEADERS)
        else:
            self._expected()
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer and close; where another request waits for its answer, or is being answered, only close."""
        self._expected()
        cycle = self.cycle
        if not self.pipeline and (cycle is None or cycle.response_complete or _unread(cycle)):
            self.transport.write(written(refusal))
        self.transport.close()


class Socket(WebSocketsSansIOProtocol):
    """Websockets whose failed handshakes are answered, as JSON, and whose broken text is no traceback."""

    def data_received(self, data: bytes) -> None:
        """Read; a handshake that doesn't parse is refused (uvicorn would leave the client waiting)."""
        super().data_received(data)
        trouble = self.conn.handshake_exc
        if trouble is not None and not self.handshake_initiated:
            self._refuse(BIG_HEADERS if isinstance(trouble, SecurityError) else BAD_HANDSHAKE)

    def handle_connect(self, event: Request) -> None:
        """Begin, or refuse what is no handshake."""
        if self.conn.accept(event).status_code == http.HTTPStatus.SWITCHING_PROTOCOLS:
            super().handle_connect(event)
        else:
            self._refuse(BAD_HANDSHAKE)

    def send_receive_event_to_app(self) -> None:
        """Hand a message over; text that isn't UTF-8 closes with 1007."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            self.frames = [b"".join(self.frames)]
            if not _is_text(self.frames[0]):
                self.frames = []
                self.conn.fail(CloseCode.INVALID_DATA, "Not UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def _refuse(self, refusal: Refusal) -> None:
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        self.transport.write(written(refusal))
        self.transport.close()


def _unread(cycle: RequestResponseCycle) -> bool:
    """Return whether a request isn't wholly here, so that nothing of it has run."""
    return cycle.more_body and not cycle.response_started


def written(refusal: Refusal) -> bytes:
    """Return a refusal as the bytes of a whole response that is the connection's last."""
    body = refusal.body("ru")
    described = {b"content-type": b"application/json; charset=utf-8", b"content-length": b"%d" % len(body)}
    described |= dict(EVERYWHERE) | dict(refusal.headers) | {b"connection": b"close"}
    phrase = http.HTTPStatus(refusal.status).phrase.encode()
    lines = [b"HTTP/1.1 %d %b" % (refusal.status, phrase), *(b"%b: %b" % pair for pair in described.items())]
    return b"\r\n".join([*lines, b"", body])


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
