"""Watching: alerts come from the log, live; an account is locked and let in again."""

import asyncio

import pytest

from domain.watch import AlertKind
from subscriptions.ledger import LedgerKeeper
from tests.house import Account

pytestmark = pytest.mark.anyio
ALERTS = """{ securityAlerts { nodes { id kind state count accountId actor { name } entry { action outcome } address
  comment closedBy { name } } } }"""
LOCK = "mutation($i: AccountLockInput!) { lockAccount(input: $i) { lock { reason actor { name } } errors { code } } }"
UNLOCK = (
    "mutation($i: AccountLockInput!) { unlockAccount(input: $i) { lock { reason liftedBecause } errors { code } } }"
)
CLOSE = "mutation($i: CloseAlertInput!) { closeAlert(input: $i) { alert { state comment } errors { code } } }"


async def refused(account: Account, times: int, who: str = "boris") -> None:
    for _ in range(times):
        await account.ask("query($i: ID!) { node(id: $i) { id } }", who, i=account.world.patient("anna"))


async def alerts(account: Account, who: str = "security") -> list[dict]:
    await account.house.ledger.settle()
    return (await account.run(ALERTS, who))["securityAlerts"]["nodes"]


async def events(account: Account) -> list[str]:
    async with account.store.driver.read() as connection:
        return [row[0] for row in await connection.fetch("select kind from event order by id", ())]


async def test_repeated_refusals_raise_one_alert_and_tell_those_who_watch(account: Account) -> None:
    await refused(account, 20)
    (alert,) = await alerts(account)
    assert {name: alert[name] for name in ("kind", "state", "count", "actor", "entry", "address")} == {
        "kind": "REPEATED_REFUSALS",
        "state": "OPEN",
        "count": 15,
        "actor": {"name": "Account of boris"},
        "entry": {"action": "record:read", "outcome": "REFUSED"},
        "address": "",
    }
    assert (await events(account)).count("SECURITY_ALERT") == 1


async def test_a_restart_forgets_nothing_and_raises_nothing_twice(account: Account) -> None:
    await refused(account, 10)
    await account.house.ledger.settle()
    await account.house.ledger.stop()
    after = LedgerKeeper(account.app)
    await refused(account, 5)
    await after.settle()
    assert len(await alerts(account)) == 1, "the ten before the restart count"
    await refused(account, 5)
    await LedgerKeeper(account.app).settle()
    assert len(await alerts(account)) == 1, "what was raised before the restart isn't raised again"


async def test_an_alert_about_staff_is_for_their_own_organization(account: Account) -> None:
    await refused(account, 15, "other_doctor")
    assert await alerts(account, "security") == []
    assert [alert["kind"] for alert in await alerts(account, "other_admin")] == [AlertKind.REPEATED_REFUSALS]


async def test_an_alert_is_closed_with_what_was_found(account: Account) -> None:
    await refused(account, 15)
    (alert,) = await alerts(account)
    closing = {"alertId": alert["id"], "comment": "a student"}
    done = await account.run(CLOSE, "security", i=closing)
    assert done["closeAlert"] == {"alert": {"state": "CLOSED", "comment": "a student"}, "errors": []}
    again = await account.run(CLOSE, "security", i=closing)
    assert again["closeAlert"] == {"alert": None, "errors": [{"code": "ILLEGAL_TRANSITION"}]}


async def test_a_locked_account_is_out_at_once_and_comes_in_again_anew(account: Account) -> None:
    await refused(account, 15)
    (alert,) = await alerts(account)
    given = {"accountId": alert["accountId"], "reason": "looks stolen"}
    done = await account.run(LOCK, "security", i=given)
    assert done["lockAccount"] == {
        "lock": {"reason": "looks stolen", "actor": {"name": "Account of boris"}},
        "errors": [],
    }
    assert (await account.run("{ viewer { name } }", "boris"))["viewer"] is None
    again = await account.run(LOCK, "security", i=given)
    assert again["lockAccount"]["errors"] == [{"code": "ILLEGAL_TRANSITION"}]
    freed = await account.run(UNLOCK, "security", i={**given, "reason": "it was him"})
    assert freed["unlockAccount"] == {"lock": {"reason": "looks stolen", "liftedBecause": "it was him"}, "errors": []}
    assert (await account.run("{ viewer { name } }", "boris"))["viewer"] is None, "the old session stays ended"
    del account._tokens["boris"]
    assert (await account.run("{ viewer { name } }", "boris"))["viewer"] == {"name": "Account of boris"}


async def test_a_lock_ends_open_streams(account: Account) -> None:
    from gql.exchange import Request, StreamEnded

    document = "subscription { appointmentChanged { cursor } }"
    stream = await account.api.subscribe(Request(document), await account.caller("boris"))
    waiting = asyncio.ensure_future(anext(stream))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await refused(account, 15)
    (alert,) = await alerts(account)
    await account.run(LOCK, "security", i={"accountId": alert["accountId"], "reason": "looks stolen"})
    with pytest.raises(StreamEnded):
        async with asyncio.timeout(5):
            await waiting


@pytest.mark.parametrize("whom", ["security", "other_doctor"])
async def test_nobody_locks_himself_or_anothers_staff(account: Account, whom: str) -> None:
    from gql.planning.ids import NodeId

    target = NodeId("Account", (account.world.accounts[whom],)).text()
    answer = await account.ask(LOCK, "security", i={"accountId": target, "reason": "?"})
    errors = answer.get("errors") or answer["data"]["lockAccount"]["errors"]
    assert [e.get("code") or e["extensions"]["code"] for e in errors] == [
        "FORBIDDEN" if whom == "security" else "NOT_FOUND"
    ]
    async with account.store.driver.read() as connection:
        assert await connection.fetch("select id from account_lock", ()) in ([], ())
    assert (await account.run("{ viewer { name } }", whom))["viewer"] == {"name": f"Account of {whom}"}
