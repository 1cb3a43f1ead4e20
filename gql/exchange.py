"""What passes between the transports and the engine: a request, who sent it, and the reply."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

Language = Literal["ru", "en"]


@dataclass(frozen=True, slots=True)
class Request:
    """One GraphQL request as the client sent it: well formed, not yet parsed or believed."""

    query: str | None
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who knocks: the credentials as they came, and what the audit log wants to know of the connection."""

    token: str | None = None
    """The session's opaque token, from the bearer header or, its CSRF defence passed, from the cookie."""
    address: str = ""
    language: Language = "ru"
    user_agent: str = ""
    key: str | None = None
    """The `Idempotency-Key` header; an input's own key wins."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One complete answer."""

    body: bytes
    """The JSON of the GraphQL response."""
    executed: bool = True
    """False for a request error (GraphQL over HTTP: no `data`, status 400 for the graphql-response media type)."""
    status: int | None = None
    """The HTTP status where it isn't the usual one: 401, 429, 503; None otherwise."""
    retry_after: int | None = None
    """Seconds, sent as `Retry-After`."""


class StreamEnded(Exception):
    """A stream was ended by the server for a typed reason, after its last event was handed over."""

    def __init__(self, body: bytes, *, session: bool = False, reconnect: bool = False) -> None:
        super().__init__()
        self.body = body
        """The JSON of the GraphQL response whose one error says the reason (`extensions.code`)."""
        self.session = session
        """True if the session itself is over, so that the whole connection must close (4403)."""
        self.reconnect = reconnect
        """True if the client had better connect anew, so that the whole connection must close (4499)."""


class Stream(Protocol):
    """Complete GraphQL responses, one an event; ends by itself, by `aclose()`, or with StreamEnded."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return itself."""
        ...

    async def __anext__(self) -> bytes:
        """Return the next response."""
        ...

    async def aclose(self) -> None:
        """End it; a second time changes nothing."""
        ...


@runtime_checkable
class Pushing(Stream, Protocol):
    """A stream that can hand responses over without waking whoever awaits the next one."""

    def push_to(self, sink: Callable[[bytes], bool]) -> None:
        """Have responses go to a sink; those that it doesn't take (False) are awaited as ever."""
        ...


class Engine(Protocol):
    """What a transport needs of the API."""

    async def execute(self, request: Request, caller: Caller) -> Reply:
        """Run a query or mutation; every failure is a Reply, never an exception (but cancellation)."""
        ...

    async def subscribe(self, request: Request, caller: Caller) -> Stream | Reply:
        """Start a subscription, or reply as `execute` does if it can't start or isn't a subscription."""
        ...

    def kind(self, request: Request) -> Literal["query", "mutation", "subscription"] | None:
        """The operation's kind; None where the document doesn't parse or names no single operation."""
        ...

    async def knows(self, caller: Caller) -> bool:
        """Whether the caller's token opens a live session (a caller without a token is nobody: False)."""
        ...
