"""graphql-transport-ws, rule by rule: what a client says, and all that the server answers to it, over a real socket."""

from typing import Any

import pytest

from tests.gql.transport.conftest import Server

pytestmark = pytest.mark.anyio

INIT = {"type": "connection_init", "payload": {"token": "good"}}
ACK = {"type": "connection_ack"}
PING, PONG = {"type": "ping"}, {"type": "pong"}
HELLO = {"data": {"hello": "Привет, мир!"}}


def subscribe(query: str, id: str = "1") -> dict[str, Any]:
    return {"id": id, "type": "subscribe", "payload": {"query": query}}


def next_(payload: Any, id: str = "1") -> dict[str, Any]:
    return {"id": id, "type": "next", "payload": payload}


def complete(id: str = "1") -> dict[str, Any]:
    return {"id": id, "type": "complete"}


RULES: dict[str, tuple[list[Any], list[Any]]] = {
    "an introduction is acknowledged": ([INIT], [ACK]),
    "a ping may come before the introduction": ([PING, INIT], [PONG, ACK]),
    "a pong may come at any time, and is not answered": ([PONG, INIT, PONG, PING], [ACK, PONG]),
    "a ping's payload comes back": ([INIT, {**PING, "payload": {"a": 1}}], [ACK, {**PONG, "payload": {"a": 1}}]),
    "what is over before the introduction is nobody's": ([complete(), INIT], [ACK]),
    "an operation before the acknowledgement closes": ([subscribe("{ hello }")], [4401]),
    "a second introduction closes": ([INIT, INIT], [ACK, 4429]),
    "two introductions at once close, whatever lies between": ([INIT, PING, INIT], [ACK, PONG, 4429]),
    "a refused introduction closes": ([{**INIT, "payload": {"token": "bad"}}], [4403]),
    "an introduction of a wrong shape closes": ([{**INIT, "payload": []}], [4400]),
    "an acknowledgement is the server's to send": ([ACK], [4400]),
    "so are next and error": ([INIT, next_({})], [ACK, 4400]),
    "a message of no known type closes": ([INIT, {"type": "stop"}], [ACK, 4400]),
    "a message that is no JSON closes": ([INIT, "{"], [ACK, 4400]),
    "a binary message closes": ([INIT, b"{}"], [ACK, 4400]),
    "an operation without an id closes": (
        [INIT, {"type": "subscribe", "payload": {"query": "{ hello }"}}],
        [ACK, 4400],
    ),
    "an operation without a payload closes": ([INIT, {"id": "1", "type": "subscribe"}], [ACK, 4400]),
    "a query is one next and complete": ([INIT, subscribe("{ hello }")], [ACK, next_(HELLO), complete()]),
    "a mutation, too": (
        [INIT, subscribe("mutation { add(number: 1) }")],
        [ACK, next_({"data": {"add": 1}}), complete()],
    ),
    "a subscription is any number of next, and complete": (
        [INIT, subscribe("subscription { count(to: 2) }")],
        [ACK, next_({"data": {"count": 1}}), next_({"data": {"count": 2}}), complete()],
    ),
    "a subscription may be complete with nothing": (
        [INIT, subscribe("subscription { count(to: 0) }")],
        [ACK, complete()],
    ),
    "an id that runs closes the socket": (
        [INIT, subscribe("subscription { forever }"), subscribe("{ hello }")],
        [ACK, 4409],
    ),
    "an id that its client completed is free": (
        [INIT, subscribe("subscription { forever }"), complete(), subscribe("{ hello }")],
        [ACK, next_(HELLO), complete()],
    ),
    "an operation's messages stop with its client's complete": (
        [INIT, subscribe("mutation { addSlowly(number: 1) }"), complete(), PING],
        [ACK, PONG],
    ),
    "a complete that crosses the server's is nothing": (
        [INIT, subscribe("{ hello }"), PING, complete(), complete(), PING],
        [ACK, PONG, PONG],
    ),
    "a complete of an unknown id is nothing": ([INIT, complete("x"), PING], [ACK, PONG]),
}
UNSURE = ("an id that its client completed is free", "a complete that crosses")
"""Where the operation's own first message may come before or after what is asked for here."""


@pytest.mark.parametrize("rule", RULES)
async def test_the_protocol(server: Server, rule: str) -> None:
    said, expected = RULES[rule]
    async with server.socket(token=None) as socket:
        for message in said:
            await socket.say(message)
        for answer in expected:
            if isinstance(answer, int):
                assert (await socket.closed())[0] == answer
            else:
                assert await _heard(socket, answer, rule) == answer
    server.engine.gate.set()


async def _heard(socket: Any, answer: Any, rule: str) -> Any:
    """Return the next message; of those that are unsure, the next that is meant."""
    heard = await socket.hear()
    while rule.startswith(UNSURE) and heard != answer and heard.get("id") == "1":
        heard = await socket.hear()
    return heard


async def test_4500_an_engine_that_fails_at_the_introduction(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    async def failing(caller: Any) -> bool:
        raise ValueError("Иванов И. И., диагноз")

    server.engine.knows = failing  # type: ignore[method-assign]
    async with server.socket(token=None) as socket:
        await socket.say(INIT)
        assert await socket.closed() == (4500, "Internal server error")
    assert "Иванов" not in caplog.text
    assert "the engine raised ValueError" in caplog.text


async def test_an_error_is_an_operations_last_message(server: Server) -> None:
    async with server.socket() as socket:
        await socket.say(subscribe("{ nothing }"))
        assert (await socket.hear())["type"] == "error"
        await socket.say(PING)
        assert await socket.hear() == PONG
        await socket.say(subscribe("{ hello }"))
        assert await socket.hear() == next_(HELLO)
