"""The servers: ours as an operator starts it, the peers as theirs would; one process each."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from bench import databases, operations
from bench.sizes import Size
from bench.tokens import token

PEERS: Final = Path(__file__).parent / "peers"
STARTING: Final = 60.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A server that can be measured."""

    name: str
    title: str
    node: bool = False

    @property
    def dialect(self) -> str:
        """Return whose words it understands."""
        return self.name


OURS: Final = Kind("medkabinet", "Medkabinet (sealed, audited)")
POSTGRAPHILE: Final = Kind("postgraphile", "PostGraphile 5", node=True)
MERCURIUS: Final = Kind("mercurius", "Mercurius + JIT", node=True)
STRAWBERRY: Final = Kind("plain_strawberry", "plain strawberry")
RAW: Final = Kind("raw", "raw asyncpg (the limit)")
KINDS: Final = {kind.name: kind for kind in (OURS, POSTGRAPHILE, MERCURIUS, STRAWBERRY, RAW)}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    kind: Kind
    port: int
    pid: int
    databases: list[str]
    """Whose backends work for it alone."""

    def ask(self, number: int, body: operations.Body) -> bytes:
        """Ask once, as a patient; the answer's bytes."""
        headers = {
            "authorization": f"Bearer {token(number)}",
            "content-type": "application/json",
            "accept": "application/json",
        }
        url, content = f"http://127.0.0.1:{self.port}/graphql", msgspec.json.encode(body)
        with urllib.request.urlopen(urllib.request.Request(url, content, headers), timeout=30) as answer:
            return bytes(answer.read())


@asynccontextmanager
async def started(kinds: list[Kind], size: Size) -> AsyncGenerator[list[Server]]:
    """Run servers; they stop afterwards."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_started(kind, size)) for kind in kinds]


@asynccontextmanager
async def _started(kind: Kind, size: Size) -> AsyncGenerator[Server]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    log = databases.FOLDER / f"{kind.name}.log"
    environment = {**os.environ, **_environment(kind, size, port)}
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(*_command(kind, port), env=environment, stdout=file, stderr=file)
    try:
        server = Server(kind, port, process.pid, _served(kind, size))
        await _answering(server, process, log)
        yield server
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _command(kind: Kind, port: int) -> list[str]:
    if kind is OURS:
        return [sys.executable, "-m", "server", "serve"]
    if kind.node:
        return [node(), str(PEERS / kind.name / "server.mjs")]
    quiet = ["--log-level", "warning", "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
    lifespan = ["--lifespan", "on" if kind is RAW else "off"]
    return [
        sys.executable,
        "-m",
        "uvicorn",
        f"bench.peers.{kind.name}.app:application",
        "--port",
        str(port),
        *quiet,
        *lifespan,
    ]


def _environment(kind: Kind, size: Size, port: int) -> dict[str, str]:
    if kind is OURS:
        settings = databases.settings(size)
        return {
            "MEDKABINET_DATABASE_URL": settings.database_url,
            "MEDKABINET_KEYS_URL": settings.wrapped_keys_url,
            "MEDKABINET_MASTER_KEYS_FILE": str(settings.master_keys_file),
            "MEDKABINET_PORT": str(port),
        }
    url = databases.url(size, "peers")
    production = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    return {"DATABASE_URL": url, "PORT": str(port), "PGAPPNAME": kind.name, **production}


def _served(kind: Kind, size: Size) -> list[str]:
    return [size.database(), size.database("keys")] if kind is OURS else [size.database("peers")]


async def _answering(server: Server, process: asyncio.subprocess.Process, log: Path) -> None:
    body = operations.body(server.kind.dialect, "me", 0)
    for _ in range(int(STARTING / 0.2)):
        if process.returncode is not None:
            break
        try:
            await asyncio.to_thread(server.ask, 0, body)
        except (OSError, urllib.error.URLError):
            await asyncio.sleep(0.2)
        else:
            return
    said = await asyncio.to_thread(log.read_text)
    raise RuntimeError(f"{server.kind.title} doesn't answer:\n{said[-2000:]}")


def node() -> str:
    """Return the Node.js that the peers' own package brings, or else the system's."""
    brought = sorted((PEERS / "node_modules").glob("node-linux-*/bin/node"))
    return str(brought[0]) if brought else "node"


def install_peers() -> None:
    """Install the peers from npm as their lock says, unless they are there.

    Raises:
        RuntimeError: there is no npm.
    """
    lock, done = PEERS / "package-lock.json", PEERS / "node_modules" / ".package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("npm is needed for PostGraphile and Mercurius: install Node.js, or leave them out (--only)")
    subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=PEERS, check=True)
    done.touch()
