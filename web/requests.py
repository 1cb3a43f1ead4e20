"""`GET /requests/PATIENT.csv`: the history of a person's requests, for whoever may read all of them."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from actions import history
from domain.errors import Refusal
from web.copies import token_of
from web.door import Door, refused
from web.security_headers import DATA, headers_for


def routes(door: Door) -> list[BaseRoute]:
    """Return the route."""

    async def fetch(request: Request) -> Response:
        """Answer with the table; a refusal is JSON with a stable code."""
        try:
            door.require_own_page(request)
            call = door.call(request, "fetchRequests", token_of(door, request))
            content = await history.as_csv(call, patient_id=request.path_params["patient"])
        except Refusal as refusal:
            return refused(refusal, request, door.settings)
        headers = {
            **headers_for(DATA, behind_tls=door.settings.behind_tls),
            "cache-control": "no-store",
            "content-disposition": 'attachment; filename="medkabinet-requests.csv"',
        }
        return Response(content, headers=headers, media_type="text/csv; charset=utf-8")

    return [Route("/requests/{patient:int}.csv", fetch)]
