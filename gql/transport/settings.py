"""What the transports are told at the start: where they listen, whom they trust, how much they take."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

LINE: Final = "medkabinet.line"
"""Where a websocket's scope has its `Line`, if the server gives one."""


class Line(Protocol):
    """What of a connection ASGI doesn't show."""

    def write(self, text: str) -> bool:
        """Send a message if it goes out at once; return whether it did."""
        ...

    def cut(self, code: int, reason: str) -> None:
        """Close although the client takes nothing, the code behind what it hasn't read yet."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of what one client may send or hold; sizes are bytes."""

    headers: int = 32 * 1024
    """Request line and headers together."""
    body: int = 1024 * 1024
    body_seconds: float = 15.0
    """A body that isn't there by then is given up (408)."""
    files: int = 10
    file: int = 15 * 1024 * 1024
    upload: int = 20 * 1024 * 1024
    upload_seconds: float = 120.0
    uploads_at_once: int = 8
    """Uploads are held in memory (a temporary file would be health data in the clear on disk)."""
    message: int = 256 * 1024
    """One websocket message."""
    operations: int = 50
    """Running at once on one websocket."""
    init_seconds: float = 10.0
    """From the websocket's handshake to `connection_init`."""
    slow_seconds: float = 20.0
    """A client that takes nothing for so long, though something waits for it, is cut; it resumes from its cursor."""
    heartbeat_seconds: float = 12.0
    """Between the heartbeats of a silent SSE or multipart stream; proxies cut at 30 or 60."""


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """The transports' settings."""

    csrf_ok: Callable[[str, str], bool]
    """Whether the CSRF token (second) belongs to the session token (first)."""
    path: str = "/graphql"
    cookie: str = "session"
    allowed_origins: frozenset[str] = frozenset()
    """Besides the server's own: `https://host[:port]`, in lower case."""
    trusted_proxy: bool = False
    """Believe the last hop of `X-Forwarded-For`, and `X-Forwarded-Proto`."""
    limits: Limits = field(default_factory=Limits)
