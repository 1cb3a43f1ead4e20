"""The benchmark keeps working: ours and the limit answer alike, are measured, and the run is told."""

import uuid
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from bench import databases, equal, fill, operations, people, report, servers
from bench.rounds import Pace, Rounds, medians
from bench.servers import OURS, RAW, Server
from bench.sizes import SIZES, Size

pytestmark = pytest.mark.anyio
QUICK = Pace(rounds=1, seconds=0.3, warm_up=0.1, node_warm_up=0.1, connections=4)


@pytest.fixture(scope="module")
async def size(request: pytest.FixtureRequest) -> AsyncGenerator[Size]:
    server = request.config.getoption("--postgres")
    if server is None:
        pytest.skip("the benchmark runs on PostgreSQL")
    own = SIZES["tiny"]._replace(name=uuid.uuid4().hex[:8])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(databases, "SERVER", server.rstrip("/"))
        await fill.ensure(own)
        await databases.refresh(own)
        try:
            yield own
        finally:
            await databases.drop(own)


@pytest.fixture(scope="module")
async def running(size: Size) -> AsyncGenerator[list[Server]]:
    async with servers.started([OURS, RAW], size) as both:
        yield both


async def test_both_answer_alike_and_are_measured(running: list[Server], size: Size, tmp_path: Path) -> None:
    assert equal.check(running, size) == 31
    results = await Rounds(running, size, QUICK, lambda _: None).run(list(operations.NAMES))
    for operation in operations.NAMES:
        for kind in (OURS, RAW):
            measured = medians(results[operation][kind.name])
            assert measured.answered > 0, (operation, kind.name)
            assert measured.failed == 0, (operation, kind.name)
            assert measured.rss_mb > 10
    run = report.told(results, size, QUICK, datetime(2026, 11, 23, tzinfo=UTC))
    report.keep(run, tmp_path / "run.json", tmp_path / "run.svg")
    assert report.read(tmp_path / "run.json") == run
    assert "Medkabinet" in (tmp_path / "run.svg").read_text()


async def test_a_different_answer_is_told(running: list[Server], size: Size) -> None:
    async with databases.connected(databases.url(size, "peers")) as peers:
        await peers.execute("update policy set number = number || '0'")
        with pytest.raises(equal.Different, match="dash of patient 0"):
            equal.check(running, size)
        await peers.execute("update policy set number = left(number, -1)")


async def test_nothing_of_a_person_is_in_the_clear_in_our_database(size: Size) -> None:
    person = people.person(size, people.doctors(size), 0)
    async with databases.connected(databases.url(size)) as ours:
        bodies = await ours.fetch("select body from patient union all select body from observation")
    assert len(bodies) == 40 + 40 * 45 + 10 * (500 - 5)
    for secret in (person.family, person.phone, person.address, "mmol/L"):
        assert not any(secret.encode() in row["body"] for row in bodies)


def test_equal_seeds_make_equal_people() -> None:
    tiny = SIZES["tiny"]
    doctors = people.doctors(tiny)
    assert people.person(tiny, doctors, 7) == people.person(tiny, doctors, 7)
    assert people.person(tiny, doctors, 7) != people.person(tiny, doctors, 7, seed=1)


def test_ids_and_the_zone_of_a_moment_make_no_difference() -> None:
    one = {"id": "a", "startsAt": "2036-01-07T06:00:00Z", "nodes": [{"id": 1, "value": "6.10"}]}
    other = {"id": "b", "startsAt": "2036-01-07T09:00:00.000+03:00", "nodes": [{"id": 2, "value": "6.10"}]}
    assert equal.plain(one) == equal.plain(other)
    assert equal.plain(one) != equal.plain(msgspec.json.decode(msgspec.json.encode(one).replace(b"6.10", b"6.1")))
