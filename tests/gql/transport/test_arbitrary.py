"""Whatever is sent: no 5xx, no 1006, no traceback, and every refusal is JSON with a code."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
import websockets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gql.transport import json as strict
from gql.transport.refusals import Refused
from tests.gql.transport.conftest import GRAPHQL, Server

pytestmark = pytest.mark.anyio

# The server is the test's, not the example's: it must outlive all of them.
often = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=12,
)
queries = st.sampled_from(
    [
        "{ hello }",
        "{ fails }",
        "{",
        "subscription { count(to: 2) }",
        "mutation { add(number: 1) }",
        "{ a: hello b: whoami }",
    ]
)
names = ("query", "operationName", "variables", "extensions", "documentId")
requests = st.fixed_dictionaries({}, optional={name: values | queries for name in names})
bodies = st.binary(max_size=200) | st.builds(lambda value: json.dumps(value).encode(), values | requests)
kinds = st.sampled_from(
    [
        "application/json",
        "application/json",
        "application/json; charset=utf-8",
        "application/json;;=",
        "text/plain",
        "multipart/form-data; boundary=b",
        'multipart/form-data; boundary="',
        "",
    ]
)
accepts = st.sampled_from(
    [GRAPHQL, "application/json", "*/*", "text/event-stream", ";q=,,;", "text/html", "a/b;q=1e999"]
)
header_texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
headers = st.fixed_dictionaries(
    {"content-type": kinds, "accept": accepts},
    optional={
        "authorization": header_texts | st.just("Bearer good"),
        "cookie": header_texts | st.just("session=good"),
        "x-csrf-token": header_texts | st.just("csrf-of-good"),
        "accept-language": header_texts,
        "origin": header_texts,
        "content-encoding": header_texts,
        "idempotency-key": header_texts,
        "x-requested-with": st.just("x"),
    },
)


def check(answer: Any) -> None:
    """An answer of ours, whatever was asked."""
    assert answer.status_code < 500
    if answer.headers["content-type"].startswith("text/event-stream"):
        assert answer.status_code == 200
        return
    body = answer.json()
    assert body.keys() <= {"data", "errors"}
    assert body
    assert all(isinstance(error["extensions"]["code"], str) for error in body.get("errors", []))
    assert answer.status_code == 200 or body["errors"]


@given(body=bodies, sent=headers, method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT"]))
@often
async def test_any_http_request_is_answered(server: Server, body: bytes, sent: dict[str, str], method: str) -> None:
    check(await server.http.request(method, server.url, content=body, headers=sent))


@given(url=st.binary(max_size=60), request=requests)
@often
async def test_any_url_is_answered(server: Server, url: bytes, request: dict[str, Any]) -> None:
    text = "".join(f"%{byte:02x}" if byte > 126 or byte < 33 or byte == 35 else chr(byte) for byte in url)
    check(await server.http.get(f"{server.url}?{text}"))
    given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in request.items()}
    check(await server.get(**{name: value.encode("utf-8", "replace").decode() for name, value in given.items()}))


@given(operations=bodies, places=bodies, junk=st.binary(max_size=100))
@often
async def test_any_upload_is_answered(server: Server, operations: bytes, places: bytes, junk: bytes) -> None:
    sent = {"authorization": "Bearer good", "x-requested-with": "x"}
    parts: Any = {"operations": (None, operations), "map": (None, places), "0": ("name", junk)}
    check(await server.http.post(server.url, files=parts, headers=sent))
    kind = {"content-type": "multipart/form-data; boundary=b"}
    check(await server.http.post(server.url, content=b"--b\r\n" + junk, headers=sent | kind))


messages = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["subscribe", "subscribe", "complete", "ping", "pong", "connection_init", "next"])
        | values
    },
    optional={"id": values | st.sampled_from("ab"), "payload": values | requests},
)
frames = st.binary(max_size=100) | st.text(max_size=50) | st.builds(json.dumps, messages | values)


@given(introduced=st.booleans(), sent=st.lists(frames, max_size=6))
@often
async def test_any_websocket_message_is_answered_or_closes_with_a_reason(
    server: Server, introduced: bool, sent: list[str | bytes]
) -> None:
    async with server.socket(token="good" if introduced else None) as socket:
        with contextlib.suppress(websockets.ConnectionClosed):
            for message in sent:
                await socket.say(message.encode("utf-8", "replace").decode() if isinstance(message, str) else message)
            await socket.say({"type": "ping", "payload": {"last": True}})
            async with asyncio.timeout(5):
                while await socket.hear() != {"type": "pong", "payload": {"last": True}}:
                    pass
            return
        assert socket.raw.close_code in (4400, 4401, 4403, 4409, 4429)
        assert socket.raw.close_reason


@given(raw=st.binary(max_size=60) | st.builds(lambda value: json.dumps(value).encode(), values))
@often
def test_strict_json_gives_a_value_that_json_has_or_refuses(raw: bytes) -> None:
    with contextlib.suppress(Refused):
        assert strict.decode(raw) == json.loads(raw.decode())


@pytest.mark.parametrize(("depth", "fits"), [(1, True), (64, True), (66, False), (900, False), (100_000, False)])
def test_json_is_64_levels_deep_at_most(depth: int, fits: bool) -> None:
    raw = b"[" * depth + b"]" * depth
    if fits:
        assert json.dumps(strict.decode(raw)).encode() == raw
    else:
        with pytest.raises(Refused):
            strict.decode(raw)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(strict.decode(b"[" + b"[],{}," * 1000 + b"1]")) == 2001
