"""Queues in numbers: what waits, for how long, with whom."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from actions import registry
from domain.accounts import Role
from gql.planning.ids import NodeId
from persistence.requests import QueuedRequestRow
from persistence.statements import Statement
from tests.actions.test_requests import move, submit
from tests.house import Account

pytestmark = pytest.mark.anyio
SUMMARY = """{ requestQueueSummary { open overdue ofDay ofWeek older byKind { kind open overdue }
  byReviewer { name open overdue } answered medianSeconds ninetiethSeconds } }"""
NONE = {"answered": 0, "medianSeconds": None, "ninetiethSeconds": None}
_QUEUED = QueuedRequestRow.__table__  # type: ignore[attr-defined]


async def test_open_requests_are_counted_by_kind_age_and_reviewer(account: Account) -> None:
    requests = [await submit(account) for _ in range(4)]
    assert await move(account, "takeRequest", requests[0]) == []
    assert await move(account, "withdrawRequest", requests[1]) == []
    async with account.store.begin() as tx:
        await tx.execute(
            Statement(
                update(_QUEUED).where(_QUEUED.c.assignee_id.is_not(None)).values(submitted_at=tx.now, due_at=tx.now)
            )
        )
    told = (await account.run(SUMMARY, "reviewer"))["requestQueueSummary"]
    assert (told["open"], told["overdue"], told["ofDay"], told["ofWeek"], told["older"]) == (3, 1, 3, 0, 0)
    assert told["byKind"] == [{"kind": "REFERRAL", "open": 3, "overdue": 1}]
    assert told["byReviewer"] == [
        {"name": None, "open": 2, "overdue": 0},
        {"name": "Account of reviewer", "open": 1, "overdue": 1},
    ]
    assert told["answered"] == 1


async def test_response_times_are_the_median_and_the_ninetieth(account: Account) -> None:
    requests = [await submit(account) for _ in range(10)]
    for number, request in enumerate(requests, 1):
        assert await move(account, "takeRequest", request) == []
        async with account.store.begin() as tx:
            row = _QUEUED.c.id == NodeId.parse(request).key[1]
            times = {"submitted_at": tx.now - timedelta(hours=number), "answered_at": tx.now}
            await tx.execute(Statement(update(_QUEUED).where(row).values(**times)))
    told = (await account.run(SUMMARY, "reviewer"))["requestQueueSummary"]
    assert (told["answered"], told["medianSeconds"], told["ninetiethSeconds"]) == (10, 5 * 3600.0, 9 * 3600.0)


async def test_another_clinics_reviewer_counts_nothing_of_it(account: Account) -> None:
    await submit(account)
    told = (await account.run(SUMMARY, "other_reviewer"))["requestQueueSummary"]
    assert (told["open"], told["byKind"], told["byReviewer"]) == (0, [], [])
    assert {name: told[name] for name in NONE} == NONE


async def test_a_reviewer_of_two_clinics_sees_both_queues_in_one_order(account: Account) -> None:
    document = "{ requestQueue { nodes { id } } }"
    here = await submit(account)
    assert [node["id"] for node in (await account.run(document, "reviewer"))["requestQueue"]["nodes"]] == [here]
    assert (await account.run(document, "other_reviewer"))["requestQueue"]["nodes"] == []
    async with account.store.begin() as tx:
        world = account.world
        await registry.grant_role(tx, world.accounts["other_reviewer"], Role.REVIEWER, world.ids["clinic"])
    seen = (await account.run(document, "other_reviewer"))["requestQueue"]["nodes"]
    assert [node["id"] for node in seen] == [here]
