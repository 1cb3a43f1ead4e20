"""Our helpers following a subscription, whatever they are written in: each event's cursor, in order of arrival."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from medkabinet_client import Medkabinet, StreamEnded, Waits
from tests.clients import node

WAITS = Waits(first=0.05, longest=1.0)
CHANGED = "subscription($after: String) { appointmentChanged(after: $after) { appointment { status } cursor } }"


class Seen(list[str]):
    """What a follower has told so far."""

    def __init__(self) -> None:
        super().__init__()
        self.go: Callable[[], None] = lambda: None
        """Let a follower that dwells on its first event go on."""

    async def reach(self, count: int) -> None:
        """Wait until so many lines are there."""
        async with asyncio.timeout(60):
            while len(self) < count:  # noqa: ASYNC110 - another process's lines
                await asyncio.sleep(0.02)


Follower = Callable[..., AbstractAsyncContextManager[Seen]]


@asynccontextmanager
async def python(
    url: str, after: str, token: str, *, reloads: bool = False, dwells: bool = False
) -> AsyncGenerator[Seen]:
    """Follow by the Python helper."""
    seen, gate = Seen(), asyncio.Event()
    seen.go = gate.set
    async with Medkabinet(url, lambda: token, WAITS) as account:

        async def reload() -> str:
            answer = await account.ask("{ asOf }")
            seen.append("reloaded")
            return str(answer["data"]["asOf"])

        async def following() -> None:
            try:
                given = account.follow(CHANGED, after=after or None, reload=reload if reloads else None)
                async for happened in given:
                    if dwells and not seen:
                        await gate.wait()
                    seen.append(happened.cursor)
            except StreamEnded as end:
                seen.append(f"StreamEnded {end.code}")

        task = asyncio.create_task(following())
        try:
            yield seen
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _typescript(streams: str) -> Follower:
    """Follow by the TypeScript helper."""

    @asynccontextmanager
    async def following(
        url: str, after: str, token: str, *, reloads: bool = False, dwells: bool = False
    ) -> AsyncGenerator[Seen]:
        pipe = asyncio.subprocess.PIPE
        told = [url, streams, CHANGED, after, token, "reloads" if reloads else "", "dwells" if dwells else ""]
        process = await asyncio.create_subprocess_exec(
            node.helper(), "follow.mjs", *told, cwd=node.HERE, stdin=pipe, stdout=pipe
        )
        assert process.stdin
        assert process.stdout
        seen, told_to = Seen(), process.stdin
        seen.go = lambda: told_to.write(b"go\n")
        reading = asyncio.create_task(_lines(process.stdout, seen))
        try:
            yield seen
        finally:
            process.stdin.close()
            await process.wait()
            await reading

    return following


async def _lines(stream: asyncio.StreamReader, seen: Seen) -> None:
    while line := await stream.readline():
        seen.append(line.decode().strip())


FOLLOWERS: dict[str, Follower] = {
    "python": python,
    "typescript": _typescript("websocket"),
    "typescript-sse": _typescript("sse"),
}
