"""What comes over a bare socket: HTTP and websocket frames that no client library would send."""

import asyncio
import base64
import json
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from server.protocols import HEAD_BYTES, Http
from tests.gql.transport.conftest import Server

pytestmark = pytest.mark.anyio

BODY = b'{"query": "mutation { add(number: 1) }"}'
HIDDEN = b"GET /graphql?query={hello} HTTP/1.1\r\nHost: x\r\n\r\n"
START = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)


async def answers(server: Server, sent: bytes) -> list[tuple[int, Any]]:
    """Send bytes, half-close nothing, and return the status and JSON of every answer until the server closes."""
    async with server.raw() as (reader, writer):
        writer.write(sent)
        found = []
        async with asyncio.timeout(5):
            while head := await reader.read(9):
                assert head == b"HTTP/1.1 "
                status = int((await reader.readline())[:3])
                headers = {}
                while line := (await reader.readline()).strip():
                    name, _, value = line.partition(b": ")
                    headers[name.lower()] = value
                assert headers[b"content-type"].startswith(b"application/")
                found.append((status, json.loads(await reader.readexactly(int(headers[b"content-length"])))))
        return found


@pytest.mark.parametrize(
    "head",
    [
        START + b"Content-Length: 4\r\nContent-Length: 40\r\n\r\n",
        START + b"Content-Length: 4, 40\r\n\r\n",
        START + b"Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n",
        START + b"Transfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n",
        START + b"Transfer-Encoding: chunked, identity\r\n\r\n",
        START + b"Transfer-Encoding: xchunked\r\n\r\n",
        START + b"Transfer-Encoding : chunked\r\n\r\n",
        START + b"Transfer-Encoding:\x0bchunked\r\n\r\n",
        START + b"Content-Length: +40\r\n\r\n",
        START + b"Content-Length: -1\r\n\r\n",
        START + b"Content-Length: 0x28\r\n\r\n",
        START + b"Content-Length: 18446744073709551656\r\n\r\n",
        START + b"X-Fold: a\r\n Transfer-Encoding: chunked\r\n\r\n",
        START + b"X-Nul: a\x00b\r\nContent-Length: 40\r\n\r\n",
        START.replace(b"\r\n", b"\n") + b"Transfer-Encoding: chunked\n\n",
        b" POST /graphql HTTP/1.1\r\n\r\n",
        b"POST /graphql HTTP/9.9\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_a_request_whose_end_two_servers_might_see_apart_is_refused(server: Server, head: bytes) -> None:
    """Request smuggling: neither the mutation in the body nor the request hidden behind it may run."""
    for body in (BODY, CHUNKED, b"0\r\n\r\n" + HIDDEN):
        found = await answers(server, head + body)
        assert [(status, answer["errors"][0]["extensions"]["code"]) for status, answer in found] == [
            (400, "BAD_REQUEST")
        ]
    assert (server.engine.total, server.engine.requests) == (0, [])


@pytest.mark.parametrize(
    "chunk", [b"28 ;\r\n", b"-28\r\n", b"0x28\r\n", b"28\n", b"fffffffffffffffff\r\n", b"28\r", b"\r\n28\r\n", b"28\x00\r\n"]
)  # fmt: skip
async def test_a_chunk_whose_length_is_unclear_is_refused(server: Server, chunk: bytes) -> None:
    assert len(BODY) == 0x28
    sent = START + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunk + BODY + b"\r\n0\r\n\r\n" + HIDDEN
    found = await answers(server, sent)
    assert [status for status, _ in found] == [400]
    assert (server.engine.total, server.engine.requests) == (0, [])


async def test_a_well_formed_chunked_body_is_read_and_what_follows_is_another_request(server: Server) -> None:
    last = HIDDEN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    found = await answers(server, START + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED + last)
    assert found == [(200, {"data": {"add": 1}}), (200, {"data": {"hello": "Привет, мир!"}})]


async def test_an_answer_is_not_mistaken_for_a_refusal_of_what_follows(server: Server) -> None:
    slow = b'{"query": "mutation { addSlowly(number: 1) }"}'
    async with server.raw() as (reader, writer):
        writer.write(START + b"Content-Length: %d\r\n\r\n" % len(slow) + slow)
        await server.engine.entered.wait()
        writer.write(b"nonsense\r\n\r\n")
        async with asyncio.timeout(5):
            assert await reader.read() == b""  # no 400: the mutation runs, and its key will tell how it went
    server.engine.gate.set()
    await asyncio.wait_for(server.engine.added.wait(), 5)


async def test_headers_without_an_end_are_431(server: Server) -> None:
    for line in (b"X: " + b"x" * HEAD_BYTES, b"X-Y: z\r\n" * (HEAD_BYTES // 6)):
        [(status, answer)] = await answers(server, START + line)
        assert (status, answer["errors"][0]["extensions"]["code"]) == (431, "HEADERS_TOO_LARGE")


async def test_a_connection_that_nobody_uses_is_closed_without_a_word(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Http, "head_seconds", 0.1)
    assert await answers(server, b"") == []


@pytest.mark.parametrize("sent", [b"POST /gra", START])
async def test_headers_that_do_not_come_are_408(server: Server, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Http, "head_seconds", 0.1)
    [(status, answer)] = await answers(server, sent)
    assert (status, answer["errors"][0]["extensions"]["code"]) == (408, "TIMEOUT")


async def test_a_second_request_that_stops_half_way_is_408_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Http, "head_seconds", 0.2)
    found = await answers(server, HIDDEN + b"POST /graphql HTTP/1.1\r\nHost: x\r\n")
    assert [status for status, _ in found] == [200, 408]


def handshake(**changed: str | None) -> bytes:
    """Return a websocket's handshake; None leaves a header out, `method`, `path` and `x` are what they say."""
    headers: dict[str, str | None] = {
        "Host": "x",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "graphql-transport-ws",
        **{name.replace("_", "-"): value for name, value in changed.items() if name not in ("method", "path")},
    }
    line = f"{changed.get('method', 'GET')} {changed.get('path', '/graphql')} HTTP/1.1\r\n"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    return (line + lines + "\r\n").encode("latin-1")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"method": "POST"}, 400),
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": "ж".encode().decode("latin-1")}, 400),
        ({"Sec_WebSocket_Version": "12"}, 400),
        ({"Sec_WebSocket_Version": None}, 400),
        ({"X": "x" * 9000}, 431),
        ({f"X{number}": "x" for number in range(200)}, 431),
        ({"path": "/graphql?" + "x" * 9000}, 431),
    ],
)
async def test_a_handshake_that_is_none_is_refused_as_json(server: Server, changed: Any, status: int) -> None:
    [(found, answer)] = await answers(server, handshake(**changed))
    assert (found, answer["errors"][0]["extensions"]["code"]) == (
        status, "BAD_REQUEST" if status == 400 else "HEADERS_TOO_LARGE"
    )  # fmt: skip


@dataclass
class Wire:
    """A websocket's frames, byte by byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, opcode: int, data: bytes, *, final: bool = True, masked: bool = True, reserved: int = 0) -> None:
        """Send a frame as it is told to be, right or wrong."""
        length = len(data)
        mask = 0x80 if masked else 0
        head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
        head += bytes([mask | length]) if length < 126 else bytes([mask | 126]) + struct.pack("!H", length)
        self.writer.write(head + (b"\0\0\0\0" if masked else b"") + data)

    async def frame(self) -> tuple[int, bytes]:
        """Return the next frame."""
        async with asyncio.timeout(5):
            head = await self.reader.readexactly(2)
            length = head[1] & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            return head[0] & 0x0F, await self.reader.readexactly(length)

    async def closed(self) -> tuple[int, str]:
        """Return the close code and reason; then the connection must end."""
        opcode, data = await self.frame()
        while opcode != 8:
            opcode, data = await self.frame()
        async with asyncio.timeout(5):
            assert await self.reader.read() == b""
        return int.from_bytes(data[:2], "big"), data[2:].decode()


@asynccontextmanager
async def wire(server: Server) -> AsyncIterator[Wire]:
    """A websocket that was introduced."""
    async with server.raw() as (reader, writer):
        writer.write(handshake())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        open_ = Wire(reader, writer)
        open_.send(1, b'{"type":"connection_init","payload":{"token":"good"}}')
        assert await open_.frame() == (1, b'{"type":"connection_ack"}')
        yield open_


PING = b'{"type":"ping"}'


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(1, b'{"type":"ping","x":"\xff"}', {})], 1007),
        ([(1, b'{"type":"\xed\xa0\x80"}', {})], 1007),  # a surrogate half
        ([(1, b'{"type":"\xd0', {"final": False}), (0, b'\xff"}', {})], 1007),
        ([(1, PING, {"masked": False})], 1002),
        ([(1, PING, {"reserved": 4})], 1002),
        ([(3, PING, {})], 1002),
        ([(11, PING, {})], 1002),
        ([(0, PING, {})], 1002),
        ([(1, b"{", {"final": False}), (1, PING, {})], 1002),
        ([(9, b"x", {"final": False})], 1002),
        ([(9, b"x" * 126, {})], 1002),
        ([(8, b"\x03", {})], 1002),
        ([(8, struct.pack("!H", 1005), {})], 1002),
        ([(8, struct.pack("!H", 1000) + b"\xff", {})], 1007),
        ([(2, PING, {})], 4400),
    ],
)
async def test_a_frame_against_the_rules_closes_the_socket_quietly(
    server: Server, frames: list[tuple[int, bytes, Any]], code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with wire(server) as open_:
        for opcode, data, told in frames:
            open_.send(opcode, data, **told)
        if code == 4400:
            opcode, data = await open_.frame()
            assert (opcode, data[:2]) == (8, struct.pack("!H", 4400))
        else:
            assert (await open_.closed())[0] == code
    noise = [record for record in caplog.records if record.levelname in ("WARNING", "ERROR") or record.exc_info]
    assert noise == []


async def test_a_message_in_many_frames_is_one_message(server: Server) -> None:
    text = '{"type":"ping","payload":{"at":"утро"}}'.encode()
    async with wire(server) as open_:
        for place, byte in enumerate(text):
            open_.send(0 if place else 1, bytes([byte]), final=place == len(text) - 1)
        assert await open_.frame() == (1, '{"type":"pong","payload":{"at":"утро"}}'.encode())


async def test_a_message_in_frames_without_end_is_too_big(server: Server) -> None:
    async with wire(server) as open_:
        for place in range(18):  # just over the megabyte
            open_.send(0 if place else 1, b"x" * 60_000, final=False)
        assert (await open_.closed())[0] == 1009


async def test_the_websockets_own_ping_is_answered(server: Server) -> None:
    async with wire(server) as open_:
        open_.send(9, b"beat")
        assert await open_.frame() == (10, b"beat")
        open_.send(8, struct.pack("!H", 1000))
        assert await open_.closed() == (1000, "")
