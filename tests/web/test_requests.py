"""The history of requests as a table: whole, in order, safe in a spreadsheet, and for nobody else."""

import csv
import io

import pytest

from domain.spreadsheets import cell
from persistence import ledger
from tests.actions.test_appeals import client, status_of
from tests.actions.test_requests import move
from tests.house import Account

pytestmark = pytest.mark.anyio
SUBMIT = """mutation($p: ID!, $o: ID!, $t: String!) { submitRequest(input: {patientId: $p, organizationId: $o,
  kind: FEEDBACK, text: $t}) { request { id number } } }"""


async def submit(account: Account, text: str) -> dict[str, str]:
    given = {"p": account.world.patient("anna"), "o": account.world.node("Organization", "clinic"), "t": text}
    return dict((await account.run(SUBMIT, **given))["submitRequest"]["request"])


def path(account: Account) -> str:
    return f"/requests/{account.world.ids['anna']}.csv"


async def test_every_step_is_a_line_in_order_and_no_cell_is_a_formula(account: Account) -> None:
    first = await submit(account, '=HYPERLINK("http://x")')
    second = await submit(account, "00123")
    assert await move(account, "takeRequest", first["id"]) == []
    assert await move(account, "rejectRequest", first["id"]) == []
    async with client(account) as opened:
        token = await account.token("anna")
        answer = await opened.get(path(account), headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert {name: answer.headers[name] for name in ("cache-control", "x-content-type-options")} == {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    assert answer.headers["content-disposition"].startswith("attachment")
    _, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert [(row[0], row[4], row[5], row[7]) for row in rows] == [
        (first["number"], "1", "Подано", '\'=HYPERLINK("http://x")'),
        (first["number"], "2", "В работе", ""),
        (first["number"], "3", "Отказано", ""),
        (second["number"], "1", "Подано", "'00123"),
    ]
    assert rows[2][8] == "rejectRequest"


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("boris", 404), ("reviewer", 404), ("security", 404)])
async def test_the_history_is_for_nobody_else(account: Account, who: str | None, status: int) -> None:
    assert await status_of(account, path(account), who) == status


async def test_taking_the_history_away_is_recorded_and_so_is_a_refusal(account: Account) -> None:
    await account.house.ledger.stop()
    await status_of(account, path(account), "anna")
    await status_of(account, path(account), "boris")
    async with account.store.snapshot() as snapshot:
        rows = await snapshot.all(ledger._EVER_UNNUMBERED, after=-1, limit=100)
    assert [(row.action, row.outcome) for row in rows] == [("record:download", "DONE"), ("record:download", "REFUSED")]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Смирнова", "Смирнова"),
        ("2026-000001042", "2026-000001042"),
        ("+7 912", "'+7 912"),
        ("  =1+1", "'  =1+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        ("0042", "'0042"),
        ("7757910848000121", "'7757910848000121"),
        ("12.5", "12.5"),
        (None, ""),
    ],
)
def test_a_cell_stays_text(given: str | None, kept: str) -> None:
    assert cell(given) == kept
