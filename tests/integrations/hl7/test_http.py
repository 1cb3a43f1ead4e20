"""HL7 v2 over HTTP, on a real socket."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette

from integrations.hl7.http import routes
from integrations.hl7.intake import MOST_BYTES
from tests.house import Account
from tests.integrations.hl7.wire import oru, told

pytestmark = pytest.mark.anyio
HL7 = "application/hl7-v2"


@asynccontextmanager
async def serving(account: Account) -> AsyncGenerator[httpx2.AsyncClient]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(Starlette(routes=routes(account.app)), log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            base = f"http://127.0.0.1:{listening.getsockname()[1]}"
            async with httpx2.AsyncClient(base_url=base, trust_env=False) as client:
                yield client
        finally:
            server.should_exit = True
            await task


async def post(account, client, content=None, who="lab", kind=HL7, **headers):
    bearer = {"Authorization": f"Bearer {await account.token(who)}"} if who else {}
    given = {"Content-Type": kind, **bearer, **headers}
    return await client.post("/hl7", content=oru() if content is None else content, headers=given)


@pytest.mark.parametrize("kind", [HL7, "x-application/hl7-v2+er7", "application/hl7-v2+er7; charset=utf-8"])
async def test_a_message_is_answered_in_kind(account, kind):
    async with serving(account) as client:
        answer = await post(account, client, kind=kind)
    assert (answer.status_code, told(answer.content)) == (200, ("AA", "C1"))
    assert answer.headers["content-type"] == kind.split(";")[0]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_repeat_by_http_gets_the_same_bytes(account):
    async with serving(account) as client:
        first, second = [(await post(account, client)).content for _ in range(2)]
    assert first == second


async def test_what_is_not_applied_is_still_200_with_its_reason(account):
    async with serving(account) as client:
        answer = await post(account, client, b"nonsense")
    assert (answer.status_code, told(answer.content)) == (200, ("AR", "", "NOT_HL7"))


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
async def test_another_type_is_refused(account, kind):
    async with serving(account) as client:
        answer = await post(account, client, kind=kind)
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_nobody_and_who_may_not(account):
    async with serving(account) as client:
        nobody = await post(account, client, who=None)
        forged = await post(account, client, who=None, Authorization="Bearer nonsense")
        basic = await post(account, client, who=None, Authorization=f"Basic {await account.token('lab')}")
        patient = await post(account, client, who="anna")
    for answer in (nobody, forged, basic):
        assert (answer.status_code, code(answer)) == (401, "NOT_SIGNED_IN")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert (patient.status_code, code(patient)) == (403, "FORBIDDEN")
    assert {answer.headers["cache-control"] for answer in (nobody, patient)} == {"no-store"}


async def test_too_long_a_message_is_refused(account):
    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(MOST_BYTES // 65536 + 2):
            yield b"x" * 65536

    async with serving(account) as client:
        announced = await post(account, client, b"x" * (MOST_BYTES + 1))
        assert (announced.status_code, code(announced)) == (413, "TOO_LARGE")
        streamed = await post(account, client, chunks())
        assert (streamed.status_code, code(streamed)) == (413, "TOO_LARGE")


async def test_only_post(account):
    async with serving(account) as client:
        assert (await client.get("/hl7")).status_code == 405


def code(answer: httpx2.Response) -> str:
    return answer.json()["errors"][0]["extensions"]["code"]
