"""Whatever is sent to the product: JSON with a stable code, no 5xx, no hang, no traceback (PROMISES 3)."""

import asyncio
import contextlib
import json
import logging
import os
import re
import time
from typing import Any

import pytest
import websockets
from structlog.testing import capture_logs

from server.settings import Settings
from tests.gql.fuzz import Fuzz
from tests.house import Account
from tests.stories.conftest import Place, place

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]
__all__ = ["place"]

SEED = int(os.environ.get("MEDKABINET_FUZZ_SEED", "1"))
REQUESTS = int(os.environ.get("MEDKABINET_FUZZ_REQUESTS", "2000"))
SOCKETS, FRAMES = REQUESTS // 30, 15
LONGEST = 2.0
CODE = re.compile(r"[A-Z][A-Z_]+")
PEOPLE = ["anna", "doctor", "reviewer", "lab", "insurer", "admin", "security", "support"]
STREAMS = (b"text/event-stream", b"multipart/mixed")


class Prober:
    """Sends, and notes what breaks a promise."""

    def __init__(self, place: Place, settings: Settings) -> None:
        self._place = place
        self._settings = settings
        self.port = int(place.url.rpartition(":")[2])
        self.address = place.url.replace("http", "ws") + "/graphql"
        world = place.world
        ids = [
            world.patient("anna"),
            world.patient("boris"),
            world.node("Slot", "doctor_slot_0"),
            world.node("Organization", "clinic"),
        ]
        ids += [
            world.node("Practitioner", "doctor"),
            world.node("Organization", "lab"),
            world.node("Slot", "doctor_slot_1"),
        ]
        self.fuzz = Fuzz(place.house.api.schema._schema, SEED, ids)
        self.tokens: list[str] = []
        self.sent = 0
        self.faults: list[str] = []
        self.statuses: dict[int, int] = {}
        self.codes: dict[str, int] = {}

    async def token(self) -> str:
        """Return a live session's token; fuzzing signs people out, so that they sign in anew now and then."""
        if self.sent % 50 == 0:
            account = Account(self._place.house, self._place.world, self._settings)
            self.tokens = [await account.token(who) for who in PEOPLE]
        self.sent += 1
        return self.fuzz.random.choice(self.tokens)

    async def request(self) -> None:
        """Send one HTTP request; a slow one is sent again before it counts."""
        token = await self.token()
        sent = self.fuzz.http(token if self.sent % 8 else None)
        if await self._sent(sent) > LONGEST and await self._sent(sent) > LONGEST:
            self.faults.append(f"slow: {sent!r}")

    async def _sent(self, sent: bytes) -> float:
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(30):
                writer.write(sent)
                head, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n\r\n")
                if head.startswith(b"HTTP/1.1 100"):
                    head, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n\r\n")
                lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
                streamed = lines.get(b"content-type", b"").startswith(STREAMS)
                body = b"" if streamed or sent.startswith(b"HEAD") else await reader.read()
            self._judge(sent, int(head.split()[1]), lines.get(b"content-type", b""), rest + body)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            self.faults.append(f"{type(error).__name__}: {sent!r}")
        finally:
            writer.close()
        return time.monotonic() - began

    def _judge(self, sent: bytes, status: int, kind: bytes, body: bytes) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status >= 500 or not kind.startswith((b"application/json", b"application/graphql-response+json", *STREAMS)):
            self.faults.append(f"{status} {kind!r}: {sent!r}")
        if body:
            answer = json.loads(body)
            self.told(sent, answer.get("errors", []))
            for payload in (answer.get("data") or {}).values():
                refusals = payload.get("errors", []) if isinstance(payload, dict) else []
                self.told(sent, [{"extensions": error} for error in refusals if "code" in error])

    def told(self, sent: Any, errors: list[Any]) -> None:
        """Look at an answer's errors."""
        for error in errors:
            code = error.get("extensions", {}).get("code")
            self.codes[code] = self.codes.get(code, 0) + 1
            if not isinstance(code, str) or not CODE.fullmatch(code) or code == "INTERNAL":
                self.faults.append(f"{code}: {sent!r}")

    async def socket(self) -> None:
        """Talk over one websocket, nonsense included."""
        frames = [self.fuzz.frame() for _ in range(FRAMES)]
        token = await self.token()
        async with websockets.connect(self.address, subprotocols=["graphql-transport-ws"], compression=None) as raw:
            await raw.send(json.dumps({"type": "connection_init", "payload": {"token": token}}))
            with contextlib.suppress(websockets.ConnectionClosed):
                async with asyncio.timeout(30):
                    assert json.loads(await raw.recv()) == {"type": "connection_ack"}
                    for frame in frames:
                        await raw.send(frame)
                        await self._until_pong(raw, frame)
                return
        if raw.close_code not in (4400, 4403, 4409, 4429, 1009):
            self.faults.append(f"closed by {raw.close_code}: {frames!r}")

    async def _until_pong(self, raw: Any, frame: Any) -> None:
        await raw.send('{"type":"ping","payload":{"last":1}}')
        while (heard := json.loads(await raw.recv())) != {"type": "pong", "payload": {"last": 1}}:
            payload = heard.get("payload")
            self.told(frame, payload if heard["type"] == "error" else (payload or {}).get("errors", []))


async def test_thousands_of_wrong_requests_break_nothing(
    place: Place, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    prober = Prober(place, settings)
    busy = asyncio.Semaphore(8)

    async def one(probe: Any) -> None:
        async with busy:
            await probe()

    with capture_logs() as told:
        await asyncio.gather(
            *(one(prober.request) for _ in range(REQUESTS)), *(one(prober.socket) for _ in range(SOCKETS))
        )
    assert prober.faults[:5] == []
    assert [line for line in told if line["log_level"] in ("error", "critical")] == []
    assert [
        record.getMessage() for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR
    ] == []
    assert await place.ask("{ asOf }")
    assert {200, 400, 405, 415} <= prober.statuses.keys()
    assert len(prober.codes) > 8
