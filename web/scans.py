"""`GET /scans/FILE`: a scan of a document, for its owner, and for an operator while the owner waits for a check."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from actions import confirming
from domain.errors import Refusal
from web.copies import token_of
from web.door import Door, refused
from web.security_headers import DATA, headers_for


def routes(door: Door) -> list[BaseRoute]:
    """Return the route."""

    async def fetch(request: Request) -> Response:
        """Answer with the file; it may do nothing in a browser but be looked at."""
        try:
            door.require_own_page(request)
            call = door.call(request, "fetchScan", token_of(door, request))
            media_type, content = await confirming.fetch_scan(call, scan_id=request.path_params["scan"])
        except Refusal as refusal:
            return refused(refusal, request, door.settings)
        ending = "jpg" if media_type == "image/jpeg" else "pdf"
        headers = {
            **headers_for(DATA, behind_tls=door.settings.behind_tls),
            "cache-control": "no-store",
            "content-security-policy": "default-src 'none'; sandbox",
            "content-disposition": f'inline; filename="scan.{ending}"',
        }
        return Response(content, headers=headers, media_type=media_type)

    return [Route("/scans/{scan:int}", fetch)]
