"""Where our gateway's time goes: `python -m bench.profile dash` runs it in process under cProfile."""

import asyncio
import cProfile
import io
import pstats
import time
from itertools import cycle
from typing import Annotated, Any

import msgspec
import typer
import uvloop

from bench import databases, fill, operations
from bench.rounds import FIRST
from bench.sizes import SIZES, Size
from bench.tokens import token
from server.app import Application
from server.wiring import house

CONNECTIONS = 32
WARM = 200


def profile(
    operation: Annotated[str, typer.Argument(help="me, dash, trend or book")],
    size: Annotated[str, typer.Option(help="full, small or tiny")] = "small",
    requests: Annotated[int, typer.Option(help="how many")] = 2_000,
    sort: Annotated[str, typer.Option(help="tottime or cumtime")] = "tottime",
    lines: Annotated[int, typer.Option(help="how many functions to show")] = 40,
) -> None:
    """Show which functions of ours cost most; the profiler itself makes small ones look dearer than they are."""
    uvloop.run(_alone(SIZES[size], operation, requests, sort, lines))


async def _alone(size: Size, operation: str, requests: int, sort: str, lines: int) -> None:
    async with databases.alone():
        await _profile(size, operation, requests, sort, lines)


async def _profile(size: Size, operation: str, requests: int, sort: str, lines: int) -> None:
    await fill.ensure(size)
    await databases.refresh(size)
    settings = databases.settings(size)
    application = Application(settings, lambda: house(settings), _no_pages)
    calls = iter(_calls(size, operation, WARM + 2 * requests))
    async with application.starlette.router.lifespan_context(application.starlette):
        await _send(application, [next(calls) for _ in range(WARM)])
        plain = await _timed(application, [next(calls) for _ in range(requests)])
        profiler = cProfile.Profile(time.process_time)  # CPU, not the waiting for PostgreSQL
        profiler.enable()
        await _send(application, [next(calls) for _ in range(requests)])
        profiler.disable()
    told = io.StringIO()
    pstats.Stats(profiler, stream=told).strip_dirs().sort_stats(sort).print_stats(lines)
    typer.echo(told.getvalue())
    typer.echo(f"without the profiler: {plain * 1000 / requests:.3f} ms of CPU a request, HTTP parsing not included")


async def _timed(application: Application, calls: list[tuple[int, bytes]]) -> float:
    began = time.process_time()
    await _send(application, calls)
    return time.process_time() - began


def _calls(size: Size, operation: str, count: int) -> list[tuple[int, bytes]]:
    who = cycle(operations.viewers(size, operation))
    numbers = [next(who) for _ in range(count)]
    return [
        (number, msgspec.json.encode(operations.body("medkabinet", operation, number, FIRST + n)))
        for n, number in enumerate(numbers)
    ]


async def _send(application: Application, calls: list[tuple[int, bytes]]) -> None:
    left = iter(calls)

    async def connection() -> None:
        for number, body in left:
            await _ask(application, number, body)

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))


async def _ask(application: Application, number: int, body: bytes) -> None:
    """Ask as a server that has parsed a request would."""
    headers = [
        (b"content-type", b"application/json"),
        (b"accept", b"application/json"),
        (b"authorization", f"Bearer {token(number)}".encode()),
    ]
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "asgi": {"version": "3.0"},
    }
    scope |= {"method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "headers": headers}
    scope |= {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RuntimeError(f"answered {message['status']}")
        if b'"errors":[{' in message.get("body", b""):
            raise RuntimeError("answered with errors")

    await application.asgi(scope, receive, send)


async def _no_pages(_house: Any) -> list[Any]:
    return []


if __name__ == "__main__":
    typer.run(profile)
