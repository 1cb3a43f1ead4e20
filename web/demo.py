"""The demonstration's help, handed in by the server: people to sign in as, examples, a laboratory to play."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from actions.sending import Shown
from domain.errors import Forbidden, NotFound, Refusal
from persistence.store import Clock
from security.totp import STEP
from web.door import Door, answer, body_of, language_of, refused
from web.security_headers import PAGE, headers_for

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
Group = Literal["people", "staff", "machines"]


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody invented, to sign in as."""

    name: str
    role_ru: str
    role_en: str
    about_ru: str
    about_en: str
    login: str
    password: str
    code: Callable[[], str]
    """The one-time code of this moment."""
    group: Group = "people"


@dataclass(frozen=True, slots=True)
class Example:
    """An operation that is worth running."""

    key: str
    title_ru: str
    title_en: str
    about_ru: str
    about_en: str
    login: str
    """As whom."""
    query: str
    variables: Callable[[], Awaitable[dict[str, Any]]]
    """Ids of this moment's data: a slot that is still free, a request that still waits."""


@dataclass(frozen=True, slots=True)
class Demo:
    """All that the first page helps with."""

    people: Sequence[DemoPerson]
    play_laboratory: Callable[[], Awaitable[None]]
    examples: Sequence[Example]
    clock: Clock = field(kw_only=True)
    outbox: Callable[[], Sequence[Shown]] = field(kw_only=True, default=tuple)
    """What was sent to phones and addresses, the latest first."""


def routes(door: Door, demo: Demo) -> list[BaseRoute]:
    """Return the routes of the demonstration's help."""
    helper = Helper(door, demo)
    return [
        Route("/demo/codes", helper.codes),
        Route("/demo/outbox", helper.outbox),
        Route("/demo/mailbox", helper.mailbox),
        Route("/demo/examples/{key}", helper.example),
        Route("/demo/laboratory", helper.laboratory, methods=["POST"]),
    ]


class Helper:
    """Answers what the first page's script asks."""

    def __init__(self, door: Door, demo: Demo) -> None:
        self._door = door
        self._demo = demo

    async def codes(self, request: Request) -> Response:
        """Tell everybody's code of this moment and how long it lasts, in seconds."""
        try:
            self._require_loopback(request)
        except Refusal as refusal:
            return refused(refusal, request, self._door.settings)
        left = STEP - self._demo.clock().timestamp() % STEP
        codes = {person.login: person.code() for person in self._demo.people}
        return answer({"codes": codes, "secondsLeft": left}, self._door.settings)

    async def outbox(self, request: Request) -> Response:
        """Tell what would have gone to phones and addresses: nothing leaves the demonstration."""
        try:
            self._require_loopback(request)
        except Refusal as refusal:
            return refused(refusal, request, self._door.settings)
        sent = [{"channel": s.channel, "to": s.to, "text": s.text, "at": s.at.isoformat()} for s in self._demo.outbox()]
        return answer({"sent": sent}, self._door.settings)

    async def mailbox(self, request: Request) -> Response:
        """Show the same as a page."""
        try:
            self._require_loopback(request)
        except Refusal as refusal:
            return refused(refusal, request, self._door.settings)
        from web.rendering import mailbox_page  # that module knows our people

        page = mailbox_page(language_of(request), self._demo.outbox())
        headers = {**headers_for(PAGE, behind_tls=self._door.settings.behind_tls), "cache-control": "no-store"}
        return HTMLResponse(page, headers=headers)

    async def example(self, request: Request) -> Response:
        """Tell an example's query with variables that fit the present data."""
        try:
            self._require_loopback(request)
            found = [e for e in self._demo.examples if e.key == request.path_params["key"]]
            if not found:
                raise NotFound
            return answer(await self._told(found[0], language_of(request)), self._door.settings)
        except Refusal as refusal:
            return refused(refusal, request, self._door.settings)

    async def laboratory(self, request: Request) -> Response:
        """Have the demo's laboratory send a dangerous result."""
        try:
            self._require_loopback(request)
            await body_of(request)
            await self._demo.play_laboratory()
        except Refusal as refusal:
            return refused(refusal, request, self._door.settings)
        return answer({"sent": True}, self._door.settings)

    async def _told(self, example: Example, language: str) -> dict[str, Any]:
        person = next(person for person in self._demo.people if person.login == example.login)
        return {
            "title": example.title_en if language == "en" else example.title_ru,
            "login": example.login,
            "name": person.name,
            "query": example.query,
            "variables": await example.variables(),
        }

    def _require_loopback(self, request: Request) -> None:
        """Check that the address in the browser's bar is this machine: a page elsewhere that has its own name
        point here (DNS rebinding), or a proxy before us, gets no codes.

        Raises:
            Forbidden: it is not.
        """
        self._door.require_own_page(request)
        host = request.headers.get("host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name.lower() not in LOOPBACK:
            raise Forbidden
