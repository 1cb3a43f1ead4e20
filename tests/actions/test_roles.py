"""Roles: given and ended by administrators of the place, at once, and never to oneself or down to nobody."""

from typing import Any

import pytest

from gql.exchange import StreamEnded
from gql.planning.ids import NodeId
from tests.house import Account

pytestmark = pytest.mark.anyio
GRANT = """mutation($i: GrantRoleInput!) { grantRole(input: $i) {
  role { id role since until actor { name } grantedBy { name } } errors { code path } } }"""
END = "mutation($i: EndRoleInput!) { endRole(input: $i) { role { until endedBy { name } } errors { code path } } }"
ROLES = "{ roles { nodes { id role accountId actor { name } organization { name } until } } }"
QUEUE = "{ requestQueue { nodes { __typename } } }"


def named(account: Account, who: str, role: str = "REVIEWER", place: str = "clinic", **more: Any) -> dict[str, Any]:
    whose = NodeId("Account", (account.world.accounts[who],)).text()
    return {"accountId": whose, "role": role, "organizationId": account.world.node("Organization", place), **more}


async def refused(account: Account, document: str, given: dict[str, Any], who: str = "admin") -> list[str]:
    """Return why something is refused; nothing has changed."""
    before = await grants(account)
    answer = await account.ask(document, who, i=given)
    assert await grants(account) == before
    if "errors" in answer:
        return [error["extensions"]["code"] for error in answer["errors"]]
    (payload,) = answer["data"].values()
    return [f"{error['code']} {error['path'][-1]}" for error in payload["errors"]]


async def grants(account: Account) -> list[tuple]:
    async with account.store.driver.read() as connection:
        found = await connection.fetch("select id, account_id, role, until, ended_by from role_grant order by id", ())
    return [tuple(row) for row in found]


async def held(account: Account, who: str, role: str) -> str:
    whose = named(account, who)["accountId"]
    nodes = (await account.run(ROLES, "admin"))["roles"]["nodes"]
    return next(node["id"] for node in nodes if node["accountId"] == whose and node["role"] == role)


async def test_a_role_opens_the_next_field_and_its_end_closes_it(account: Account) -> None:
    assert (await account.run("{ viewer { accountId } }", "boris"))["viewer"] == {
        "accountId": named(account, "boris")["accountId"]
    }
    done = (await account.run(GRANT, "admin", i=named(account, "boris")))["grantRole"]
    assert done["errors"] == []
    assert (done["role"]["actor"], done["role"]["grantedBy"], done["role"]["until"]) == (
        {"name": "Account of boris"},
        {"name": "Account of admin"},
        None,
    )
    assert await refused(account, GRANT, named(account, "boris")) == ["ILLEGAL_TRANSITION role"], "it is held"
    assert (await account.ask(QUEUE, "boris"))["data"]["requestQueue"] == {"nodes": []}
    ended = (await account.run(END, "admin", i={"grantId": done["role"]["id"]}))["endRole"]
    assert ended["errors"] == []
    assert ended["role"]["endedBy"] == {"name": "Account of admin"}
    assert (await account.ask(QUEUE, "boris"))["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    assert await refused(account, END, {"grantId": done["role"]["id"]}) == ["ILLEGAL_TRANSITION grantId"]


async def test_an_ended_role_ends_the_streams_and_security_sees_it_live(account: Account) -> None:
    grant_id = await held(account, "reviewer", "REVIEWER")
    live = "subscription { roleChanged { kind role { role endedBy { name } } } }"
    queue = "subscription { requestQueueChanged { cursor } }"
    async with account.watching(live, "security") as security, account.watching(queue, "reviewer") as reviewer:
        await account.run(END, "admin", i={"grantId": grant_id})
        assert (await security.next())["roleChanged"] == {
            "kind": "ROLE_CHANGED",
            "role": {"role": "REVIEWER", "endedBy": {"name": "Account of admin"}},
        }
        with pytest.raises(StreamEnded) as ended:
            await reviewer.next()
    assert b'"ROLE_CHANGED"' in ended.value.body
    await account.house.ledger.settle()
    log = '{ securityLog(action: "role:end") { nodes { outcome actor { name } } } }'
    (entry,) = (await account.run(log, "security"))["securityLog"]["nodes"]
    assert entry == {"outcome": "DONE", "actor": {"name": "Account of admin"}}


async def test_a_role_has_its_dates(account: Account) -> None:
    later = "2100-01-01T00:00:00+00:00"
    done = await account.run(GRANT, "admin", i=named(account, "boris", since=later))
    assert done["grantRole"]["role"]["since"] == later
    assert (await account.ask(QUEUE, "boris"))["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    ended = await account.run(END, "admin", i={"grantId": done["grantRole"]["role"]["id"]})
    assert ended["endRole"]["role"]["until"] == later, "it never begins"
    past = "2001-01-01T00:00:00Z"
    for field in ("since", "until"):
        assert await refused(account, GRANT, named(account, "anna", **{field: past})) == [f"INVALID_INPUT {field}"]


async def test_who_gets_no_role(account: Account) -> None:
    nobody = NodeId("Account", (5,)).text()
    for given, why in (
        (named(account, "admin"), "FORBIDDEN"),
        (named(account, "boris", place="other_clinic"), "NOT_FOUND organizationId"),
        (named(account, "boris"), "NOT_FOUND accountId"),
        (named(account, "boris", "LABORATORY"), "INVALID_INPUT role"),
        (named(account, "boris", "DOCTOR"), "INVALID_INPUT role"),
    ):
        assert await refused(account, GRANT, given | ({"accountId": nobody} if "accountId" in why else {})) == [why]
    assert await refused(account, GRANT, named(account, "boris"), "security") == ["FORBIDDEN"]
    other = await held(account, "reviewer", "REVIEWER")
    assert await refused(account, END, {"grantId": other}, "other_admin") == ["NOT_FOUND grantId"]
    shown = (await account.run(ROLES, "other_admin"))["roles"]["nodes"]
    assert {node["organization"]["name"] for node in shown} == {"other_clinic of tests"}


async def test_somebody_always_administers(account: Account) -> None:
    own = await held(account, "admin", "ADMINISTRATOR")
    assert await refused(account, END, {"grantId": own}) == ["LAST_ADMINISTRATOR grantId"]
    await account.run(GRANT, "admin", i=named(account, "security", "ADMINISTRATOR"))
    assert (await account.run(END, "admin", i={"grantId": own}))["endRole"]["errors"] == []
    assert (await account.ask(ROLES, "admin"))["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


async def test_a_stale_second_factor_gives_no_role(account: Account) -> None:
    await account.token("admin")
    async with account.store.begin() as tx:
        await tx.connection.execute("update session set proved_at = null", ())
    answer = await account.run(GRANT, "admin", i=named(account, "boris"))
    assert [error["code"] for error in answer["grantRole"]["errors"]] == ["STEP_UP"]
