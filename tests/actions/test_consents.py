"""Consents: the very text that was agreed to, and what a withdrawal would stop, told before it is done."""

import hashlib
from typing import Any

import pytest

from persistence import ledger
from tests.house import Account

pytestmark = pytest.mark.anyio

GIVE = """mutation($p: ID!, $d: ID, $o: ID, $hash: String, $purpose: ConsentPurpose! = TREATMENT) {
  giveConsent(input: {patientId: $p, practitionerId: $d, organizationId: $o, categories: [RESULTS, PROFILE],
                      textHash: $hash, purpose: $purpose}) {
    consent { id purpose textVersion text textHash } errors { code path } } }"""
WITHDRAW = "mutation($c: ID!) { withdrawConsent(input: {consentId: $c}) { errors { code } } }"
DRY = "query($c: ID!) { consentWithdrawal(consentId: $c) { name closes keeps ground sessions practitionerId } }"
TEXTS = "{ consentTexts { purpose version text hash } }"


async def give(account: Account, **variables: Any) -> dict[str, Any]:
    answer = await account.run(GIVE, "anna", p=account.world.patient("anna"), **variables)
    return answer["giveConsent"]


def other_doctor(account: Account) -> str:
    return account.world.node("Practitioner", "other_doctor")


async def test_the_text_that_was_read_is_the_text_that_is_kept(account: Account) -> None:
    texts = {text["purpose"]: text for text in (await account.run(TEXTS))["consentTexts"]}
    assert set(texts) == {"TREATMENT", "SECOND_OPINION", "RESEARCH"}
    read = texts["SECOND_OPINION"]
    assert read["hash"] == hashlib.sha256(read["text"].encode()).hexdigest()
    given = await give(account, d=other_doctor(account), hash=read["hash"], purpose="SECOND_OPINION")
    assert given["errors"] == []
    kept = {key: given["consent"][key] for key in ("purpose", "textVersion", "text", "textHash")}
    assert kept == {
        "purpose": "SECOND_OPINION",
        "textVersion": "2026-11",
        "text": read["text"],
        "textHash": read["hash"],
    }


@pytest.mark.parametrize("text_hash", ["00", "nonsense", "a" * 64])
async def test_what_was_never_shown_is_not_agreed_to(account: Account, text_hash: str) -> None:
    given = await give(account, d=other_doctor(account), hash=text_hash)
    assert given == {"consent": None, "errors": [{"code": "INVALID_INPUT", "path": ["input", "textHash"]}]}
    assert await consents(account) == 0


async def test_the_text_of_another_purpose_is_not_agreed_to(account: Account) -> None:
    texts = {text["purpose"]: text["hash"] for text in (await account.run(TEXTS))["consentTexts"]}
    given = await give(account, d=other_doctor(account), hash=texts["RESEARCH"])
    assert given["errors"] == [{"code": "INVALID_INPUT", "path": ["input", "textHash"]}]
    assert await consents(account) == 0


async def test_a_dry_run_tells_what_would_close_and_changes_nothing(account: Account) -> None:
    given = await give(account, d=other_doctor(account))
    consent = given["consent"]["id"]
    await account.caller("other_doctor")
    told = (await account.run(DRY, "anna", c=consent))["consentWithdrawal"]
    assert [(line["closes"], line["keeps"], line["ground"]) for line in told] == [(["PROFILE", "RESULTS"], [], None)]
    assert told[0]["practitionerId"] == other_doctor(account)
    assert told[0]["sessions"] >= 1
    results = "query($p: ID!) { node(id: $p) { ... on Patient { observations { nodes { id } } } } }"
    patient = account.world.patient("anna")
    assert (await account.run(results, "other_doctor", p=patient))["node"]["observations"] is not None
    await account.run(WITHDRAW, "anna", c=consent)
    assert (await account.ask(results, "other_doctor", p=patient))["data"]["node"] is None
    assert (await account.run(DRY, "anna", c=consent))["consentWithdrawal"] == []


async def test_what_another_consent_opens_stays_open(account: Account) -> None:
    first = await give(account, d=other_doctor(account))
    await give(account, o=account.world.node("Organization", "other_clinic"))
    told = (await account.run(DRY, "anna", c=first["consent"]["id"]))["consentWithdrawal"]
    assert [(line["closes"], line["keeps"], line["ground"]) for line in told] == [
        ([], ["PROFILE", "RESULTS"], "CONSENT")
    ]


async def test_the_treating_doctor_loses_nothing(account: Account) -> None:
    given = await give(account, d=account.world.node("Practitioner", "doctor"))
    told = (await account.run(DRY, "anna", c=given["consent"]["id"]))["consentWithdrawal"]
    assert [(line["closes"], line["ground"]) for line in told] == [([], "TREATS")]


@pytest.mark.parametrize(("who", "code"), [("boris", "NOT_FOUND"), ("admin", "NOT_FOUND"), ("doctor", "FORBIDDEN")])
async def test_nobody_else_may_foresee(account: Account, who: str, code: str) -> None:
    given = await give(account, d=other_doctor(account))
    answer = await account.ask(DRY, who, c=given["consent"]["id"])
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]


async def test_the_dry_run_is_one_entry_in_the_log(account: Account) -> None:
    given = await give(account, d=other_doctor(account))
    await account.house.ledger.stop()
    before = await entries(account)
    await account.run(DRY, "anna", c=given["consent"]["id"])
    assert (await entries(account)) - before == 1


async def consents(account: Account) -> int:
    async with account.store.driver.read() as connection:
        return int((await connection.fetch("select count(*) from consent", ()))[0][0])


async def entries(account: Account) -> int:
    async with account.store.snapshot() as snapshot:
        return len(await snapshot.all(ledger._EVER_UNNUMBERED, after=-1, limit=10_000))
