import asyncio
import json
from typing import Any

import pytest
import websockets

from gql.transport.frames import Close
from tests.gql.transport.conftest import Server, serving, settings

pytestmark = pytest.mark.anyio

INIT = {"type": "connection_init"}
BEARER = {"type": "connection_init", "payload": {"authorization": "Bearer good"}}


def started(id: Any = "1", **payload: Any) -> dict[str, Any]:
    return {"id": id, "type": "subscribe", "payload": {"query": "subscription { forever }", **payload}}


async def test_a_subscription_gives_next_and_complete(server: Server) -> None:
    async with server.socket() as socket:
        await socket.subscribe("subscription { count(to: 2) }", id="я")
        assert [await socket.hear() for _ in range(3)] == [
            {"id": "я", "type": "next", "payload": {"data": {"count": 1}}},
            {"id": "я", "type": "next", "payload": {"data": {"count": 2}}},
            {"id": "я", "type": "complete"},
        ]


async def test_queries_and_mutations_run_over_the_socket_too(server: Server) -> None:
    async with server.socket() as socket:
        await socket.subscribe(
            "query A($n: String) { hello(name: $n) } query B { hello }", "q", operationName="A", variables={"n": "Аня"}
        )
        assert await socket.hear() == {"id": "q", "type": "next", "payload": {"data": {"hello": "Привет, Аня!"}}}
        assert await socket.hear() == {"id": "q", "type": "complete"}
        await socket.subscribe("mutation { add(number: 2) }", "q")
        assert await socket.hear() == {"id": "q", "type": "next", "payload": {"data": {"add": 2}}}
        assert await socket.hear() == {"id": "q", "type": "complete"}


async def test_an_id_is_free_again_after_its_operation(server: Server) -> None:
    async with server.socket() as socket:
        for _ in range(20):
            await socket.subscribe("{ hello }")
            assert [(await socket.hear())["type"] for _ in range(2)] == ["next", "complete"]


async def test_a_completed_subscription_is_ended_and_its_id_free_at_once(server: Server) -> None:
    async with server.socket() as socket:
        for _ in range(5):
            await socket.say(started())
            assert (await socket.hear())["type"] == "next"
            await socket.say({"id": "1", "type": "complete"})
        await server.engine.until_closed("forever")
        await socket.say({"id": "never", "type": "complete"})
        await socket.subscribe("{ hello }")
        assert (await socket.hear())["type"] == "next"


async def test_a_mutation_is_never_stopped_half_way(server: Server) -> None:
    async with server.socket() as socket:
        await socket.subscribe("mutation { addSlowly(number: 3) }")
        await server.engine.entered.wait()
        await socket.say({"id": "1", "type": "complete"})
        await socket.subscribe("{ hello }", "2")
        assert await socket.hear() == {"id": "2", "type": "next", "payload": {"data": {"hello": "Привет, мир!"}}}
        assert (await socket.hear())["type"] == "complete"
    server.engine.gate.set()
    await asyncio.wait_for(server.engine.added.wait(), 5)
    assert server.engine.total == 3


@pytest.mark.parametrize(
    "message",
    [
        "[]", "1", "null", '"x"', "", "{", "{}", '{"type": 1}', '{"type": null}', '{"type": "start"}',
        '{"type": "next", "id": "1"}',
        "[" * 100_000, '{"type": "ping", "payload": {"n": ' + "1" * 10_000 + "}}",
        '{"type": "ping", "payload": {"n": NaN}}',
        '{"type": "\\ud800"}', json.dumps({"type": "щ" * 100}), b"\xff\x00", b'{"type": "ping"}',
        '{"type": "ping", "payload": 1}', '{"type": "pong", "payload": []}',
        json.dumps(started(id=None)), json.dumps(started(id=1)), json.dumps(started(id="")),
        json.dumps(started(id=["1"])),
        json.dumps(started(id={"a": 1})), json.dumps(started(id="x" * 256)),
        json.dumps(started(variables="x")), json.dumps(started(variables=[])), json.dumps(started(extensions=1)),
        json.dumps(started(operationName=1)), json.dumps(started(query=1)), json.dumps(started(query=None)),
        json.dumps({"id": "1", "type": "subscribe"}), json.dumps({"id": "1", "type": "subscribe", "payload": "x"}),
        json.dumps({"id": "1", "type": "subscribe", "payload": []}), json.dumps({"type": "complete"}),
        json.dumps({"id": 7, "type": "complete"}),
    ],
)  # fmt: skip
async def test_w1_w2_w3_a_malformed_message_closes_with_4400(server: Server, message: str | bytes) -> None:
    async with server.socket() as socket:
        await socket.say(message)
        code, reason = await socket.closed()
    assert code == 4400
    assert 0 < len(reason.encode()) <= 120
    assert server.engine.requests == []


@pytest.mark.parametrize("payload", ["x", 1, [], False])
async def test_a_malformed_introduction_closes_with_4400(server: Server, payload: Any) -> None:
    async with server.socket(token=None) as socket:
        await socket.say({**INIT, "payload": payload})
        assert await socket.closed() == (4400, "Invalid payload")


async def test_w2_a_reason_is_cut_at_a_whole_character() -> None:
    assert Close(4400, "щ" * 100).reason == "щ" * 60
    assert Close(4400, "x" + "щ" * 100).reason == "x" + "щ" * 59
    assert Close(4400, "a\ud800b").reason == "ab"


@pytest.mark.parametrize(
    "payload", [{"query": "{"}, {"query": "{ nothing }"}, {"query": "{ hello }", "operationName": "B"}, {"query": ""}]
)
async def test_w4_a_request_error_ends_only_its_operation(server: Server, payload: dict[str, Any]) -> None:
    async with server.socket() as socket:
        await socket.say(started("stays"))
        assert (await socket.hear())["id"] == "stays"
        await socket.say({"id": "bad", "type": "subscribe", "payload": payload})
        answer = await socket.hear()
        assert (answer["id"], answer["type"]) == ("bad", "error")
        assert [set(error) for error in answer["payload"]] == [{"message", "extensions"}]
        await socket.subscribe("{ hello }", "bad")
        assert (await socket.hear())["type"] == "next"
        assert server.engine.open["forever"] == 1


async def test_a_request_error_of_a_subscription_is_an_error_message(server: Server) -> None:
    async with server.socket() as socket:
        await socket.subscribe("subscription { nothing }")
        assert (await socket.hear())["type"] == "error"


async def test_w5_an_introduction_may_be_without_or_with_a_null_payload(server: Server) -> None:
    bearer = {"Authorization": "Bearer good"}
    for init in (INIT, {**INIT, "payload": None}, {**INIT, "payload": {}}):
        async with server.socket(token=None, additional_headers=bearer) as socket:
            await socket.say(init)
            assert await socket.hear() == {"type": "connection_ack"}


async def test_w6_a_message_over_256_kib_closes_the_socket(server: Server) -> None:
    async with server.socket() as socket:
        text = json.dumps({"type": "pong", "payload": {"x": "y" * 262_000}})
        await socket.say(text)
        await socket.say(text[:-2] + "щ" * 100 + text[-2:])
        assert await socket.closed() == (1009, "Message too big")


@pytest.mark.parametrize("protocol", [None, "graphql-ws", "graphql-transport-ws2"])
async def test_w7_another_subprotocol_closes_with_4406(server: Server, protocol: str | None) -> None:
    try:
        async with server.socket(token=None, protocol=protocol) as socket:
            assert await socket.closed() == (4406, "Subprotocol not acceptable")
    except websockets.NegotiationError:
        pass  # fine too: no subprotocol was agreed upon


async def test_a_socket_speaks_the_one_subprotocol(server: Server) -> None:
    async with server.socket() as socket:
        assert socket.raw.subprotocol == "graphql-transport-ws"


async def test_4401_subscribing_before_the_acknowledgement(server: Server) -> None:
    async with server.socket(token=None) as socket:
        await socket.say(started())
        assert await socket.closed() == (4401, "Unauthorized")


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"authorization": "Bearer bad"},
        {"authorization": "Bearer"},
        {"authorization": 1},
        {"token": "bad"},
        {"token": ["good"]},
        {"token": ""},
        {"authorization": "Basic good"},
    ],
)
async def test_4403_nobody_and_strangers_are_sent_away(server: Server, payload: Any) -> None:
    async with server.socket(token=None) as socket:
        await socket.say({**INIT, "payload": payload})
        assert await socket.closed() == (4403, "Forbidden")


async def test_the_token_may_be_given_alone(server: Server) -> None:
    async with server.socket(token=None) as socket:
        await socket.say({**INIT, "payload": {"token": "other"}})
        assert await socket.hear() == {"type": "connection_ack"}
        await socket.subscribe("{ whoami }")
        assert (await socket.hear())["payload"] == {"data": {"whoami": "other"}}
        assert server.engine.callers[-1].key is None


async def test_the_handshakes_cookie_opens_with_its_csrf_token_only(server: Server) -> None:
    cookie = {"Cookie": "session=good"}
    for given, answer in (("csrf-of-good", "ack"), ("csrf-of-other", 4403), (None, 4403), (1, 4403), ("é", 4403)):
        async with server.socket(token=None, additional_headers=cookie) as socket:
            await socket.say({**INIT, "payload": {"csrfToken": given}})
            if answer == "ack":
                assert await socket.hear() == {"type": "connection_ack"}
            else:
                assert (await socket.closed())[0] == answer


async def test_4408_an_introduction_that_does_not_come(small: Any) -> None:
    async with small(init_seconds=0.05) as server, server.socket(token=None) as socket:
        await socket.say({"type": "ping"})
        assert await socket.hear() == {"type": "pong"}
        assert await socket.closed() == (4408, "Connection initialisation timeout")


async def test_4409_an_id_that_is_taken(server: Server) -> None:
    name = "щ" * 255
    async with server.socket() as socket:
        await socket.say(started(name))
        await socket.hear()
        await socket.say(started(name))
        code, reason = await socket.closed()
    assert (code, reason) == (4409, "Subscriber for " + "щ" * 52)
    await server.engine.until_closed("forever")


async def test_4429_a_second_introduction(server: Server) -> None:
    async with server.socket() as socket:
        await socket.say(BEARER)
        assert await socket.closed() == (4429, "Too many initialisation requests")


async def test_pings_are_answered_with_their_payload_and_pongs_are_not(server: Server) -> None:
    async with server.socket() as socket:
        await socket.say({"type": "pong"})
        await socket.say({"type": "ping", "payload": {"at": "утро"}})
        assert await socket.hear() == {"type": "pong", "payload": {"at": "утро"}}
        await socket.say({"type": "ping", "payload": None})
        assert await socket.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (None, True),
        ("http://127.0.0.1:{port}", True),
        ("HTTP://127.0.0.1:{port}", True),
        ("https://ours.example", True),
        ("https://evil.test", False),
        ("null", False),
        ("", False),
        ("http://127.0.0.1:{port}.evil.test", False),
        ("http://127.0.0.1", False),
        ("https://127.0.0.1:{port}", False),
        ("https://ours.example.evil.test", False),
        ("https://evilours.example", False),
        ("http://ours.example", False),
        ("https://ours.example, https://evil.test", False),
    ],
)  # fmt: skip
async def test_w8_the_origin_is_checked_before_the_socket_is_accepted(origin: str | None, welcome: bool) -> None:
    async with serving(settings(allowed_origins=frozenset({"https://ours.example"}))) as server:
        headers = {} if origin is None else {"Origin": origin.format(port=server.port)}
        if welcome:
            async with server.socket(additional_headers=headers):
                return
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with server.socket(additional_headers=headers):
                pass
        answer = refused.value.response
        assert (answer.status_code, answer.headers["cache-control"]) == (403, "no-store")
        assert json.loads(answer.body or b"")["errors"][0]["extensions"] == {"code": "ORIGIN"}


async def test_w8_behind_a_trusted_proxy_the_origin_is_https() -> None:
    async with serving(settings(trusted_proxy=True)) as server:
        headers = {"Origin": f"https://127.0.0.1:{server.port}", "X-Forwarded-Proto": "https"}
        async with server.socket(additional_headers=headers):
            pass


async def test_a_handshake_with_huge_headers_is_431(server: Server) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with server.socket(additional_headers={f"X-{number}": "x" * 7000 for number in range(6)}):
            pass
    assert refused.value.response.status_code == 431


async def test_one_operation_too_many_is_refused_and_the_others_go_on(small: Any) -> None:
    async with small(operations=3) as server, server.socket() as socket:
        for number in range(3):
            await socket.say(started(str(number)))
            assert (await socket.hear())["type"] == "next"
        await socket.say(started("3"))
        answer = await socket.hear()
        assert (answer["id"], answer["type"]) == ("3", "error")
        assert answer["payload"][0]["extensions"] == {"code": "TOO_MANY_SUBSCRIPTIONS"}
        await socket.say({"id": "0", "type": "complete"})
        await server.engine.until_open("forever", 2)
        await socket.say(started("3"))
        assert (await socket.hear())["type"] == "next"


async def test_fifty_operations_run_on_one_socket(server: Server) -> None:
    async with server.socket() as socket:
        for number in range(51):
            await socket.say(started(str(number)))
        answers = [(await socket.hear())["type"] for _ in range(51)]
    assert (answers.count("next"), answers.count("error")) == (50, 1)
