"""Every refusal that the transports know: status, stable code, and the text in two languages."""

from dataclasses import dataclass

import msgspec

from gql.exchange import Language


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason to refuse; the code is part of the API's contract, the texts are not."""

    status: int
    code: str
    ru: str
    en: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def body(self, language: Language) -> bytes:
        """Return the refusal as a GraphQL response."""
        text = self.ru if language == "ru" else self.en
        return msgspec.json.encode({"errors": [{"message": text, "extensions": {"code": self.code}}]})


class Refused(Exception):
    """A request was refused before it reached the engine."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def _bad(ru: str, en: str) -> Refusal:
    return Refusal(400, "BAD_REQUEST", ru, en)


BAD_HTTP = _bad("Это не запрос HTTP/1.1.", "This is no HTTP/1.1 request.")
BAD_HANDSHAKE = Refusal(
    400,
    "BAD_REQUEST",
    "Это не рукопожатие websocket версии 13.",
    "This is no handshake of a websocket of version 13.",
    ((b"sec-websocket-version", b"13"),),
)
NOT_JSON = _bad("Тело запроса — не JSON в UTF-8.", "The body is not JSON in UTF-8.")
TOO_DEEP = _bad("JSON вложен слишком глубоко.", "The JSON is nested too deeply.")
NOT_AN_OBJECT = _bad("Запрос должен быть объектом JSON.", "The request must be a JSON object.")
BATCH = _bad("Пакеты запросов не принимаются.", "Batches of requests are not accepted.")
NO_QUERY = _bad("Нет ни query, ни documentId.", "There is neither query nor documentId.")
BAD_QUERY = _bad("query должен быть строкой.", "query must be a string.")
BAD_DOCUMENT_ID = _bad("documentId должен быть строкой.", "documentId must be a string.")
BAD_OPERATION_NAME = _bad("operationName должен быть строкой или null.", "operationName must be a string or null.")
BAD_VARIABLES = _bad("variables должны быть объектом или null.", "variables must be an object or null.")
BAD_EXTENSIONS = _bad("extensions должны быть объектом или null.", "extensions must be an object or null.")
BAD_URL = _bad("Адрес запроса неверно составлен.", "The request's URL is malformed.")
BAD_BEARER = _bad("Заголовок Authorization неверно составлен.", "The Authorization header is malformed.")
BAD_KEY = _bad(
    "Idempotency-Key — от 1 до 255 печатных знаков ASCII.", "Idempotency-Key is 1 to 255 printable ASCII characters."
)
BAD_LENGTH = _bad("Content-Length неверен.", "Content-Length is malformed.")
BAD_FORM = _bad("Форма multipart/form-data неверно составлена.", "The multipart/form-data form is malformed.")
BAD_MAP = _bad(
    "operations и map не по спецификации GraphQL multipart request.",
    "operations and map don't follow the GraphQL multipart request specification.",
)
NEEDS_STREAM = _bad(
    "Подписке нужен websocket, text/event-stream или multipart/mixed;subscriptionSpec=1.0.",
    "A subscription needs a websocket, text/event-stream or multipart/mixed;subscriptionSpec=1.0.",
)
NO_SESSION = Refusal(401, "NOT_SIGNED_IN", "Нужно войти.", "You must sign in.", ((b"www-authenticate", b"Bearer"),))
CSRF = Refusal(403, "CSRF", "Нет верного заголовка X-CSRF-Token.", "There is no valid X-CSRF-Token header.")
PREFLIGHT = Refusal(
    403,
    "CSRF",
    "Загрузке файлов нужен заголовок GraphQL-Require-Preflight.",
    "An upload needs the header GraphQL-Require-Preflight.",
)
ORIGIN = Refusal(403, "ORIGIN", "С этого сайта запросы не принимаются.", "Requests from this site are refused.")
NO_PLACE = Refusal(404, "NOT_FOUND", "Такого адреса нет.", "There is no such address.")
WRONG_VERB = Refusal(405, "METHOD_NOT_ALLOWED", "Здесь так не спрашивают.", "This method isn't for this address.")
BAD_METHOD = Refusal(405, "METHOD_NOT_ALLOWED", "Только GET и POST.", "Only GET and POST.", ((b"allow", b"GET, POST"),))
MUTATION_BY_GET = Refusal(
    405, "METHOD_NOT_ALLOWED", "Изменения — только методом POST.", "Mutations only by POST.", ((b"allow", b"POST"),)
)
NOT_ACCEPTABLE = Refusal(
    406,
    "NOT_ACCEPTABLE",
    "Ответ возможен как application/graphql-response+json или application/json в UTF-8.",
    "The answer can be application/graphql-response+json or application/json in UTF-8.",
)
TOO_SLOW = Refusal(
    408,
    "TIMEOUT",
    "Тело запроса приходит слишком медленно.",
    "The body comes too slowly.",
    ((b"connection", b"close"),),
)
TOO_SLOW_HEADERS = Refusal(
    408, "TIMEOUT", "Заголовки запроса приходят слишком медленно.", "The headers come too slowly."
)
TOO_LARGE = Refusal(
    413,
    "PAYLOAD_TOO_LARGE",
    "Запрос слишком велик.",
    "The request is too large.",
    ((b"connection", b"close"),),
)
BAD_TYPE = Refusal(
    415,
    "UNSUPPORTED_MEDIA_TYPE",
    "Принимаются application/json и multipart/form-data в UTF-8 без сжатия.",
    "Accepted are application/json and multipart/form-data in UTF-8, not compressed.",
)
BIG_HEADERS = Refusal(
    431,
    "HEADERS_TOO_LARGE",
    "Заголовки запроса слишком велики.",
    "The request's headers are too large.",
    ((b"connection", b"close"),),
)
INTERNAL = Refusal(500, "INTERNAL", "Внутренняя ошибка.", "Internal error.")
BUSY = Refusal(
    503, "OVERLOADED", "Слишком много загрузок сразу.", "Too many uploads at once.", ((b"retry-after", b"5"),)
)
OVERLOADED = Refusal(
    503, "OVERLOADED", "Сейчас слишком много запросов.", "Too many requests just now.", ((b"retry-after", b"1"),)
)
TOO_MANY = Refusal(
    429,
    "TOO_MANY_SUBSCRIPTIONS",
    "Слишком много операций на одном соединении.",
    "Too many operations on one connection.",
)
