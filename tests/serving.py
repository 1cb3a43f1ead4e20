"""The product on a real socket."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime, timedelta

import uvicorn

from persistence.store import utc_now
from security.passwords import CHEAP
from security.totp import STEP
from server.app import Application, Doors
from server.protocols import Http, Socket
from server.settings import Settings
from server.wiring import house


class Clock:
    """The present, put forward by the tests."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def next_code(self) -> None:
        """Go where every code is a fresh one."""
        self.ahead += timedelta(seconds=2 * STEP)


@asynccontextmanager
async def served(settings: Settings, clock: Clock, doors: Doors, send_buffer: int | None = None) -> AsyncGenerator[str]:
    """Serve on a port of the system's choice; with a small `send_buffer` the kernel hides no slow reader."""
    application = Application(settings, lambda: house(settings, clock, CHEAP), doors)
    with socket.socket() as listening:
        if send_buffer is not None:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(application.asgi, log_config=None, lifespan="on", http=Http, ws=Socket)
        server = uvicorn.Server(config)
        server.capture_signals = nullcontext  # type: ignore[method-assign]  # the signals are pytest's
        running = asyncio.create_task(server.serve([listening]))
        while not server.started and not running.done():  # noqa: ASYNC110 - uvicorn sets a flag, no event
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
