import os
import secrets
from asyncio import gather
from datetime import UTC, datetime, timedelta

import pytest
from redis.exceptions import ConnectionError as RedisAway

from security.limits import Allowance, Attempts
from security.tallies import MemoryTallies, RedisTallies, Tally, tallies_at

pytestmark = pytest.mark.anyio
REDIS = "redis://127.0.0.1:6379"


class Clock:
    def __init__(self):
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self):
        return self.now

    def later(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def who():
    return "test-" + secrets.token_hex(8)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["memory://", REDIS])
async def tallies(request, who):
    made = tallies_at(request.param)
    try:
        await made.read(who)
    except RedisAway:
        await made.close()
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no Redis at {REDIS}")
    yield made
    if isinstance(made, RedisTallies):
        await made._redis.delete(made.PREFIX + who)
    await made.close()


@pytest.fixture
def attempts(tallies, clock):
    return Attempts(tallies, clock)


async def fail(attempts, who):
    wait = await attempts.wait_seconds(who)
    if not wait:
        await attempts.failed(who)
    return wait


async def test_five_failures_are_free_then_each_waits_longer_up_to_a_quarter_of_an_hour(attempts, who, clock):
    waits = [await fail(attempts, who) for _ in range(5)]
    for _ in range(7):
        waits.append(await attempts.wait_seconds(who))
        clock.later(waits[-1])
        assert await fail(attempts, who) == 0
    assert waits == [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900]


async def test_waiting_counts_down_and_costs_nothing(attempts, who, clock):
    for _ in range(5):
        await fail(attempts, who)
    clock.later(10)
    assert [await attempts.wait_seconds(who) for _ in range(3)] == [20, 20, 20]
    clock.later(20)
    assert await attempts.wait_seconds(who) == 0


async def test_the_delay_runs_from_the_failure_not_from_its_beginning(attempts, who, clock):
    for _ in range(4):
        await fail(attempts, who)
    await attempts.wait_seconds(who)
    clock.later(7)
    await attempts.failed(who)
    assert await attempts.wait_seconds(who) == 30


async def test_a_success_ends_the_row(attempts, who):
    for _ in range(4):
        await fail(attempts, who)
    assert await attempts.wait_seconds(who) == 0
    await attempts.succeeded(who)
    assert [await fail(attempts, who) for _ in range(6)] == [0, 0, 0, 0, 0, 30]


async def test_a_success_leaves_nothing_behind_when_there_were_no_failures(attempts, tallies, who):
    for _ in range(3):
        assert await attempts.wait_seconds(who) == 0
        await attempts.succeeded(who)
    assert await tallies.read(who) == Tally()


async def test_in_no_24_hours_are_there_more_than_a_hundred_failures_whatever_succeeds_between(attempts, who, clock):
    allowed = 0
    for _ in range(60):
        for _ in range(4):
            allowed += await fail(attempts, who) == 0
        if await attempts.wait_seconds(who) == 0:
            await attempts.succeeded(who)
        clock.later(60)
    assert allowed == 100
    assert await attempts.wait_seconds(who) == 24 * 60 * 60 - 60 * 60
    clock.later(23 * 60 * 60)
    assert await attempts.wait_seconds(who) == 0


async def test_of_a_thousand_at_once_five_get_through(attempts, who):
    waits = await gather(*(attempts.wait_seconds(who) for _ in range(1000)))
    assert sorted(waits) == [0] * 5 + [30] * 995


async def test_workers_count_together(tallies, who, clock):
    workers = [Attempts(tallies, clock) for _ in range(3)]
    assert [await fail(workers[turn % 3], who) for turn in range(6)] == [0, 0, 0, 0, 0, 30]


async def test_names_are_counted_apart(attempts, who):
    for _ in range(6):
        await fail(attempts, who)
    assert await attempts.wait_seconds(who + "-other") == 0
    await attempts.succeeded(who + "-other")


async def test_a_verdict_without_an_attempt_changes_nothing(attempts, tallies, who):
    await attempts.failed(who)
    await attempts.succeeded(who)
    assert await tallies.read(who) == Tally()


async def test_a_swap_against_a_changed_tally_changes_nothing(tallies, who):
    assert await tallies.swap(who, Tally(), Tally(1, 5.5, (0.25,)), now=0) is True
    assert await tallies.swap(who, Tally(), Tally(9), now=0) is False
    assert await tallies.read(who) == Tally(1, 5.5, (0.25,))


async def test_another_allowance_may_be_given(tallies, who, clock):
    attempts = Attempts(tallies, clock, Allowance(free=1, first_delay=5, longest_delay=7))
    assert [await fail(attempts, who), await attempts.wait_seconds(who)] == [0, 5]


async def test_memory_forgets_after_a_day_and_holds_no_more_than_allowed():
    tallies = MemoryTallies(most=2)
    for at, name in enumerate(("a", "b", "c")):
        await tallies.swap(name, Tally(), Tally(1), now=at)
    assert [await tallies.read(name) for name in "abc"] == [Tally(), Tally(1), Tally(1)]
    await tallies.swap("d", Tally(), Tally(1), now=24 * 60 * 60 + 2)
    assert [await tallies.read(name) for name in "abcd"] == [Tally(), Tally(), Tally(), Tally(1)]


async def test_redis_out_of_reach_lets_nobody_in(clock):
    tallies = tallies_at("redis://127.0.0.1:1")
    with pytest.raises(RedisAway):
        await Attempts(tallies, clock).wait_seconds("anyone")
    await tallies.close()
