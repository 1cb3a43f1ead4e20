import asyncio
import json
from typing import Any

import pytest

from tests.gql.transport.conftest import GRAPHQL, Server
from tests.gql.transport.test_http import code

pytestmark = pytest.mark.anyio

SSE = "text/event-stream"
MULTIPART = f'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,{GRAPHQL},application/json;q=0.9'
URQL = f"{GRAPHQL}, application/graphql+json, application/json, text/event-stream, multipart/mixed"
FOREVER = {"query": "subscription { forever }"}


def parts(text: str) -> list[Any]:
    """Return the JSON of a multipart body's parts."""
    assert text.startswith("--graphql\r\n")
    return [json.loads(part.partition("\r\n\r\n")[2]) for part in text.split("--graphql")[1:-1]]


async def test_a_subscription_over_sse(server: Server) -> None:
    answer = await server.post({"query": "subscription { count(to: 2) }"}, accept=SSE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.text == (
        ":\n\n"
        'event: next\ndata: {"data": {"count": 1}}\n\n'
        'event: next\ndata: {"data": {"count": 2}}\n\n'
        "event: complete\ndata: \n\n"
    )


async def test_a_subscription_over_sse_by_get(server: Server) -> None:
    answer = await server.get({"accept": SSE}, query="subscription { count(to: 1) }")
    assert answer.text == ':\n\nevent: next\ndata: {"data": {"count": 1}}\n\nevent: complete\ndata: \n\n'


async def test_h7_who_lists_sse_last_gets_json_for_a_query_and_sse_for_a_subscription(server: Server) -> None:
    answer = await server.post({"query": "{ hello }"}, accept=URQL)
    assert answer.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    answer = await server.post({"query": "subscription { count(to: 1) }"}, accept=URQL)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "\r" not in answer.text


async def test_a_client_that_takes_nothing_but_sse_gets_everything_so(server: Server) -> None:
    answer = await server.post({"query": "{ hello }"}, accept=SSE)
    assert answer.text == ':\n\nevent: next\ndata: {"data": {"hello": "Привет, мир!"}}\n\nevent: complete\ndata: \n\n'
    for query in ("{", "subscription { nothing }"):
        answer = await server.post({"query": query}, accept=SSE)
        assert answer.status_code == 200
        assert answer.text.startswith(':\n\nevent: next\ndata: {"errors": [')
        assert answer.text.endswith("\n\nevent: complete\ndata: \n\n")


async def test_a_refusal_is_json_also_to_who_wanted_a_stream(server: Server) -> None:
    answer = await server.post(content=b"[]", accept=SSE)
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_a_stream_that_the_engine_ends_says_why_over_sse(server: Server) -> None:
    answer = await server.post({"query": "subscription { ends(session: true) }"}, accept=SSE)
    _, first, last, complete, rest = answer.text.split("\n\n")
    assert first == 'event: next\ndata: {"data": {"ends": 1}}'
    assert json.loads(last.removeprefix("event: next\ndata: "))["errors"][0]["extensions"] == {"code": "SESSION_ENDED"}
    assert (complete, rest) == ("event: complete\ndata: ", "")


async def test_a_subscription_over_multipart(server: Server) -> None:
    answer = await server.post({"query": "subscription { count(to: 2) }"}, accept=MULTIPART)
    assert answer.headers["content-type"] == 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0'
    assert parts(answer.text) == [{"payload": {"data": {"count": 1}}}, {"payload": {"data": {"count": 2}}}]
    assert answer.text.endswith("\r\n--graphql--\r\n")


async def test_a_query_is_json_to_who_takes_multipart_as_well(server: Server) -> None:
    answer = await server.post({"query": "{ hello }"}, accept=MULTIPART)
    assert answer.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"


async def test_a_stream_that_the_engine_ends_says_why_over_multipart(server: Server) -> None:
    answer = await server.post({"query": "subscription { ends(session: false) }"}, accept=MULTIPART)
    first, last = parts(answer.text)
    assert first == {"payload": {"data": {"ends": 1}}}
    assert (last["payload"], last["errors"][0]["extensions"]) == (None, {"code": "CONSENT_WITHDRAWN"})


@pytest.mark.parametrize(("accept", "beat"), [(SSE, b":\n\n"), (MULTIPART, b"\r\n\r\n{}\r\n--graphql")])
async def test_a_silent_stream_has_heartbeats_and_loses_no_event_to_them(small: Any, accept: str, beat: bytes) -> None:
    async with small(heartbeat_seconds=0.02) as server:
        headers = {"accept": accept, "content-type": "application/json"}
        async with server.http.stream("POST", server.url, json=FOREVER, headers=headers) as answer:
            seen = b""
            async with asyncio.timeout(5):
                async for chunk in answer.aiter_raw():
                    seen += chunk
                    if seen.count(beat) > 3:
                        break
        assert seen.count(b'{"data": {"forever": 0}}') == 1
        await server.engine.until_closed("forever")


async def test_a_client_that_leaves_ends_its_stream(server: Server) -> None:
    for accept in (SSE, MULTIPART):
        async with server.http.stream("POST", server.url, json=FOREVER, headers={"accept": accept}):
            await server.engine.until_open("forever")
        await server.engine.until_closed("forever")


async def test_a_slow_reader_of_a_stream_is_not_buffered_for(server: Server) -> None:
    body = b'{"query":"subscription { flood(bytes: 100000) }"}'
    async with server.raw() as (_, writer):
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
        )
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        await server.engine.until_open("flood")
        seen = -1
        while seen != server.engine.sent["flood"]:
            seen = server.engine.sent["flood"]
            for _ in range(20):
                await server.post({"query": "{ hello }"})
        assert seen * 100_000 < 20_000_000
    await server.engine.until_closed("flood")


async def test_a_server_going_down_ends_streams_without_complete(server: Server) -> None:
    async with server.http.stream("POST", server.url, json=FOREVER, headers={"accept": SSE}) as answer:
        await server.engine.until_open("forever")
        await server.lines.close_all()
        text = (await answer.aread()).decode()
    assert text == ':\n\nevent: next\ndata: {"data": {"forever": 0}}\n\n'
    await server.engine.until_closed("forever")


@pytest.mark.parametrize("accept", [SSE, MULTIPART])
async def test_an_error_of_the_engine_ends_the_stream_and_is_masked(server: Server, accept: str, caplog: Any) -> None:
    answer = await server.post({"query": "subscription { breaks }"}, accept=accept)
    assert answer.text.count('{"data": {"breaks": 1}}') == 1
    assert answer.text.count('"extensions":{"code":"INTERNAL"}') == 1
    assert answer.text.endswith("event: complete\ndata: \n\n" if accept == SSE else "--graphql--\r\n")
    assert "the engine raised ZeroDivisionError" in caplog.text
    assert "Иванов" not in caplog.text + answer.text


async def test_an_error_of_the_engine_before_the_stream_is_500(server: Server, caplog: Any) -> None:
    server.engine.raises = ValueError("Иванов И. И., диагноз")
    answer = await server.post({"query": "{ hello }"}, accept=SSE)
    assert (answer.status_code, code(answer)) == (500, "INTERNAL")
    assert "Иванов" not in caplog.text + answer.text
