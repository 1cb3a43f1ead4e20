"""`/calendars/…`: a feed by its secret address, a visit's file, a doctor's busy times; all iCalendar."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from actions import calendars
from actions.call import Call
from domain.errors import Refusal
from web.copies import token_of
from web.door import Door, refused
from web.security_headers import DATA, headers_for

TYPE = "text/calendar; charset=utf-8"


def routes(door: Door) -> list[BaseRoute]:
    """Return the routes."""

    async def feed(request: Request) -> Response:
        """Answer whoever has the address; calendar programs have no session."""
        call, secret = door.call(request, "calendarFeed"), request.path_params["secret"]
        return await _answer(door, request, call, lambda c: calendars.feed(c, secret))

    async def visit(request: Request) -> Response:
        """Answer with one visit."""
        patient, number = request.path_params["patient"], request.path_params["visit"]
        call = door.call(request, "visitFile", token_of(door, request))
        return await _answer(
            door, request, call, lambda c: calendars.visit_file(c, patient_id=patient, appointment_id=number)
        )

    async def busy(request: Request) -> Response:
        """Answer with a doctor's busy times."""
        call = door.call(request, "freeBusy", token_of(door, request))
        doctor = request.path_params["practitioner"]
        return await _answer(door, request, call, lambda c: calendars.busy(c, practitioner_id=doctor))

    return [
        Route("/calendars/visits/{patient:int}/{visit:int}.ics", visit),
        Route("/calendars/busy/{practitioner:int}.ics", busy),
        Route("/calendars/{secret}.ics", feed),
    ]


async def _answer(door: Door, request: Request, call: Call, made: Callable[[Call], Awaitable[str]]) -> Response:
    try:
        text = await made(call)
    except Refusal as refusal:
        return refused(refusal, request, door.settings)
    headers = {
        **headers_for(DATA, behind_tls=door.settings.behind_tls),
        "cache-control": "no-store",
        "content-disposition": 'attachment; filename="medkabinet.ics"',
    }
    return Response(text, headers=headers, media_type=TYPE)
