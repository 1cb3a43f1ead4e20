"""Structured logs: what happened to the machine, never to a person."""

import logging
import sys
from typing import Any, Final

import structlog

ALLOWED: Final = frozenset(
    {"event", "level", "timestamp", "incident", "error", "at", "address", "port", "seconds", "count", "path", "reason"}
)
"""Keys that a line may have: a closed list, so that no one can log a person by accident."""


def configure(*, pretty: bool) -> None:
    """Send every log line through one place, as JSON or, on a developer's screen, in words."""
    renderer: Any = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(ensure_ascii=True)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Plain()], force=True)
    logging.captureWarnings(True)


def only_allowed(_logger: Any, _method: str, line: Any) -> Any:
    """Drop what isn't on the list."""
    return {key: value for key, value in line.items() if key in ALLOWED}


class _Plain(logging.Handler):
    """Libraries' own lines: who complained and with what exception, not their text, which may quote data."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().warning("library", path=f"{record.name}:{record.lineno}", error=error)
