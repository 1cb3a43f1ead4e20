"""Checkpoints as an operator gets and keeps them, and the log's own check from the command line."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.checkpoints import publisher
from subscriptions.ledger import LedgerKeeper
from tests.house import Account

pytestmark = pytest.mark.anyio


async def command(account: Account, *arguments: str, **more: str) -> tuple[int, str, str]:
    settings = account.settings
    environment: Mapping[str, str] = {
        **os.environ,
        "MEDKABINET_DATABASE_URL": settings.database_url,
        "MEDKABINET_KEYS_URL": settings.wrapped_keys_url,
        "MEDKABINET_MASTER_KEYS": settings.master_keys.get_secret_value() if settings.master_keys else "",
        **more,
    }
    done = await anyio.run_process([sys.executable, "-m", "server", *arguments], env=environment, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


async def test_a_checkpoint_is_printed_and_the_log_is_checked_against_it(account: Account, tmp_path: Path) -> None:
    await account.run("{ viewer { patient { fullName } } }")
    code, note, key = await command(account, "checkpoint")
    assert (code, note.splitlines()[:2]) == (0, ["medkabinet/audit", "1"])
    kept = tmp_path / "kept.txt"
    kept.write_text(note)
    code, said, _ = await command(account, "verify-log", str(kept))
    assert (code, said.startswith("1 entries, root ")) == (0, True)
    assert key.strip() in said
    async with account.store.driver.write() as connection:
        await connection.execute("update audit_entry set outcome = 'REFUSED'", ())
    code, said, _ = await command(account, "verify-log", str(kept))
    assert (code, said.splitlines()[1]) == (1, "entry 0 was changed")


async def test_a_checkpoint_that_others_have_signed_is_not_believed(account: Account, tmp_path: Path) -> None:
    await account.run("{ viewer { patient { fullName } } }")
    _, note, _ = await command(account, "checkpoint")
    kept = tmp_path / "kept.txt"
    kept.write_text(note.replace("\n1\n", "\n2\n"))
    code, _, said = await command(account, "verify-log", str(kept))
    assert (code, said) == (1, "medkabinet: the note's signature is wrong\n")


async def test_checkpoints_are_appended_to_a_file_once_each(account: Account, tmp_path: Path) -> None:
    await account.house.ledger.stop()
    file = tmp_path / "kept.txt"
    keeper = LedgerKeeper(account.app, publisher(str(file)))
    for _ in range(2):
        await account.run("{ viewer { patient { fullName } } }")
        await keeper.settle()
        await keeper.checkpoint()
        await keeper._published()
        await keeper._published()
    sizes = [line for line in file.read_text().splitlines() if line.isdecimal()]
    assert sizes == ["1", "2"]


async def test_a_place_out_of_reach_is_tried_again(account: Account) -> None:
    await account.house.ledger.stop()
    kept: list[str] = []

    async def publish(note: str) -> None:
        kept.append(note)
        if len(kept) == 1:
            raise OSError

    keeper = LedgerKeeper(account.app, publish)
    await account.run("{ viewer { patient { fullName } } }")
    await keeper.settle()
    await keeper.checkpoint()
    for _ in range(3):
        await keeper._published()
    assert len(kept) == 2
    assert kept[0] == kept[1]


async def test_checkpoints_are_sent_to_an_address() -> None:
    import asyncio
    import socket
    from contextlib import nullcontext

    import uvicorn

    taken: list[str] = []

    async def take(request: Request) -> Response:
        taken.append((await request.body()).decode())
        return Response()

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config: Any = uvicorn.Config(Starlette(routes=[Route("/", take, methods=["POST"])]), log_config=None)
        server = uvicorn.Server(config)
        server.capture_signals = nullcontext  # type: ignore[method-assign]  # the signals are pytest's
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn sets a flag, no event
            await asyncio.sleep(0.01)
        publish = publisher(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        assert publish is not None
        await publish("a note\n")
        server.should_exit = True
        await running
    assert taken == ["a note\n"]


def test_checkpoints_are_sent_by_https_only() -> None:
    with pytest.raises(ValueError, match="https"):
        publisher("http://witness.example/")
