"""How sockets and their streams end: by the engine, by the client, by the server."""

import asyncio
from typing import Any

import pytest

from tests.gql.transport.conftest import Server
from tests.gql.transport.test_websocket import started

pytestmark = pytest.mark.anyio


async def test_a_stream_that_the_engine_ends_says_why_and_nothing_after(server: Server) -> None:
    async with server.socket() as socket:
        await socket.subscribe("subscription { ends(session: false) }")
        error = {"message": "Поток окончен.", "extensions": {"code": "CONSENT_WITHDRAWN"}}
        assert await socket.hear() == {"id": "1", "type": "next", "payload": {"data": {"ends": 1}}}
        assert await socket.hear() == {"id": "1", "type": "error", "payload": [error]}
        await socket.say({"type": "ping"})
        assert await socket.hear() == {"type": "pong"}


async def test_w9_a_session_that_ends_closes_the_whole_socket_with_4403(server: Server) -> None:
    async with server.socket() as socket:
        await socket.say(started("other"))
        await socket.hear()
        await socket.subscribe("subscription { ends(session: true) }")
        assert (await socket.hear())["type"] == "next"
        answer = await socket.hear()
        assert (answer["type"], answer["payload"][0]["extensions"]) == ("error", {"code": "SESSION_ENDED"})
        assert await socket.closed() == (4403, "Forbidden")
    await server.engine.until_closed("forever")


async def test_an_error_of_the_engine_ends_only_its_operation_and_is_masked(server: Server, caplog: Any) -> None:
    async with server.socket() as socket:
        server.engine.raises = ValueError("Иванов И. И., диагноз")
        await socket.subscribe("{ hello }")
        answer = await socket.hear()
        assert (answer["type"], answer["payload"][0]["extensions"]) == ("error", {"code": "INTERNAL"})
        await socket.subscribe("subscription { breaks }")
        assert (await socket.hear())["type"] == "next"
        answer = await socket.hear()
        assert (answer["type"], answer["payload"][0]["extensions"]) == ("error", {"code": "INTERNAL"})
        await socket.say({"type": "ping"})
        assert await socket.hear() == {"type": "pong"}
    assert "the engine raised ValueError" in caplog.text
    assert "Иванов" not in caplog.text


async def test_while_the_database_is_away_a_client_is_told_to_come_back(server: Server) -> None:
    async def away(_: Any) -> bool:
        raise ConnectionRefusedError

    server.engine.knows = away  # type: ignore[method-assign]
    async with server.socket(token=None) as socket:
        await socket.say({"type": "connection_init", "payload": {"authorization": "Bearer good"}})
        assert await socket.closed() == (1013, "Try again later")


async def test_w10_a_client_that_vanishes_leaves_nothing_behind(server: Server) -> None:
    for _ in range(10):
        async with server.socket() as socket:
            await socket.say(started())
            await socket.subscribe("subscription { flood(bytes: 50000) }", "2")
            await socket.hear()
            socket.raw.transport.abort()
    await server.engine.until_closed("forever")
    await server.engine.until_closed("flood")


async def test_w8_two_hundred_sockets_cut_at_once_are_all_back(server: Server) -> None:
    async def once(gone: asyncio.Barrier) -> None:
        async with server.socket() as socket:
            await socket.say(started())
            await socket.hear()
            await gone.wait()
            socket.raw.transport.abort()

    for _ in range(2):
        barrier = asyncio.Barrier(200)
        async with asyncio.TaskGroup() as group:
            for _ in range(200):
                group.create_task(once(barrier))
    await server.engine.until_closed("forever")
    async with server.socket():
        assert len(server.lines) == 1


async def test_a_slow_reader_is_not_buffered_for(server: Server) -> None:
    async with server.socket(max_queue=1) as slow, server.socket() as quick:
        await slow.subscribe("subscription { flood(bytes: 100000) }")
        seen = -1
        while seen != server.engine.sent["flood"]:
            seen = server.engine.sent["flood"]
            for number in range(20):  # a busy neighbour passes the time
                await quick.subscribe("{ hello }", str(number))
                assert [(await quick.hear())["type"] for _ in range(2)] == ["next", "complete"]
        assert seen * 100_000 < 20_000_000  # the kernel's own buffers, and one frame
        slow.raw.transport.abort()
    await server.engine.until_closed("flood")


async def test_a_server_going_down_closes_with_1012_once_mutations_have_answered(server: Server) -> None:
    async with server.socket() as busy, server.socket() as idle, server.socket(token=None) as unknown:
        await busy.subscribe("mutation { addSlowly(number: 4) }")
        await idle.say(started())
        await idle.hear()
        await server.engine.entered.wait()
        closing = asyncio.create_task(server.lines.close_all())
        assert await idle.closed() == (1012, "Service restart")
        assert await unknown.closed() == (1012, "Service restart")
        assert not closing.done()
        server.engine.gate.set()
        assert (await busy.hear())["payload"] == {"data": {"addSlowly": 4}}
        assert await busy.hear() == {"id": "1", "type": "complete"}
        assert await busy.closed() == (1012, "Service restart")
        await closing
    await server.engine.until_closed("forever")


async def test_an_operation_that_takes_too_long_does_not_hold_up_the_restart(server: Server) -> None:
    async with server.socket() as busy:
        await busy.subscribe("mutation { addSlowly(number: 4) }")
        await server.engine.entered.wait()
        await server.lines.close_all(within=0.05)
        assert await busy.closed() == (1012, "Service restart")


async def test_what_is_asked_while_the_server_goes_down_is_left_to_the_next_one(server: Server) -> None:
    async with server.socket() as busy:
        await busy.subscribe("mutation { addSlowly(number: 4) }")
        await server.engine.entered.wait()
        closing = asyncio.create_task(server.lines.close_all())
        await asyncio.sleep(0)
        await busy.subscribe("mutation { add(number: 100) }", "2")
        await busy.say({"type": "ping"})
        assert await busy.hear() == {"type": "pong"}
        server.engine.gate.set()
        await closing
    assert server.engine.total == 4
