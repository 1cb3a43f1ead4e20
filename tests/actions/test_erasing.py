"""Erasure: what may go goes with its keys, what must stay is shut to others, and no restore brings it back."""

import asyncio

import pytest

from actions import erasing
from persistence import sessions
from persistence.columns import Retention
from persistence.patients import PatientBody, PatientRow
from persistence.sealing import Owner
from security.tokens import digest, new_token
from tests.house import Account

pytestmark = pytest.mark.anyio
SUBMIT = """mutation($i: SubmitAppealInput!) { submitAppeal(input: $i) { appeal { id } errors { code } } }"""
ANSWER = """mutation($i: AnswerAppealInput!) { answerAppeal(input: $i) { appeal { state copy { state } }
  errors { code } } }"""


async def erased(account: Account) -> None:
    given = {"patientId": account.world.patient("anna"), "kind": "ERASURE", "text": "удалите"}
    appeal = (await account.run(SUBMIT, i=given))["submitAppeal"]["appeal"]
    await account.run(ANSWER, "security", i={"appealId": appeal["id"], "granted": True, "text": "сделано"})
    for _ in range(500):
        await account.house.tasks.settle()
        if not await count(account, "task where state <> 'DONE'"):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it was never erased")


async def count(account: Account, what: str) -> int:
    async with account.store.driver.read() as connection:
        return int((await connection.fetch(f"select count(*) from {what}", ()))[0][0])


async def body(account: Account) -> PatientBody:
    async with account.store.snapshot() as snapshot:
        from persistence import patients

        found = await patients.by_id(snapshot, account.world.ids["anna"])
        assert found is not None
        return await snapshot.opened(PatientRow, PatientBody, found[0])


async def test_the_account_and_its_contacts_go_the_record_stays(account: Account) -> None:
    await account.token("anna")
    anna = account.world.accounts["anna"]
    await erased(account)
    assert (await account.run("{ viewer { name } }", "anna"))["viewer"] is None
    assert await count(account, f"sign_in_name where account_id = {anna}") == 0
    left = await body(account)
    assert (left.family, left.phone, left.email, left.address) == ("Смирнова", None, None, None)
    assert await count(account, f"insurance_policy where patient_id = {account.world.ids['anna']}") == 1


async def test_nobody_opens_what_must_stay(account: Account) -> None:
    await erased(account)
    document = "query($i: ID!) { node(id: $i) { id } }"
    assert (await account.run(document, "doctor", i=account.world.patient("anna")))["node"] is None


async def test_who_acted_is_a_deleted_user_in_the_log(account: Account) -> None:
    await account.run("{ viewer { patient { fullName } } }", "anna")
    await erased(account)
    entries = (await account.run("{ securityLog { nodes { action actor { name } } } }", "security"))["securityLog"]
    assert {"action": "record:read", "actor": {"name": "Удалённый пользователь"}} in entries["nodes"]


async def test_the_keys_are_destroyed(account: Account) -> None:
    anna = account.world.accounts["anna"]
    old = await account.store.keys.newest(Owner("account", anna, Retention.ACCOUNT))
    await erased(account)
    async with account.store.keys.driver.read() as connection:
        sql = f"select number from wrapped_key where owner_kind = 'account' and owner_id = {anna}"
        numbers = [row[0] for row in await connection.fetch(sql, ())]
    assert old.number not in numbers
    assert len(numbers) == 1


async def test_a_place_restored_from_before_is_erased_again(account: Account) -> None:
    await erased(account)
    listed = account.settings.erased
    if listed is None:
        pytest.skip("PostgreSQL's operator names the file")
    assert listed.read_text() == f"{account.world.ids['anna']}\n"
    async with account.store.begin() as tx:  # as an older backup would have it
        await tx.connection.execute(
            f"update account set disabled_at = null where id = {account.world.accounts['anna']}", ()
        )
        token = new_token()
        await sessions.start(tx, account.world.accounts["anna"], digest(token))
    account._tokens["anna"] = token
    assert (await account.run("{ viewer { name } }", "anna"))["viewer"] is not None
    assert await erasing.replay(account.store, listed) == 1
    assert (await account.run("{ viewer { name } }", "anna"))["viewer"] is None
