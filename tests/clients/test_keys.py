"""Keys through a kill: what was sent again under its key happened once."""

import asyncio
import uuid
from typing import Any

import pytest

from medkabinet_client import Medkabinet
from server.settings import Settings
from tests.clients.followers import WAITS
from tests.clients.service import service

pytestmark = pytest.mark.anyio
SUBMIT = """mutation($p: ID!, $o: ID!, $t: String!) {
  submitRequest(input: {patientId: $p, organizationId: $o, kind: REFERRAL, text: $t}) { request { id } errors { code } } }"""


async def test_what_is_repeated_by_its_key_after_a_kill_happens_once(settings: Settings) -> None:
    async with (
        service(settings, "anna") as running,
        Medkabinet(running.url, lambda: running.tokens["anna"], WAITS) as anna,
    ):
        given = {"p": running.world.patient("anna"), "o": running.world.node("Organization", "clinic")}
        keys = [uuid.uuid4().hex for _ in range(40)]

        async def submitted(key: str) -> Any:
            return (await anna.ask(SUBMIT, {**given, "t": key}, key=key))["data"]["submitRequest"]

        async def killed() -> None:
            await asyncio.sleep(0.05)
            await running.kill()
            await running.start()

        *first, _ = await asyncio.gather(*(submitted(key) for key in keys), killed())
        again = await asyncio.gather(*(submitted(key) for key in keys))
        assert again == first
        assert {tuple(answer["errors"]) for answer in first} == {()}
        assert len({answer["request"]["id"] for answer in first}) == 40
        assert len(await running.log("REQUEST_STATUS_CHANGED", "anna")) == 40
