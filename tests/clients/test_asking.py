"""A request that isn't answered: sent again under its key until it is, and never without one."""

import asyncio
import json
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from medkabinet_client import Medkabinet, Unreachable, Waits
from tests.clients import node

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]  # the first of them installs Node's packages
ACTED = {"data": {"act": True}}
ANSWERS = {
    "busy": b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    "many": b"HTTP/1.1 429 Many\r\nRetry-After: 0\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    "proxy": b"HTTP/1.1 502 Gone\r\nContent-Type: text/html\r\nContent-Length: 4\r\nConnection: close\r\n\r\n<p/>",
    "cut": b"",
    "half": b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{"data"',
}


class Flaky:
    """A server that fails as it is told to, and then answers."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.keys: list[str | None] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        headers = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
        await reader.readexactly(int(headers["content-length"]))
        self.keys.append(headers.get("idempotency-key"))
        body = json.dumps(ACTED).encode()
        fine = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
        writer.write(ANSWERS[self.failures.pop(0)] if self.failures else fine % (len(body), body))
        writer.close()


@pytest.fixture
async def flaky() -> AsyncGenerator[Flaky]:
    server = Flaky()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/graphql"
    yield server
    listening.close()


async def python(url: str, key: str | None) -> Any:
    async with Medkabinet(url, lambda: None, Waits(0.02, 0.05)) as account:
        try:
            return await account.ask("mutation { act }", key=key)
        except Unreachable:
            return "Unreachable"


async def typescript(url: str, key: str | None) -> Any:
    return await node.run(node.helper(), "ask.mjs", url, key or "")


helpers = pytest.mark.parametrize("ask", [python, typescript])
Ask = Callable[[str, str | None], Awaitable[Any]]


@helpers
async def test_with_a_key_it_is_sent_again_until_it_is_answered(flaky: Flaky, ask: Ask) -> None:
    flaky.failures = list(ANSWERS)
    assert await ask(flaky.url, "one") == ACTED
    assert flaky.keys == ["one"] * (len(ANSWERS) + 1)


@helpers
@pytest.mark.parametrize("failure", ANSWERS)
async def test_without_a_key_it_is_sent_once(flaky: Flaky, ask: Ask, failure: str) -> None:
    flaky.failures = [failure]
    assert await ask(flaky.url, None) == "Unreachable"
    assert flaky.keys == [None]


def test_the_examples_for_urql_and_apollo_pass_the_compiler() -> None:
    node.helper()
    checked = subprocess.run(["npm", "run", "check"], cwd=node.TYPESCRIPT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
