"""What is recorded, and who reads it."""

import pytest

from tests.actions.test_appointments import book
from tests.house import Account

pytestmark = pytest.mark.anyio
OPENED = (
    "{ viewer { patient { accessLog { nodes { action outcome actor { name } categories roles reason operation } } } } }"
)
LOG = "{ securityLog { nodes { action outcome actor { name } roles reason } } }"


async def entries(account: Account) -> list[tuple]:
    """Return (action, outcome, account, patient) of every entry, oldest first."""
    async with account.store.snapshot() as snapshot:
        rows = await snapshot.connection.fetch(
            "select action, outcome, account_id, patient_id from audit_entry order by id", ()
        )
    names = {number: name for name, number in account.world.accounts.items()}
    patients = {account.world.ids[name]: name for name in ("anna", "boris", "child")}
    return [(row[0], row[1], names.get(row[2]), patients.get(row[3])) for row in rows]


async def test_a_read_is_one_entry_a_patient(account: Account) -> None:
    await account.run("{ viewer { patient { fullName phone observations { nodes { text } } } } }")
    assert await entries(account) == [("record:read", "DONE", "anna", "anna")]


async def test_a_read_of_two_patients_is_an_entry_each(account: Account) -> None:
    await account.run("{ viewer { patient { fullName } represented { nodes { fullName } } } }")
    assert sorted(await entries(account)) == [
        ("record:read", "DONE", "anna", "anna"),
        ("record:read", "DONE", "anna", "child"),
    ]


async def test_a_change_is_one_entry_though_it_is_read_back(account: Account) -> None:
    await book(account)
    assert await entries(account) == [("appointment:book", "DONE", "anna", "anna")]


async def test_a_refused_change_is_one_entry(account: Account) -> None:
    await book(account, "boris")
    await book(account, "anna")
    assert await entries(account) == [
        ("appointment:book", "DONE", "boris", "boris"),
        ("appointment:book", "REFUSED", "anna", "anna"),
    ]


async def test_a_refused_read_is_one_entry(account: Account) -> None:
    await account.ask("query($i: ID!) { node(id: $i) { id } }", "boris", i=account.world.patient("anna"))
    assert await entries(account) == [("record:read", "REFUSED", "boris", "anna")]


async def test_the_directory_is_nobodys_data(account: Account) -> None:
    await account.run("{ practitioners { nodes { name } } }")
    assert await entries(account) == []


async def test_the_patient_sees_who_opened_the_record(account: Account) -> None:
    await account.run("query Round { viewer { patients { nodes { fullName } } } }", "doctor")
    (entry, *_) = (await account.run(OPENED))["viewer"]["patient"]["accessLog"]["nodes"]
    assert entry == {
        "action": "record:read",
        "outcome": "DONE",
        "actor": {"name": "Account of doctor"},
        "categories": ["PROFILE"],
        "roles": ["DOCTOR"],
        "reason": None,
        "operation": "Round",
    }


async def test_reading_the_security_log_is_recorded_too(account: Account) -> None:
    await account.run(LOG, "security")
    assert await entries(account) == [("audit:read", "DONE", "security", None)]


async def test_who_may_not_read_the_security_log_is_recorded_as_refused(account: Account) -> None:
    await account.ask(LOG, "doctor")
    assert await entries(account) == [("field:ask", "REFUSED", "doctor", None)]


async def test_an_administrator_sees_the_own_organizations_staff_only(account: Account) -> None:
    await account.run("{ viewer { patients { nodes { fullName } } } }", "doctor")
    own = (await account.run(LOG, "admin"))["securityLog"]["nodes"]
    others = (await account.run(LOG, "other_admin"))["securityLog"]["nodes"]
    assert "Account of doctor" in [entry["actor"]["name"] for entry in own]
    assert "Account of doctor" not in [entry["actor"]["name"] for entry in others]
