"""Why a stream or a request ended, in types."""

from typing import Any, Final, Literal

Verdict = Literal["resume", "reload", "end"]

RESUMED: Final = frozenset(
    {
        "AUDIT_UNAVAILABLE",
        "INTERNAL",
        "OVERLOADED",
        "RECONNECT",
        "ROLE_CHANGED",
        "SERVER_STOPPING",
        "STREAM_UNAVAILABLE",
        "TIMEOUT",
        "TOO_MANY_SUBSCRIPTIONS",
    }
)
"""Codes that pass by themselves; every other ends a stream, but for STREAM_GAP."""


class StreamEnded(Exception):
    """The stream is over and will not come back by itself."""

    def __init__(self, code: str, cursor: str | None) -> None:
        super().__init__(code)
        self.code = code
        """`SESSION_ENDED`, `CONSENT_WITHDRAWN`, `FORBIDDEN`, `STREAM_GAP` (nobody reloads), …"""
        self.cursor = cursor
        """The last event that was handed over, or where the stream began."""


class Unreachable(Exception):
    """The server could not be reached or asked to wait; the same request may be sent again later."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class LineEnded(Exception):
    """One connection's end of a stream, before it is decided whether that is the stream's end."""

    def __init__(self, code: str, verdict: Verdict | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.verdict: Verdict = verdict or verdict_of(code)


def verdict_of(code: str) -> Verdict:
    """Return what follows a code of the server."""
    if code == "STREAM_GAP":
        return "reload"
    return "resume" if code in RESUMED else "end"


def code_of(errors: Any) -> str:
    """Return the code of the first error."""
    try:
        return str(errors[0]["extensions"]["code"])
    except (TypeError, LookupError):
        return "INTERNAL"
