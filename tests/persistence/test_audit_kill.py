"""Every answered read has exactly one entry, numbered once, through kill -9."""

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from persistence import verifying
from server.settings import Settings
from server.wiring import house
from tests.house import Account

pytestmark = pytest.mark.anyio
CHILD = """
import asyncio, json, sys
from gql.exchange import Caller, Request
from server.settings import Settings
from server.wiring import house

async def main():
    settings = Settings.model_validate_json(sys.argv[1])
    async with house(settings) as stands:
        async def work(name):
            for number in range(100_000):
                operation = f"Op{name}x{number}"
                reply = await stands.api.execute(
                    Request("query " + operation + " { viewer { patient { fullName } } }"), Caller(token=sys.argv[2])
                )
                if b"errors" not in reply.body:
                    sys.stdout.write(operation + "\\n")
                    sys.stdout.flush()
        await asyncio.gather(*(work(sys.argv[3] + str(n)) for n in range(8)))
asyncio.run(main())
"""


async def killed(settings: Settings, token: str, name: str, answers: int) -> list[str]:
    """Let a process of its own answer reads until it is killed in the midst; return what it answered."""
    given = settings.model_dump(mode="json") | {"master_keys": settings.master_keys.get_secret_value()}  # type: ignore[union-attr]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, json.dumps(given), token, name, stdout=asyncio.subprocess.PIPE, cwd=Path.cwd()
    )
    assert child.stdout is not None
    answered = [(await child.stdout.readline()).decode().strip() for _ in range(answers)]
    child.send_signal(signal.SIGKILL)
    rest = (await child.stdout.read()).decode().split("\n")[:-1]
    await child.wait()
    return answered + rest


async def test_each_answer_has_one_entry_through_kill_9(account: Account) -> None:
    token = await account.token("anna")
    await account.house.ledger.stop()
    answered: list[str] = []
    for round_ in ("a", "b"):
        answered += await killed(account.settings, token, round_, 300)
    async with house(account.settings) as again:
        await again.ledger.settle()
        async with account.store.snapshot() as snapshot:
            from persistence import whole
            from persistence.audit import AuditBody, AuditRow

            told = Counter[str]()
            for record in await snapshot.all(whole._of_patient(AuditRow), patient_id=account.world.ids["anna"]):
                told[(await snapshot.opened(AuditRow, AuditBody, record)).operation] += 1
            assert len(answered) >= 600
            assert [operation for operation in answered if told[operation] != 1] == []
            assert max(told.values()) == 1
            found = await verifying.verify(snapshot)
            assert (found.faults, found.size) == ([], sum(told.values()))
