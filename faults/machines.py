"""What the service stands on, started for the suite alone: a PostgreSQL cluster and a Redis, to be killed at will."""

import asyncio
import contextlib
import glob
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import asyncpg

UNPRIVILEGED = "nobody"
"""Who runs PostgreSQL when the suite is root's: it refuses to be."""


def free_port() -> int:
    """Return a port that nobody listens on; below those that outgoing connections take while its owner is dead."""
    for port in random.sample(range(15_000, 30_000), 100):
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


def program(name: str) -> str | None:
    """Return where a program is, PostgreSQL's own folders included."""
    return shutil.which(name) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))), None)


def missing() -> list[str]:
    """Return the programs that the suite needs and doesn't find."""
    return [name for name in ("initdb", "postgres", "redis-server") if program(name) is None]


async def answering(port: int, seconds: float = 60) -> None:
    """Wait until something listens on a port."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


class Machine:
    """A process that is started, killed and started again on the same port."""

    def __init__(self, user: str | None = None) -> None:
        self.port = free_port()
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """Return what to run."""
        raise NotImplementedError

    async def start(self) -> None:
        """Start and wait until it listens."""
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self.command(), stdout=quiet, stderr=quiet, user=self._user, cwd="/")
        await answering(self.port)

    def kill(self) -> None:
        """Kill -9 it and every process of its."""
        if self._process is None:
            return
        for pid in [self._process.pid, *_children(self._process.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()
        self._process = None


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


class Redis(Machine):
    """A Redis that keeps nothing."""

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"redis://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Return what to run."""
        bound = ["--port", str(self.port), "--bind", "127.0.0.1"]
        return [
            str(program("redis-server")),
            *bound,
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            tempfile.gettempdir(),
        ]


class Postgres(Machine):
    """A cluster in a folder of its own, durable as in production."""

    def __init__(self) -> None:
        super().__init__(UNPRIVILEGED if os.geteuid() == 0 else None)
        self._folder = tempfile.mkdtemp(prefix="medkabinet-faults-")

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"postgresql://postgres@127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Return what to run."""
        return [
            str(program("postgres")),
            "-D",
            f"{self._folder}/data",
            "-p",
            str(self.port),
            "-h",
            "127.0.0.1",
            "-k",
            "",
        ]

    async def start(self) -> None:
        """Make the cluster if it is not there, start it and wait until it is through with its recovery."""
        if not os.path.exists(f"{self._folder}/data"):
            self._initialize()
        await super().start()
        async with asyncio.timeout(30):
            while True:
                try:
                    await (await asyncpg.connect(f"{self.url}/postgres", timeout=2)).close()
                    return
                except (OSError, asyncpg.PostgresError, TimeoutError):
                    await asyncio.sleep(0.05)

    def _initialize(self) -> None:
        if self._user:
            shutil.chown(self._folder, self._user)
        given = ["-D", f"{self._folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        made = subprocess.run(
            [str(program("initdb")), *given], user=self._user, cwd="/", capture_output=True, check=False
        )
        if made.returncode:
            raise RuntimeError(made.stderr.decode())

    async def create(self, *names: str) -> None:
        """Make empty databases."""
        admin = await asyncpg.connect(f"{self.url}/postgres")
        for name in names:
            await admin.execute(f"create database {name} template template0 encoding 'UTF8'")
        await admin.close()

    def remove(self) -> None:
        """Kill it and take its folder away."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
