"""Reads a request's body within its limits of size and time."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.types import Receive

from gql.transport.refusals import BAD_LENGTH, TOO_LARGE, TOO_SLOW, Refused


class Gone(Exception):
    """The client went away; nobody is left to answer."""


def check_length(content_length: str | None, limit: int) -> None:
    """Refuse a declared length over `limit` bytes before a byte of it is read.

    Raises:
        Refused: too long, or not a length.
    """
    if content_length is None:
        return
    if not (content_length.isascii() and content_length.isdigit()):
        raise Refused(BAD_LENGTH)
    # Compared by digits first: int() of a number with 5,000 digits is an error of its own.
    if len(content_length.lstrip("0")) > 15 or int(content_length) > limit:
        raise Refused(TOO_LARGE)


async def chunks(receive: Receive, limit: int, seconds: float) -> AsyncGenerator[bytes, None]:
    """Yield the body as it comes, `limit` bytes and `seconds` in all at most.

    Raises:
        Gone: the client went away.
        Refused: too large or too slow.
    """
    size, deadline = 0, asyncio.get_running_loop().time() + seconds
    more = True
    while more:
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise Refused(TOO_SLOW) from None
        if message["type"] == "http.disconnect":
            raise Gone
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            raise Refused(TOO_LARGE)
        if chunk:
            yield chunk


async def whole(receive: Receive, limit: int, seconds: float) -> bytes:
    """Return the whole body; raises as `chunks` does."""
    return b"".join([chunk async for chunk in chunks(receive, limit, seconds)])


async def drain(receive: Receive, limit: int, seconds: float) -> None:
    """Throw away what a refused client still sends, for a while.

    Closing with unread bytes resets the connection, and the client would never read why it was refused.
    """
    try:
        async for _ in chunks(receive, limit, seconds):
            pass
    except (Gone, Refused):
        return
