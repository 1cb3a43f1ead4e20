"""One HTTP request and the answer to it, in ASGI's terms."""

from starlette.types import Receive, Scope, Send

from gql.exchange import Reply, Stream
from gql.transport import accept, body, headers, streams
from gql.transport.lines import Lines
from gql.transport.multipart import Multipart
from gql.transport.refusals import NO_SESSION, TOO_LARGE, Refusal
from gql.transport.settings import Limits
from gql.transport.sse import SSE

Header = tuple[bytes, bytes]

EVERYWHERE: list[Header] = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
FRAMINGS: dict[accept.Streaming, streams.Framing] = {accept.SSE: SSE(), accept.MULTIPART: Multipart()}
LINGER_BYTES, LINGER_SECONDS = 64 * 1024 * 1024, 5.0


class Exchange:
    """What was asked, and the one answer to it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.headers = headers.read(scope)
        self.accepted = accept.negotiate(self.headers.get("accept"))
        self._send = send
        self._started = False

    async def reply(self, reply: Reply) -> None:
        """Send a complete answer: 400 for a request error, but 200 to the legacy media type."""
        usual = 400 if self.accepted.single == accept.GRAPHQL and not reply.executed else 200
        extra: list[Header] = list(NO_SESSION.headers) if reply.status == 401 else []
        if reply.retry_after is not None:
            extra.append((b"retry-after", b"%d" % reply.retry_after))
        await self._write(reply.status or usual, reply.body, extra)

    async def refuse(self, refusal: Refusal) -> None:
        """Send a refusal; nothing if an answer has begun."""
        if self._started:
            return
        language = headers.language(self.headers.get("accept-language", ""))
        lingering = refusal is TOO_LARGE
        await self._write(refusal.status, refusal.body(language), list(refusal.headers), more=lingering)
        if lingering:
            await body.drain(self.receive, LINGER_BYTES, LINGER_SECONDS)
            await self._send({"type": "http.response.body", "body": b""})

    async def stream(self, stream: Stream, lines: Lines, limits: Limits) -> None:
        """Send a stream in the framing that was negotiated."""
        framing = FRAMINGS[self.accepted.stream or accept.SSE]
        # Proxies (nginx) would keep the events back.
        extra = [(b"content-type", framing.content_type), (b"x-accel-buffering", b"no")]
        await self._start(200, extra)
        await self._send({"type": "http.response.body", "body": framing.opening, "more_body": True})
        pump = streams.Pump(
            streams.chunks(stream, framing), framing.heartbeat, limits.heartbeat_seconds, limits.slow_seconds
        )
        await pump.run(self.receive, self._send, lines)

    async def _write(self, status: int, content: bytes, extra: list[Header], *, more: bool = False) -> None:
        kind = (self.accepted.single or accept.JSON).encode()
        described = [(b"content-type", kind + b"; charset=utf-8"), (b"content-length", b"%d" % len(content))]
        await self._start(status, described + extra)
        await self._send({"type": "http.response.body", "body": content, "more_body": more})

    async def _start(self, status: int, extra: list[Header]) -> None:
        self._started = True
        await self._send({"type": "http.response.start", "status": status, "headers": [*EVERYWHERE, *extra]})
