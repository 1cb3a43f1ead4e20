"""GraphQL responses as bytes: errors masked, refusals in the client's language, nothing of a value in a message."""

import re
import uuid
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import structlog
from graphql import ExecutionResult, GraphQLError

from domain.errors import Refusal, Unavailable
from gql.context import Context
from gql.exchange import Language, Reply
from persistence.away import is_away

MOST_ERRORS: Final = 5
UNAUTHORIZED: Final = 401
BUSY: Final = 503
log = structlog.get_logger()
_ENCODER: Final = msgspec.json.Encoder()
_QUOTED: Final = re.compile(r"'(?!\$)[^']*'|\"[^\"]*\"")

INTERNAL: Final = {
    "ru": "Внутренняя ошибка. Номер для обращения: {incident}.",
    "en": "Internal error. Number to quote: {incident}.",
}


def answered(result: ExecutionResult, context: Context) -> bytes:
    """Return the response of an executed operation."""
    language = context.call.language
    response: dict[str, Any] = {"data": result.data}
    if result.errors:
        response["errors"] = [_formatted(error, language) for error in result.errors[:MOST_ERRORS]]
    extensions: dict[str, Any] = {"asOf": context.as_of, "cost": context.cost}
    if context.denied:
        extensions["denied"] = context.denials()
    response["extensions"] = extensions
    return _ENCODER.encode(response)


def emitted(data: dict[str, Any], context: Context) -> bytes:
    """Return the response of an operation that the generated emitter answered."""
    return _ENCODER.encode({"data": data, "extensions": {"asOf": context.as_of, "cost": context.cost}})


def refused(refusal: Refusal, language: str) -> Reply:
    """Return the reply to a request that a refusal ended before it was executed."""
    extensions = {"code": refusal.code} | ({"field": refusal.field} if refusal.field else {})
    return _request_error([{"message": refusal.message(language), "extensions": extensions}])


def rejected(errors: Iterable[GraphQLError], code: str) -> Reply:
    """Return the reply to a document or variables that don't pass."""
    return _request_error([_located(error, bare(error.message), code) for error in list(errors)[:MOST_ERRORS]])


def failed(code: str, message: str, *, status: int | None = None, retry_after: int | None = None) -> Reply:
    """Return the reply to a request that could not be served."""
    reply = _request_error([{"message": message, "extensions": {"code": code}}])
    return Reply(reply.body, executed=False, status=status, retry_after=retry_after)


def broken(error: Exception, language: str) -> Reply:
    """Return the reply to a request that failed inside; the log has the incident, nobody else the cause."""
    if is_away(error):
        refusal = _unavailable(error)
        return failed(refusal.code, refusal.message(language), status=BUSY, retry_after=1)
    incident = incident_of(error)
    message = INTERNAL[language].format(incident=incident)
    return _request_error([{"message": message, "extensions": {"code": "INTERNAL", "incident": incident}}])


def ended(code: str, message: str) -> bytes:
    """Return the last response of a stream that the server ends."""
    return _ENCODER.encode({"errors": [{"message": message, "extensions": {"code": code}}]})


def bare(message: str) -> str:
    """Return a message of graphql-core without the client's values: they may be anybody's data.

    Only messages about values quote them; of these the part behind the colon goes, and whatever is quoted but a
    variable's name.
    """
    if "value" not in message.lower() and "represent" not in message:
        return message
    return _QUOTED.sub("…", message.split(": ")[0])


def incident_of(error: BaseException) -> str:
    """Log what happened, without what it was about, and return the incident's number."""
    incident = uuid.uuid4().hex[:12]
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    log.error("incident", incident=incident, error=type(error).__name__, at=frames[-6:])
    return incident


def _unavailable(error: BaseException) -> Refusal:
    """Log that the database is away, and return what clients are told: the same again in a moment."""
    log.warning("database away", error=type(error).__name__)
    return Unavailable()


def _request_error(errors: list[dict[str, Any]]) -> Reply:
    return Reply(_ENCODER.encode({"errors": errors}), executed=False)


def _formatted(error: GraphQLError, language: Language | str) -> dict[str, Any]:
    original = error.original_error
    if original is not None and is_away(original):
        original = _unavailable(original)
    if isinstance(original, Refusal):
        formatted = _located(error, original.message(language), original.code)
        if original.field:
            formatted["extensions"]["field"] = original.field
        return formatted
    if original is None or isinstance(original, GraphQLError):
        return _located(error, bare(error.message), "BAD_USER_INPUT")
    incident = incident_of(original)
    formatted = _located(error, INTERNAL[language].format(incident=incident), "INTERNAL")
    formatted["extensions"]["incident"] = incident
    return formatted


def _located(error: GraphQLError, message: str, code: str) -> dict[str, Any]:
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        formatted["path"] = list(error.path)
    formatted["extensions"] = {"code": code}
    return formatted
