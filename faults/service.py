"""The service as an operator runs it: `python -m server serve`, as many processes as wanted."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from faults.machines import answering, free_port


class Service:
    """One process of the service, on a port that it keeps through its deaths."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self._environment = {**os.environ, **environment, "MEDKABINET_PORT": str(self.port)}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start and wait until it listens."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "server", "serve"]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        try:
            await answering(self.port)
        except TimeoutError:
            raise RuntimeError(f"the service doesn't start: {self._log.read_text()[-2000:]}") from None

    @property
    def alive(self) -> bool:
        """Return whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the process's id."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Kill -9 it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def terminate(self) -> float:
        """Send SIGTERM; return how many seconds it took to end."""
        assert self._process is not None
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._process.send_signal(signal.SIGTERM)
        while self._process.poll() is None:
            await asyncio.sleep(0.02)
        return loop.time() - began
