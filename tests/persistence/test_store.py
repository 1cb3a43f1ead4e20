"""The store: whole transactions or none, ids that nobody else has, a writer for everybody in turn."""

import asyncio
import multiprocessing
from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import func, select

from persistence.accounts import SignInNameRow
from persistence.drivers.sqlite import READERS
from persistence.ids import COUNTERS
from persistence.practitioners import SpecialtyRow
from persistence.statements import Statement
from persistence.store import Store
from server.settings import Settings
from server.wiring import opened

pytestmark = pytest.mark.anyio

COUNT = Statement(select(func.count()).select_from(SpecialtyRow))
NAMES = Statement(select(func.count()).select_from(SignInNameRow))
COUNTER = Statement(select(COUNTERS.c.value).where(COUNTERS.c.name == "ids"))


@pytest.fixture
async def store(settings: Settings) -> AsyncGenerator[Store]:
    async with opened(settings) as made:
        yield made


async def test_an_exception_rolls_back(store: Store):
    with pytest.raises(RuntimeError, match="on purpose"):
        await _breaks(store)
    assert await _count(store) == 0
    async with store.begin() as tx:
        await _add(tx)
    assert await _count(store) == 1


async def test_a_cancelled_transaction_rolls_back_and_the_next_goes_on(store: Store):
    inside, wait = asyncio.Event(), asyncio.Event()

    async def writer() -> None:
        async with store.begin() as tx:
            await _add(tx)
            inside.set()
            await wait.wait()

    task = asyncio.create_task(writer())
    await inside.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    async with store.begin() as tx:
        await _add(tx)
    assert await _count(store) == 1


async def test_cancelled_anywhere_nothing_is_half_done_or_held(store: Store):
    written = 0

    async def writer() -> None:
        nonlocal written
        async with store.begin() as tx:
            await _add(tx)
            await _add(tx)
        written += 1

    for turns in range(60):
        task = asyncio.create_task(writer())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    found = await _count(store)
    assert found % 2 == 0
    assert found >= 2 * written
    async with asyncio.timeout(5), store.begin() as tx:
        await _add(tx)


async def test_readers_cancelled_twice_are_not_lost(store: Store):
    """A scope that is cancelled cancels again at each turn: the reader must come back all the same."""

    async def reader() -> None:
        async with store.snapshot() as snapshot:
            await snapshot.value(COUNT)
            await asyncio.Event().wait()

    for _ in range(3 * READERS):
        task = asyncio.create_task(reader())
        await asyncio.sleep(0.01)
        for _ in range(4):
            task.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5):
        assert await _count(store) == 0


async def test_ids_are_unique_under_concurrency(store: Store):
    async def some() -> list[int]:
        async with store.begin() as tx:
            taken = []
            for _ in range(100):
                taken.append(tx.new_id())
                await asyncio.sleep(0)
            return taken

    taken = [number for numbers in await asyncio.gather(*(some() for _ in range(12))) for number in numbers]
    assert len(taken) == len(set(taken)) == 1200


async def test_ids_whose_reservation_was_rolled_back_are_not_given_out(store: Store, monkeypatch: pytest.MonkeyPatch):
    reserve = store._ids.reserve

    async def broken(*given: object) -> tuple[int, int]:
        await reserve(*given)  # type: ignore[arg-type]
        raise OSError("disk full")

    monkeypatch.setattr(store._ids, "reserve", broken)
    with pytest.raises(OSError, match="disk full"):
        async with store.begin():
            pass
    assert store._ids.left == 0
    monkeypatch.undo()
    async with store.begin() as tx:
        first = tx.new_id()
    async with store.snapshot() as snapshot:
        assert first < await snapshot.value(COUNTER)


async def test_a_transaction_may_be_as_large_as_wanted(store: Store):
    async with store.begin(ids=12_000) as tx:
        for number in range(12_000):
            await tx.insert(SpecialtyRow(id=tx.new_id(), code=str(number), title="", title_en=""))
    async with store.snapshot() as snapshot:
        assert await snapshot.value(COUNT) == 12_000


async def test_two_processes_share_a_database(settings: Settings):
    context = multiprocessing.get_context("spawn")
    given = [(settings.database_url, settings.keys_url, settings.master_keys.get_secret_value())] * 2
    with context.Pool(2) as pool:
        taken = await asyncio.to_thread(pool.map, _write_in_process, given)
    ids = [number for numbers in taken for number in numbers]
    assert len(ids) == len(set(ids)) == 200
    async with opened(settings) as store:
        assert await _count(store) == 200


async def test_writers_are_served_in_turn(store: Store):
    """Nobody waits behind someone who came later."""
    order: list[int] = []

    async def writer(number: int) -> None:
        async with store.driver.write() as connection:
            order.append(number)
            await connection.fetch("select 1", ())

    if store.driver.dialect == "postgresql":
        pytest.skip("PostgreSQL's writers don't wait for each other")
    async with store.driver.write():
        tasks = []
        for number in range(20):
            tasks.append(asyncio.create_task(writer(number)))
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == list(range(20))


async def test_a_snapshot_sees_one_moment(store: Store):
    async with store.snapshot() as snapshot:
        assert await snapshot.value(COUNT) == 0
        async with store.begin() as tx:
            await _add(tx)
        assert await snapshot.value(COUNT) == 0
        assert await snapshot.value(NAMES) == 0
    assert await _count(store) == 1


async def _add(tx: object) -> int:
    number = tx.new_id()  # type: ignore[attr-defined]
    await tx.insert(SpecialtyRow(id=number, code=str(number), title="", title_en=""))  # type: ignore[attr-defined]
    return int(number)


async def _breaks(store: Store) -> None:
    async with store.begin() as tx:
        await _add(tx)
        raise RuntimeError("on purpose")


async def _count(store: Store) -> int:
    async with store.snapshot() as snapshot:
        return int(await snapshot.value(COUNT))


def _write_in_process(given: tuple[str, str | None, str]) -> list[int]:
    """Write from a process of one's own."""
    url, keys, master = given

    async def run() -> list[int]:
        async with opened(Settings(database_url=url, keys_url=keys, master_keys=master)) as store:
            taken = []
            for _ in range(100):
                async with store.begin() as tx:
                    taken.append(await _add(tx))
            return taken

    return asyncio.run(run())
