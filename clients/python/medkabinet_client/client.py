"""A client of one server."""

import asyncio
import http.client
import itertools
import json
import random
import re
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from medkabinet_client.endings import LineEnded, StreamEnded, Unreachable, code_of
from medkabinet_client.line import BOUND, Answer, Line

STOOD: Final = 5.0
"""A connection that stood so long, seconds, was a good one: waiting begins from the start again."""
REPEATED: Final = 60.0
"""How long a request with a key is repeated, seconds."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, and the place in the log behind it: kept, it resumes the stream in another process too."""

    data: dict[str, Any]
    cursor: str


@dataclass(frozen=True, slots=True)
class Waits:
    """Waiting between attempts, seconds: exponential, with full jitter, so that not all come back at once."""

    first: float = 0.5
    longest: float = 20.0

    def before(self, number: int) -> float:
        """Return how long to wait before attempt `number` (from 0)."""
        return random.uniform(0, min(self.longest, self.first * 2.0 ** min(number, 30)))  # noqa: S311


class Medkabinet:
    """A client of one server."""

    def __init__(self, url: str, token: Callable[[], str | None], waits: Waits | None = None) -> None:
        """Take the API's address, and who is asking: a session's token, asked anew for every connection and request."""
        if not url.startswith(("http://", "https://")):
            raise ValueError("the API's address begins with https://")
        self._url = url
        self._token = token
        self._waits = waits or Waits()
        self._line: Line | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> "Medkabinet":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the socket; streams that are still followed open another."""
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def ask(self, document: str, variables: Mapping[str, Any] | None = None, *, key: str | None = None) -> Answer:
        """Run a query or mutation over HTTP and return the whole answer.

        `key` is a mutation's: with it the request is repeated until answered, and acts once.

        Raises:
            Unreachable: no answer, or 429 or 503; with a key, for a minute.
        """
        body = json.dumps({"query": document, "variables": dict(variables or {})}).encode()
        given_up = time.monotonic() + REPEATED
        for failures in itertools.count():
            try:
                return await asyncio.to_thread(self._post, body, key)
            except Unreachable as reason:
                if key is None or time.monotonic() > given_up:
                    raise
                await asyncio.sleep(reason.retry_after + self._waits.before(failures))
        raise AssertionError

    async def follow(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        after: str | None = None,
        reload: Callable[[], Awaitable[str]] | None = None,
        waiting: Callable[[str, float], None] | None = None,
    ) -> AsyncGenerator[Happened, None]:
        """Yield a subscription's events, each once, in order, over as many connections as it takes.

        `after` is a cursor or an `asOf`; without it, from now on (the present is asked for first). `reload` is
        awaited when some events are no longer kept: it loads the data anew and returns its `asOf`; without it a gap
        ends the stream. `waiting` is told before each wait, why and for how many seconds.

        Raises:
            StreamEnded: it is over for a typed reason.
            ValueError: the document takes no `$after`, or doesn't select `cursor`.
        """
        if not re.search(r"\$after\b", document):
            raise ValueError("the document must take $after: String and pass it on")
        known: deque[str] = deque(maxlen=BOUND)
        cursor, failures = after, 0
        while True:
            began = time.monotonic()
            try:
                if cursor is None:
                    cursor = await self._now()
                payload = {"query": document, "variables": {**(variables or {}), "after": cursor}}
                async with aclosing(self._heard(payload)) as events:
                    async for happened in events:
                        failures = 0
                        if happened.cursor in known:
                            continue
                        cursor = happened.cursor
                        known.append(cursor)
                        yield happened
                continue  # fell behind: what is missing is read from the cursor, at once
            except Unreachable:
                code = "UNREACHABLE"
            except LineEnded as end:
                if end.verdict == "end" or (end.verdict == "reload" and reload is None):
                    raise StreamEnded(end.code, cursor) from None
                code = end.code
            if code == "STREAM_GAP":
                assert reload is not None
                cursor = await self._reloaded(reload, waiting)
                continue
            failures = 0 if time.monotonic() - began > STOOD else failures
            await self._wait(code, failures, waiting)
            failures += 1

    async def _reloaded(
        self, reload: Callable[[], Awaitable[str]], waiting: Callable[[str, float], None] | None
    ) -> str:
        """Have the data loaded anew until that succeeds; return where the stream goes on."""
        for failures in itertools.count():
            try:
                return await reload()
            except Unreachable:
                await self._wait("UNREACHABLE", failures, waiting)
        raise AssertionError

    async def _wait(self, code: str, failures: int, waiting: Callable[[str, float], None] | None) -> None:
        seconds = self._waits.before(failures)
        if waiting is not None:
            waiting(code, seconds)
        await asyncio.sleep(seconds)

    async def _now(self) -> str:
        """Return the present's place in the log."""
        answer = await self.ask("{ asOf }")
        if not answer.get("data"):
            raise LineEnded(code_of(answer.get("errors")))
        return str(answer["data"]["asOf"])

    async def _heard(self, payload: dict[str, Any]) -> AsyncGenerator[Happened, None]:
        """Yield the events of one connection. It ends without an error only if the consumer fell too far behind."""
        line = await self._opened()
        inbox = await line.subscribe(payload)
        try:
            async with aclosing(inbox.items()) as answers:
                async for answer in answers:
                    yield _event(answer)
        finally:
            await line.leave(inbox)

    async def _opened(self) -> Line:
        """Return the one socket, opened if need be."""
        async with self._opening:
            if self._line is None or self._line.over:
                self._line = await Line.opened(self._url, self._token())
            return self._line

    def _post(self, body: bytes, key: str | None) -> Answer:
        token = self._token()
        headers = {"Accept": "application/graphql-response+json", "Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310 (checked when it was given)
        try:
            answer: Answer = json.loads(_sent(request))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(str(error)) from None
        return answer


def _sent(request: urllib.request.Request) -> bytes:
    """Return the body of an answer, whatever its status."""
    try:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 429 or error.code >= 502:
                raise Unreachable(f"status {error.code}", _seconds(error.headers.get("Retry-After"))) from None
            return error.read()


def _event(answer: Answer) -> Happened:
    """Return an answer's event."""
    data = answer.get("data") or {}
    for field in data.values():
        if isinstance(field, dict) and isinstance(field.get("cursor"), str):
            return Happened(data, field["cursor"])
    if answer.get("errors"):
        raise LineEnded(code_of(answer["errors"]))
    raise ValueError("the document must select `cursor` with each event")


def _seconds(retry_after: str | None) -> float:
    try:
        return min(60.0, max(0.0, float(retry_after or 0)))
    except ValueError:
        return 0.0
