"""Breaches: the clocks, whom they reached, what the notices say; the register of processing operations."""

from datetime import datetime, timedelta

import pytest

from gql.planning.ids import NodeId
from persistence import incidents
from tests.house import Account

pytestmark = pytest.mark.anyio
REPORT = """mutation($i: ReportIncidentInput!) { reportIncident(input: $i) { incident { id affected discoveredAt
  noticeDueAt inquiryDueAt regulatorsNotice personsNotice actor { name } } errors { code path } } }"""
TOLD = """mutation($i: IncidentToldInput!) { incidentTold(input: $i) { incident { noticeAt inquiryAt inquirysNotice }
  errors { code path } } }"""


async def report(account: Account, **given: object) -> dict:
    now = account.store.clock()
    values = {
        "title": "Украденный пароль",
        "details": "Входили от имени врача",
        "since": (now - timedelta(hours=1)).isoformat(),
        "until": (now + timedelta(hours=1)).isoformat(),
        "accountId": NodeId("Account", (account.world.accounts["doctor"],)).text(),
    } | given
    return (await account.run(REPORT, "security", i=values))["reportIncident"]


async def test_the_log_says_whom_a_breach_has_reached(account: Account) -> None:
    await account.run("{ viewer { patients { nodes { fullName } } } }", "doctor")
    await account.ask("query($i: ID!) { node(id: $i) { id } }", "doctor", i=account.world.patient("boris"))
    done = await report(account)
    assert done["errors"] == []
    assert (done["incident"]["affected"], done["incident"]["actor"]) == (1, {"name": "Account of doctor"})
    incident_id = NodeId.parse(done["incident"]["id"]).key[0]
    async with account.store.snapshot() as snapshot:
        assert await incidents.people(snapshot, incident_id) == [account.world.ids["anna"]]


async def test_the_clocks_run_from_the_discovery(account: Account) -> None:
    found = account.store.clock() - timedelta(hours=3)
    incident = (await report(account, discoveredAt=found.isoformat()))["incident"]
    assert datetime.fromisoformat(incident["noticeDueAt"]) == found + timedelta(hours=24)
    assert datetime.fromisoformat(incident["inquiryDueAt"]) == found + timedelta(hours=72)


async def test_the_notices_say_what_the_law_asks_and_nothing_of_a_record(account: Account) -> None:
    incident = (await report(account))["incident"]
    assert "Инцидент: Украденный пароль" in incident["regulatorsNotice"]
    assert "затронуто субъектов: 0" in incident["regulatorsNotice"]
    assert "Входили от имени врача" not in incident["personsNotice"]


async def test_the_regulator_is_told_twice_the_second_time_with_the_findings(account: Account) -> None:
    incident = (await report(account))["incident"]
    given = {"incidentId": incident["id"]}
    first = (await account.run(TOLD, "security", i=given))["incidentTold"]["incident"]
    assert (first["noticeAt"] is None, first["inquiryAt"]) == (False, None)
    without = (await account.run(TOLD, "security", i=given))["incidentTold"]
    assert without["errors"] == [{"code": "INVALID_INPUT", "path": ["input", "findings"]}]
    second = (await account.run(TOLD, "security", i={**given, "findings": "Фишинг"}))["incidentTold"]["incident"]
    assert second["inquiryAt"] is not None
    assert "Результаты: Фишинг" in second["inquirysNotice"]
    third = (await account.run(TOLD, "security", i={**given, "findings": "Ещё"}))["incidentTold"]
    assert third["errors"][0]["code"] == "ILLEGAL_TRANSITION"


async def test_an_administrator_reports_nothing(account: Account) -> None:
    answer = await account.ask("{ incidents { nodes { title } } }", "admin")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


async def test_everybody_reads_what_is_done_with_data(account: Account) -> None:
    lines = (await account.run("{ processingRegister { name purpose ground kept } }", "boris"))["processingRegister"]
    assert "Журнал доступа" in [line["name"] for line in lines]
    assert all(line[name] for line in lines for name in line)
