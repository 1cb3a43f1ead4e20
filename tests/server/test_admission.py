"""More than the server can take: some are served as on any day, the others told at once to come again."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
import pytest

from gql.exchange import Caller, Reply, Request
from server.admission import Admitted
from server.settings import Settings
from tests.gql.transport.engine import SmallEngine
from tests.people import populate
from tests.serving import Clock, served

pytestmark = pytest.mark.anyio
SLOW = Request("mutation { addSlowly(number: 1) }")
HELLO = Request("{ hello }")
GRAPHQL = {"accept": "application/graphql-response+json"}


@asynccontextmanager
async def full(most: int) -> AsyncGenerator[tuple[SmallEngine, Admitted]]:
    """An engine with as many operations running as it takes."""
    engine = SmallEngine()
    admitted = Admitted(engine, most)
    running = [asyncio.create_task(admitted.execute(SLOW, Caller())) for _ in range(most)]
    await engine.entered.wait()
    await asyncio.sleep(0)
    yield engine, admitted
    engine.gate.set()
    replies = await asyncio.gather(*running)
    assert [json.loads(reply.body)["data"] for reply in replies] == [
        {"addSlowly": number} for number in range(1, most + 1)
    ]


async def test_one_too_many_is_refused_at_once_and_nothing_of_it_runs() -> None:
    async with full(3) as (engine, admitted):
        asked = len(engine.requests)
        reply = await admitted.execute(HELLO, Caller(language="en"))
        assert (reply.status, reply.retry_after, reply.executed) == (503, 1, False)
        assert json.loads(reply.body)["errors"][0]["extensions"] == {"code": "OVERLOADED"}
        assert len(engine.requests) == asked


async def test_streams_are_not_counted() -> None:
    async with full(1) as (_, admitted):
        stream = await admitted.subscribe(Request("subscription { count(to: 1) }"), Caller())
        assert not isinstance(stream, Reply)
        assert [json.loads(body) async for body in stream] == [{"data": {"count": 1}}]


async def test_a_place_is_free_again_after_an_answer_and_after_a_failure() -> None:
    async with full(1) as (engine, admitted):
        engine.gate.set()
        await engine.added.wait()
        await asyncio.sleep(0)
        assert (await admitted.execute(HELLO, Caller())).status is None
        engine.raises = ValueError()
        with pytest.raises(ValueError):  # noqa: PT011
            await admitted.execute(HELLO, Caller())
        engine.raises = None
        assert (await admitted.execute(HELLO, Caller())).status is None


async def test_a_crowd_is_served_or_told_when_to_come_again(settings: Settings) -> None:
    async def doors(stands: object) -> list[object]:
        await populate(stands.app.store, stands.app.passwords)  # type: ignore[attr-defined]
        return []

    crowded = settings.model_copy(update={"operations_at_once": 4})
    async with served(crowded, Clock(), doors) as url, httpx2.AsyncClient(base_url=url, timeout=20) as http:  # type: ignore[arg-type]
        sign_in = (
            'mutation { signIn(input: {login: "anna@example.org", password: "x", code: "000000"}) { errors { code } } }'
        )

        async def one(query: str) -> httpx2.Response:
            return await http.post("/graphql", json={"query": query}, headers=GRAPHQL)

        answers = await asyncio.gather(*(one(sign_in) for _ in range(60)))
        told = Counter(answer.status_code for answer in answers)
        assert set(told) == {200, 503}
        refused = [answer for answer in answers if answer.status_code == 503]
        assert {answer.headers["retry-after"] for answer in refused} == {"1"}
        assert {answer.json()["errors"][0]["extensions"]["code"] for answer in refused} == {"OVERLOADED"}
        assert (await one("{ asOf }")).status_code == 200
