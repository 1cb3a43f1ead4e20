"""Requests that no door answers: refused as JSON with a code, like everything else."""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gql.transport import headers
from gql.transport.exchanges import EVERYWHERE
from gql.transport.refusals import INTERNAL, NO_PLACE, WRONG_VERB, Refusal

REFUSALS: Final = {404: NO_PLACE, 405: WRONG_VERB}
log = structlog.get_logger()


async def stray(request: Request, error: Exception) -> Response:
    """Answer an address or a method that there is not."""
    assert isinstance(error, HTTPException)
    return _answer(request, REFUSALS.get(error.status_code, INTERNAL), error.headers or {})


async def broken(request: Request, error: Exception) -> Response:
    """Answer where a door failed; the log has the error's type, nobody its text."""
    log.error("a door failed", error=type(error).__name__)
    return _answer(request, INTERNAL, {})


def _answer(request: Request, refusal: Refusal, extra: Mapping[str, str]) -> Response:
    body = refusal.body(headers.language(request.headers.get("accept-language", "")))
    everywhere = {name.decode(): value.decode() for name, value in EVERYWHERE}
    return Response(body, refusal.status, {**everywhere, **extra}, media_type="application/json")


HANDLERS: Final[dict[Any, Any]] = {HTTPException: stray, Exception: broken}
"""For the application."""
