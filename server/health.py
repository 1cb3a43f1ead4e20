"""Whether the process lives, and whether it can serve."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from persistence.sealing import SYSTEM
from persistence.store import Store
from server.metrics import Measured


def routes(store: Store, measured: Measured) -> list[Route]:
    """Return /healthz, /readyz and /metrics."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_request: Request) -> Response:
        try:
            async with store.snapshot() as snapshot:
                await store.keys.newest(SYSTEM)
                return JSONResponse({"status": "ready", "database": snapshot.dialect})
        except Exception as error:  # noqa: BLE001 - whatever it is, this process can't serve now
            return JSONResponse({"status": "unavailable", "error": type(error).__name__}, status_code=503)

    async def metrics(_request: Request) -> Response:
        return Response(measured.text(), media_type="text/plain; version=0.0.4")

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
