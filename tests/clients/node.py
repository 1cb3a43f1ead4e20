"""Node and what it runs; without it the tests are skipped, but fail in CI."""

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
TYPESCRIPT = HERE.parents[1] / "clients" / "typescript"


def clients() -> str:
    """Return Node's path, the public clients installed."""
    node = _node()
    with _alone(HERE):
        _install(HERE)
    return node


def helper() -> str:
    """Return Node's path, our TypeScript helper built."""
    node = clients()
    with _alone(TYPESCRIPT):
        _install(TYPESCRIPT)
        sources = max(source.stat().st_mtime for source in (TYPESCRIPT / "src").iterdir())
        built = TYPESCRIPT / "dist" / "index.js"
        if not built.exists() or built.stat().st_mtime < sources:
            _must(["npm", "run", "build"], TYPESCRIPT)
            built.touch()
    return node


async def run(node: str, script: str, *arguments: str) -> Any:
    """Return the JSON that a client's script prints."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        node, script, *arguments, cwd=HERE, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
    )
    try:
        printed, complaints = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complaints.decode()
    return json.loads(printed)


def _node() -> str:
    found = shutil.which("node")
    if not found or not shutil.which("npm"):
        _give_up("Node is not installed")
    return str(found)


def _alone(folder: Path) -> Any:
    """Hold a folder for one of xdist's workers."""
    lock = (folder / "package.json").open()
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _install(folder: Path) -> None:
    done = folder / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        _must(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
        done.touch()


def _must(command: list[str], folder: Path) -> None:
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if told.returncode:
        _give_up(f"{' '.join(command)} failed: {(told.stderr + told.stdout)[-500:]}")


def _give_up(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
