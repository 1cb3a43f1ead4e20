"""GraphQL over HTTP: reads a request, has it run, and writes the answer or the stream."""

import logging
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from gql.exchange import Caller, Engine, Reply, Request
from gql.transport import accept, body, credentials, headers, json, messages, streams, uploads
from gql.transport.exchanges import Exchange
from gql.transport.lines import Lines
from gql.transport.refusals import (
    BAD_METHOD,
    BAD_TYPE,
    BAD_URL,
    BIG_HEADERS,
    INTERNAL,
    MUTATION_BY_GET,
    NEEDS_STREAM,
    NO_SESSION,
    NOT_ACCEPTABLE,
    Refused,
)
from gql.transport.settings import TransportSettings

logger = logging.getLogger(__name__)

PARAMETERS = 32
"""In a URL; ours are five."""


class HTTP:
    """The ASGI application behind GET and POST."""

    def __init__(self, engine: Engine, settings: TransportSettings, lines: Lines) -> None:
        self._engine = engine
        self._settings = settings
        self._lines = lines
        self._uploads = uploads.Uploads(settings.limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever it is."""
        exchange = Exchange(scope, receive, send)
        try:
            await self._answer(exchange)
        except Refused as refused:
            await exchange.refuse(refused.refusal)
        except body.Gone:
            return
        except Exception as error:  # noqa: BLE001 (the last line: the engine promises never to raise)
            # The type only: a message or a traceback's values may be somebody's health data.
            logger.error("the engine raised %s", type(error).__name__)
            await exchange.refuse(INTERNAL)

    async def _answer(self, exchange: Exchange) -> None:
        limits = self._settings.limits
        if headers.too_large(exchange.scope, limits.headers):
            raise Refused(BIG_HEADERS)
        method = exchange.scope["method"]
        if method not in ("GET", "POST"):
            raise Refused(BAD_METHOD)
        if exchange.accepted == accept.Accepted(None, None):
            raise Refused(NOT_ACCEPTABLE)
        caller = credentials.of_request(exchange.scope, exchange.headers, self._settings)
        if method == "GET":
            await self._run(exchange, from_url(exchange.scope["query_string"]), caller)
        else:
            await self._post(exchange, caller)

    async def _post(self, exchange: Exchange, caller: Caller) -> None:
        limits, sent = self._settings.limits, exchange.headers
        kind, options = headers.content_type(sent.get("content-type", ""))
        if sent.get("content-encoding", "identity").lower() != "identity":
            raise Refused(BAD_TYPE)
        if kind == "multipart/form-data":
            uploads.check(sent, options.get("charset"))
            body.check_length(sent.get("content-length"), limits.upload)
            if not await self._engine.knows(caller):  # before 20 MiB are read from anybody
                raise Refused(NO_SESSION)
            async with self._uploads.received(exchange.receive, options.get("boundary", "")) as request:
                await self._run(exchange, request, caller)
        elif kind == accept.JSON and options.get("charset", "utf-8").lower() in ("utf-8", "utf8"):
            body.check_length(sent.get("content-length"), limits.body)
            raw = await body.whole(exchange.receive, limits.body, limits.body_seconds)
            await self._run(exchange, messages.request(json.decode(raw)), caller)
        else:
            raise Refused(BAD_TYPE)

    async def _run(self, exchange: Exchange, request: Request, caller: Caller) -> None:
        kind = self._engine.kind(request)
        if kind == "mutation" and exchange.scope["method"] == "GET":
            raise Refused(MUTATION_BY_GET)
        if kind != "subscription":
            # A client that leaves doesn't stop a mutation half-way: its key will ask for the outcome.
            await self._reply(exchange, await self._engine.execute(request, caller))
            return
        if not exchange.accepted.stream:
            raise Refused(NEEDS_STREAM)
        outcome = await self._engine.subscribe(request, caller)
        if isinstance(outcome, Reply):
            await self._reply(exchange, outcome, streamed=True)
        else:
            await exchange.stream(outcome, self._lines, self._settings.limits)

    async def _reply(self, exchange: Exchange, reply: Reply, *, streamed: bool = False) -> None:
        """Answer once; as a stream of one where the client takes nothing else or asked for a stream."""
        streamed = streamed or exchange.accepted.single is None
        if streamed and exchange.accepted.stream and reply.status is None:
            await exchange.stream(streams.only(reply), self._lines, self._settings.limits)
        else:
            await exchange.reply(reply)


def from_url(query_string: bytes) -> Request:
    """Return the request in a URL.

    Raises:
        Refused: a parameter twice, not UTF-8, or of a wrong shape.
    """
    try:
        text = query_string.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS)
    except ValueError:
        raise Refused(BAD_URL) from None
    message: dict[str, object] = dict(pairs)
    if len(message) != len(pairs):
        raise Refused(BAD_URL)
    for name in ("variables", "extensions"):
        if name in message:
            message[name] = json.decode(str(message[name]))
    return messages.request(message)
