"""The service as an operator starts it: a process of its own, stopped by SIGTERM."""

import asyncio
import base64
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest
import websockets

from server.settings import Settings
from server.wiring import migrated

pytestmark = pytest.mark.anyio


class Service:
    """A running `python -m server serve`."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"


def environment(folder: Path, **given: str) -> dict[str, str]:
    master = f"test:{base64.b64encode(os.urandom(32)).decode()}"
    url = f"sqlite:///{folder / 'data.db'}"
    settings = {"MEDKABINET_DATABASE_URL": url, "MEDKABINET_MASTER_KEYS": master} | given
    return {**os.environ, **settings}


async def start(env: dict[str, str], *command: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", *command, env=env, stdout=pipe, stderr=pipe
    )


@pytest.fixture
async def service(tmp_path: Path) -> AsyncGenerator[Service]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = environment(tmp_path, MEDKABINET_PORT=str(port))
    await migrated(Settings(database_url=env["MEDKABINET_DATABASE_URL"], master_keys=env["MEDKABINET_MASTER_KEYS"]))
    process = await start(env, "serve")
    running = Service(process, port)
    async with asyncio.timeout(30), httpx2.AsyncClient() as http:
        while True:
            try:
                await http.get(f"{running.url}/healthz")
                break
            except httpx2.TransportError:
                await asyncio.sleep(0.05)
    yield running
    if process.returncode is None:
        process.kill()
    await process.communicate()


async def test_it_tells_how_it_is(service: Service) -> None:
    async with httpx2.AsyncClient(base_url=service.url) as http:
        assert (await http.get("/healthz")).json() == {"status": "alive"}
        assert (await http.get("/readyz")).json() == {"status": "ready", "database": "sqlite"}
        await http.post("/graphql", json={"query": "{ asOf }"})
        assert 'medkabinet_operations_total{executed="true",kind="query"} 1.0' in (await http.get("/metrics")).text


async def test_production_has_no_introspection_and_no_graphiql(service: Service) -> None:
    async with httpx2.AsyncClient(base_url=service.url) as http:
        answer = (await http.post("/graphql", json={"query": "{ __schema { types { name } } }"})).json()
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert (await http.get("/graphiql")).status_code == 404


async def test_sigterm_closes_sockets_with_1012_and_ends(service: Service) -> None:
    address = f"ws://127.0.0.1:{service.port}/graphql"
    async with websockets.connect(address, subprotocols=["graphql-transport-ws"]) as waiting:
        service.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await waiting.recv()
            await service.process.wait()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


async def test_a_log_line_has_no_more_than_the_closed_list(service: Service) -> None:
    service.process.send_signal(signal.SIGTERM)
    _, errors = await service.process.communicate()
    from server.logs import ALLOWED

    for line in errors.decode().splitlines():
        assert set(json.loads(line)) <= ALLOWED


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"MEDKABINET_HOST": "0.0.0.0"}, "plain HTTP is served on loopback only"),
        ({"MEDKABINET_MASTER_KEYS": ""}, "there is no master key"),
        ({"MEDKABINET_TRUSTED_DOCUMENTS_ONLY": "true"}, "MEDKABINET_TRUSTED_DOCUMENTS_ONLY needs a list"),
        ({"MEDKABINET_TRUSTED_DOCUMENTS": "pyproject.toml"}, "pyproject.toml is no manifest of documents"),
        ({"MEDKABINET_TRUSTED_DOCUMENTS": "nowhere.json"}, "No such file or directory: 'nowhere.json'"),
    ],
)
async def test_what_is_unsafe_is_refused_in_one_line(tmp_path: Path, given: dict[str, str], said: str) -> None:
    process = await start(environment(tmp_path, **given), "serve")
    _, errors = await process.communicate()
    assert process.returncode != 0
    told = errors.decode()
    assert "Traceback" not in told
    assert said in told.splitlines()[-1]
    assert not (tmp_path / "data.db").exists()
