"""Public clients and the public audit suite, through Node, against our server."""

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.gql.transport.conftest import Server

pytestmark = pytest.mark.anyio

CLIENTS = Path(__file__).parents[2] / "clients"
HELLO = {"hello": "Привет, мир!"}


@pytest.fixture(scope="session")
def node() -> str:
    """Node's path, the clients installed; without either the tests are skipped, but fail in CI."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if not found or not npm:
        _give_up("Node is not installed")
    with (CLIENTS / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of xdist's workers installs
        done = CLIENTS / "node_modules" / ".package-lock.json"
        if not done.exists() or done.stat().st_mtime < (CLIENTS / "package-lock.json").stat().st_mtime:
            command = [str(npm), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            installed = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, check=False)
            if installed.returncode:
                _give_up(f"npm ci failed: {installed.stderr[-500:]}")
            done.touch()
    return str(found)


def _give_up(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


async def run(node: str, script: str, server: Server) -> Any:
    """Return the JSON that a client's script prints."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        node, script, server.url, cwd=CLIENTS, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
    )
    try:
        printed, complaints = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complaints.decode()
    return json.loads(printed)


async def test_every_public_audit_of_graphql_over_http_passes(node: str, server: Server) -> None:
    assert await run(node, "audit.mjs", server) == {"audits": 61, "failed": []}


async def test_graphql_ws_understands_us(node: str, server: Server) -> None:
    assert await run(node, "graphql-ws.mjs", server) == [
        [{"data": HELLO}],
        [{"data": {"add": 1}}],
        [{"data": {"count": 1}}, {"data": {"count": 2}}, {"data": {"count": 3}}],
        [{"data": {"forever": 0}}],
        [{"thrown": ["GRAPHQL"]}],
        [{"data": {"ends": 1}}, {"thrown": ["CONSENT_WITHDRAWN"]}],
    ]
    await server.engine.until_closed("forever")


async def test_graphql_sse_understands_us(node: str, small: Any) -> None:
    async with small(heartbeat_seconds=0.005) as server:
        query, counted, forever, wrong, ended = await run(node, "graphql-sse.mjs", server)
        await server.engine.until_closed("forever")
    assert query == [{"data": HELLO}]
    assert counted == [{"data": {"count": 1}}, {"data": {"count": 2}}, {"data": {"count": 3}}]
    assert forever == [{"data": {"forever": 0}}]
    assert [error["extensions"]["code"] for error in wrong[0]["errors"]] == ["GRAPHQL"]
    assert ended[0] == {"data": {"ends": 1}}
    assert [error["extensions"]["code"] for error in ended[1]["errors"]] == ["CONSENT_WITHDRAWN"]


async def test_h7_urql_understands_us(node: str, server: Server) -> None:
    assert await run(node, "urql.mjs", server) == [HELLO, ["GRAPHQL"], [1, 2, 3]]


async def test_h11_apollo_understands_us(node: str, small: Any) -> None:
    async with small(heartbeat_seconds=0.005) as server:
        assert await run(node, "apollo.mjs", server) == [
            HELLO,
            HELLO,
            [{"count": 1}, {"count": 2}, {"count": 3}],
            [{"forever": 0}],
            [{"ends": 1}, {"failed": "CombinedProtocolErrors"}],
        ]
        await server.engine.until_closed("forever")
