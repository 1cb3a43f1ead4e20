"""Has a file looked at in a process of its own, bounded in memory, time and number.

Why: `docs/decisions/0023-a-foreign-file-is-opened-elsewhere.md`.
"""

import asyncio
import sys
from typing import Final

import msgspec

from domain.scans import LARGEST, ScanFault, ScanKind, Seen

SECONDS: Final = 20.0


class Looker:
    """Looks at a few files at once."""

    def __init__(self, at_once: int = 2) -> None:
        self._turn = asyncio.Semaphore(at_once)

    async def look(self, data: bytes, name: str, kind: ScanKind) -> tuple[Seen, bytes]:
        """Return what a file is, and as it may be kept; what kills or outlasts the process is unreadable."""
        if not data:
            return Seen(None, (ScanFault.EMPTY,)), b""
        if len(data) > LARGEST:
            return Seen(None, (ScanFault.TOO_LARGE,)), b""
        async with self._turn:
            answer = await _asked(msgspec.json.encode((_printable(name), kind)) + b"\n" + data)
        line, _, kept = answer.partition(b"\n")
        try:
            return msgspec.json.decode(line, type=Seen), kept
        except msgspec.DecodeError:
            return Seen(None, (ScanFault.UNREADABLE,)), b""


async def _asked(question: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}; from security.looking import main; main()"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(SECONDS):
            answer, _ = await process.communicate(question)
            return answer if process.returncode == 0 else b""
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _printable(name: str) -> str:
    return "".join(filter(str.isprintable, name[-100:]))
