"""Files with an operation: the GraphQL multipart request specification, strictly."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from starlette.datastructures import UploadFile
from starlette.types import Receive

from gql.exchange import Request
from gql.transport import body, forms, json, messages
from gql.transport.refusals import BAD_FORM, BAD_MAP, BAD_TYPE, BUSY, PREFLIGHT, Refused
from gql.transport.settings import Limits

PREFLIGHT_HEADERS = ("graphql-require-preflight", "apollo-require-preflight", "x-requested-with")


class Uploads:
    """Receives uploads, a few at once, because they are held in memory."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._running = 0

    @asynccontextmanager
    async def received(self, receive: Receive, boundary: str) -> AsyncGenerator[Request, None]:
        """Give the request of a multipart body, its files in the variables; they are gone afterwards.

        Raises:
            Refused: malformed, over a limit, too slow, or too many at once.
        """
        if not boundary:
            raise Refused(BAD_FORM)
        if self._running >= self._limits.uploads_at_once:
            raise Refused(BUSY)
        self._running += 1
        try:
            chunks = body.chunks(receive, self._limits.upload, self._limits.upload_seconds)
            form = await forms.parse(chunks, boundary, self._limits)
            yield _request(form)
        finally:
            self._running -= 1


def check(headers: dict[str, str], charset: str | None) -> None:
    """Refuse what a web page of others could send without asking (a plain form), and other charsets.

    Raises:
        Refused: it could, or they are.
    """
    if not any(headers.get(name) for name in PREFLIGHT_HEADERS):
        raise Refused(PREFLIGHT)
    if charset is not None and charset.lower() not in ("utf-8", "utf8"):
        raise Refused(BAD_TYPE)


def _request(form: forms.Form) -> Request:
    """Return the request that a form's operations and map describe."""
    operations = json.decode(bytes(form.fields.get("operations", b"")))
    places = json.decode(bytes(form.fields.get("map", b"")))
    request = messages.request(operations)
    if not isinstance(places, dict) or places.keys() != form.files.keys():
        raise Refused(BAD_MAP)
    root = {"variables": request.variables}
    for name, paths in places.items():
        if not isinstance(paths, list) or not paths:
            raise Refused(BAD_MAP)
        for path in paths:
            _put(root, path, form.files[name])
    return replace(request, variables=root["variables"])


def _put(root: Any, path: Any, file: UploadFile) -> None:
    """Put a file where a path says: into the variables, where the client left a null."""
    if not isinstance(path, str) or not path.startswith("variables."):
        raise Refused(BAD_MAP)
    *parents, last = path.split(".")
    place = root
    for step in parents:
        place = place[_key(place, step)]
    key = _key(place, last)
    if place[key] is not None:
        raise Refused(BAD_MAP)
    place[key] = file


def _key(place: Any, step: str) -> str | int:
    """Return the key or index of a step that exists in an object or a list."""
    if isinstance(place, dict) and step in place:
        return step
    if isinstance(place, list) and step.isascii() and step.isdigit() and len(step) < 6 and int(step) < len(place):
        return int(step)
    raise Refused(BAD_MAP)
