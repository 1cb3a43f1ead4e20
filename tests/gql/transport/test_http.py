import asyncio
import json
from typing import Any

import pytest

from gql.exchange import Reply
from gql.transport import accept
from tests.gql.transport.conftest import GRAPHQL, Server

pytestmark = pytest.mark.anyio

HELLO = {"data": {"hello": "Привет, мир!"}}


def code(answer: Any) -> str:
    """Return the code of the one error in a refusal."""
    body = answer.json()
    assert set(body) == {"errors"}
    assert len(body["errors"]) == 1
    return str(body["errors"][0]["extensions"]["code"])


async def test_a_query_is_answered_in_the_legacy_type_unless_asked_otherwise(server: Server) -> None:
    for headers in ({}, {"accept": "*/*"}, {"accept": "application/json"}, {"accept": "application/*;q=0.1"}):
        answer = await server.post({"query": "{ hello }"}, **headers)
        assert (answer.status_code, answer.json()) == (200, HELLO)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"


async def test_h1_the_graphql_type_is_answered_where_it_is_accepted(server: Server) -> None:
    answer = await server.post({"query": "{ hello }"}, accept=f"{GRAPHQL}, application/json;q=0.9")
    assert answer.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert (answer.status_code, answer.json()) == (200, HELLO)


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "query($x: Int!) { __typename }"},
        {"query": "query A { hello } query B { hello }"},  # H5
        {"query": "query A { hello }", "operationName": "C"},
    ],
)
async def test_h1_a_request_error_is_400_without_data_but_200_to_the_legacy_type(server: Server, body: Any) -> None:
    answer = await server.post(body, accept=GRAPHQL)
    assert (answer.status_code, set(answer.json())) == (400, {"errors"})
    assert (await server.post(body)).status_code == 200


async def test_an_error_of_a_field_is_200_in_both_types(server: Server) -> None:
    for kind in (GRAPHQL, "application/json"):
        answer = await server.post({"query": "{ fails hello }"}, accept=kind)
        assert (answer.status_code, answer.json()["data"]["hello"]) == (200, "Привет, мир!")


@pytest.mark.parametrize(
    ("header", "single", "stream"),
    [
        (None, "application/json", None),
        ("", "application/json", None),
        (f"application/json;q=0.5, {GRAPHQL};q=0.6", GRAPHQL, None),
        (f"application/json, {GRAPHQL}", "application/json", None),
        (f"{GRAPHQL};charset=utf-8", GRAPHQL, None),
        (f"{GRAPHQL};charset=utf-16, application/json;q=0.1", "application/json", None),
        (f"{GRAPHQL};q=0, */*;q=0.1", "application/json", None),
        ("text/html", None, None),
        ("application/json;q=nan", None, None),
        ("text/event-stream", None, "text/event-stream"),
        (
            f"{GRAPHQL}, application/graphql+json, application/json, text/event-stream, multipart/mixed",
            GRAPHQL,
            "text/event-stream",
        ),
        ('multipart/mixed;boundary="-";subscriptionSpec=1.0,application/json', "application/json", "multipart/mixed"),
        ("multipart/mixed;subscriptionSpec=1.0;q=0.5,text/event-stream;q=0.4", None, "multipart/mixed"),
        ("multipart/mixed;deferSpec=20220824", None, None),
    ],
)
async def test_content_is_negotiated_by_weight_then_by_the_clients_order(
    header: str | None, single: str | None, stream: str | None
) -> None:
    found = accept.negotiate(header)
    assert (found.single, found.stream) == (single, stream)


async def test_nothing_acceptable_is_406(server: Server) -> None:
    answer = await server.post({"query": "{ hello }"}, accept="text/html")
    assert (answer.status_code, code(answer)) == (406, "NOT_ACCEPTABLE")
    assert server.engine.requests == []


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/json, text/plain",
        "",
        "application/xml",
    ],
)
async def test_h2_another_content_type_is_415(server: Server, kind: str) -> None:
    answer = await server.post({"query": "{ hello }"}, content_type=kind)
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


async def test_h2_another_method_is_405_and_told_which_are_allowed(server: Server) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = await server.http.request(method, server.url)
        assert (answer.status_code, code(answer)) == (405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "GET, POST"
    assert (await server.http.head(server.url)).status_code == 405


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'"x"', 400),
        (b"1", 400),
        (b"null", 400),
        (b"true", 400),
        (b"[1, 2]", 400),
        (b"", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000 + b"]" * 100_000, 400),
        (b'{"query": "{ hello }", "variables": ' + b'{"a":' * 70 + b"1" + b"}" * 71, 400),
        (b'{"query": "{ hello }", "variables": {"n": ' + b"1" * 10_000 + b"}}", 400),
        (b'{"query": "\\ud800"}', 400),
        (b'{"query": "{ hello }", "variables": {"n": 1e999}}', 400),
        # H4
        ('{"query": "{ hello }"}'.encode("utf-16"), 400),
        (b'\xef\xbb\xbf{"query": "{ hello }"}', 400),
        (b'{"query": "{ hello }", "variables": {"n": NaN}}', 400),
        (b'{"query": "{ hello }", "variables": {"n": -Infinity}}', 400),
        # H10
        (b'[{"query": "{ hello }"}, {"query": "{ hello }"}]', 400),
    ],
)
async def test_h3_no_body_crashes_the_server(server: Server, content: bytes, status: int) -> None:
    answer = await server.post(content=content)
    assert (answer.status_code, code(answer)) == (status, "BAD_REQUEST")
    assert server.engine.requests == []


async def test_h3_a_compressed_body_is_415_unread(server: Server) -> None:
    answer = await server.post(content=b"\x1f\x8bgarbage", content_encoding="gzip")
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("wrong", [1, 0, False, ["x"], {"a": 1}])
@pytest.mark.parametrize("name", ["query", "operationName", "variables", "extensions", "documentId"])
async def test_h5_a_parameter_of_a_wrong_type_is_400(server: Server, name: str, wrong: Any) -> None:
    if name in ("variables", "extensions") and isinstance(wrong, dict):
        wrong = "text"
    answer = await server.post({"query": "{ hello }", name: wrong})
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
    assert name in answer.json()["errors"][0]["message"]


async def test_null_parameters_are_as_good_as_none(server: Server) -> None:
    answer = await server.post({"query": "{ hello }", "operationName": None, "variables": None, "extensions": None})
    assert answer.json() == HELLO


async def test_a_duplicate_key_is_no_trap(server: Server) -> None:
    answer = await server.post(content=b'{"query": "{ fails }", "query": "{ hello }"}')
    assert answer.json() == HELLO


async def test_h6_a_subscription_by_plain_post_is_refused(server: Server) -> None:
    for kind in (GRAPHQL, "application/json", "*/*"):
        answer = await server.post({"query": "subscription { forever }"}, accept=kind)
        assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_h9_a_body_over_the_limit_is_413_by_its_declared_length(server: Server) -> None:
    answer = await server.post(content=b'{"query": "{ hello }"}' + b" " * 1024 * 1024)
    assert (answer.status_code, code(answer)) == (413, "PAYLOAD_TOO_LARGE")
    async with server.raw() as (reader, writer):
        writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: 68719476736\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"413"


async def test_h9_a_body_over_the_limit_is_413_while_it_is_read(server: Server) -> None:
    async def endless() -> Any:
        for _ in range(200):
            yield b" " * 65536

    answer = await server.http.post(server.url, content=endless(), headers={"content-type": "application/json"})
    assert (answer.status_code, code(answer)) == (413, "PAYLOAD_TOO_LARGE")


async def test_h9_a_body_of_exactly_the_limit_is_read(server: Server) -> None:
    raw = b'{"query": "{ hello }"}'
    assert (await server.post(content=raw + b" " * (1024 * 1024 - len(raw)))).json() == HELLO


async def test_h11_a_trusted_documents_id_reaches_the_engine(server: Server) -> None:
    server.engine.forced = Reply(b'{"data":{}}')
    await server.post({"documentId": "sha256:abc", "variables": {"a": 1}})
    [request] = server.engine.requests
    assert (request.query, request.document_id, request.variables) == (None, "sha256:abc", {"a": 1})


async def test_a_query_by_get_takes_its_parts_from_the_url(server: Server) -> None:
    answer = await server.get(
        query="query A($n: String) { hello(name: $n) } query B { hello }", operationName="A", variables='{"n": "Аня"}'
    )
    assert (answer.status_code, answer.json()) == (200, {"data": {"hello": "Привет, Аня!"}})


@pytest.mark.parametrize(
    "url", ["query=%ff", "query=%7Bhello%7D&query=%7Bhello%7D", "query=%7Bhello%7D&variables=x", "", "a=1&" * 40]
)
async def test_a_malformed_url_is_400(server: Server, url: str) -> None:
    answer = await server.http.get(f"{server.url}?{url}")
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_a_mutation_by_get_is_405_and_changes_nothing(server: Server) -> None:
    answer = await server.get(query="mutation { add(number: 1) }")
    assert (answer.status_code, code(answer), answer.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "POST")
    assert server.engine.total == 0


async def test_nothing_is_ever_stored_by_a_cache(server: Server) -> None:
    answers = [
        await server.post({"query": "{ hello }"}),
        await server.post(content=b"["),
        await server.get(),
        await server.http.put(server.url),
        await server.post({"query": "subscription { count(to: 1) }"}, accept="text/event-stream"),
    ]
    assert [answer.headers["cache-control"] for answer in answers] == ["no-store"] * 5


@pytest.mark.parametrize(
    ("status", "header", "value"),
    [(401, "www-authenticate", "Bearer"), (429, "retry-after", "7"), (503, "retry-after", "7")],
)
async def test_the_engines_own_status_is_kept(server: Server, status: int, header: str, value: str) -> None:
    server.engine.forced = Reply(b'{"errors":[]}', executed=False, status=status, retry_after=7)
    for kind in (GRAPHQL, "application/json", "text/event-stream"):
        answer = await server.post(
            {"query": "subscription { forever }" if "event" in kind else "{ hello }"}, accept=kind
        )
        assert (answer.status_code, answer.headers[header]) == (status, value)


async def test_an_error_of_the_engine_is_masked_also_in_the_log(server: Server, caplog: Any) -> None:
    server.engine.raises = ValueError("Иванов И. И., диагноз")
    answer = await server.post({"query": "{ hello }"})
    assert (answer.status_code, code(answer)) == (500, "INTERNAL")
    assert "the engine raised ValueError" in caplog.text
    assert "Иванов" not in caplog.text + answer.text


async def test_refusals_speak_russian_or_english(server: Server) -> None:
    texts = [
        (await server.post(content=b"[]", **({"accept_language": wish} if wish else {}))).json()["errors"][0]["message"]
        for wish in (None, "de", "en", "en;q=0.5, ru;q=0.6", "en-GB, ru;q=0.9")
    ]
    russian, english = "Пакеты запросов не принимаются.", "Batches of requests are not accepted."
    assert texts == [russian, russian, english, russian, english]


async def test_u1_headers_over_the_limit_are_431(server: Server) -> None:
    answer = await server.post({"query": "{ hello }"}, x_filler="x" * 33_000)
    assert (answer.status_code, code(answer)) == (431, "HEADERS_TOO_LARGE")
    answer = await server.http.get(f"{server.url}?query={'x' * 33_000}")
    assert answer.status_code == 431


async def test_u2_a_slow_body_is_408(small: Any) -> None:
    async with small(body_seconds=0.05) as server, server.raw() as (reader, writer):
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        )
        async with asyncio.timeout(5):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.split()[1] == b"408"
        assert json.loads(body)["errors"][0]["extensions"] == {"code": "TIMEOUT"}


async def test_a_client_that_leaves_while_sending_is_no_event(server: Server) -> None:
    async with server.raw() as (_, writer):
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        )
        await writer.drain()
    assert (await server.post({"query": "{ hello }"})).json() == HELLO


async def test_a_client_that_leaves_does_not_stop_its_mutation(server: Server) -> None:
    body = json.dumps({"query": "mutation { addSlowly(number: 5) }"}).encode()
    async with server.raw() as (_, writer):
        writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        await server.engine.entered.wait()
    server.engine.gate.set()
    await asyncio.wait_for(server.engine.added.wait(), 5)
    assert server.engine.total == 5
