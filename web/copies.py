"""`GET /copies/PATIENT/COPY`: a copy of everything, for whoever may read all that is in it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from actions import exporting
from domain.errors import Refusal
from web.door import Door, refused
from web.security_headers import DATA, headers_for


def routes(door: Door) -> list[BaseRoute]:
    """Return the route."""

    async def fetch(request: Request) -> Response:
        """Answer with the archive; a refusal is JSON with a stable code."""
        try:
            door.require_own_page(request)
            call = door.call(request, "fetchCopy", token_of(door, request))
            archive = await exporting.fetch(
                call, patient_id=request.path_params["patient"], task_id=request.path_params["copy"]
            )
        except Refusal as refusal:
            return refused(refusal, request, door.settings)
        headers = {
            **headers_for(DATA, behind_tls=door.settings.behind_tls),
            "cache-control": "no-store",
            "content-disposition": 'attachment; filename="medkabinet-copy.zip"',
        }
        return Response(archive, headers=headers, media_type="application/zip")

    return [Route("/copies/{patient:int}/{copy:int}", fetch)]


def token_of(door: Door, request: Request) -> str | None:
    """Return the session's token: a program's bearer, else the browser's cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip().isascii() else door.token(request)
