"""Text from people: kept to the last character or refused by the field's name, on both databases alike."""

from typing import Any

import pytest

from tests.actions.test_appointments import BOOK
from tests.house import Account
from tests.people import PASSWORD

pytestmark = pytest.mark.anyio

KEPT = {
    "right to left": "до\u202eкод\u202cпосле",
    "four bytes": "😀 𝕏 𠜎",
    "not composed": "e\u0301 и\u0306",
    "composed": "\u00e9 й",
    "terminal codes": "\x1b[31m красный \x07",
    "line ends": "a\r\nb\nc\rd\u2028e",
    "byte order": "\ufeffтекст\ufffe",
    "joined": "👩\u200d⚕\ufe0f \u200b",
    "html": "<script>alert(1)</script>&amp;",
    "quotes": "' \" \\ \\u0000 %s {0} $1 ; --",
    "white around": "  текст  ",
}
REFUSED = {
    "NUL": "до\0после",
    "high half": "до\ud83dпосле",
    "low half": "до\ude00после",
    "halves apart": "\ude00\ud83d",
    "nothing": "",
    "white": " \t\n",
}
SUBMIT = """mutation($p: ID!, $o: ID!, $t: String!) {
  submitRequest(input: {patientId: $p, organizationId: $o, kind: REFERRAL, text: $t}) { request { id text } errors { code path } } }"""
TAKE = "mutation($r: ID!, $t: String) { takeRequest(input: {requestId: $r, comment: $t}) { request { id } errors { code path } } }"
CANCEL = """mutation($a: ID!, $t: String) {
  cancelAppointment(input: {appointmentId: $a, reason: $t}) { appointment { cancelReason } errors { code path } } }"""
BOOKED = "mutation($s: ID!, $p: ID!, $t: String) { bookAppointment(input: {slotId: $s, patientId: $p, reason: $t}) { appointment { id reason } errors { code path } } }"
RECEIVE = """mutation($study: String!, $title: String!, $conclusion: String, $name: String!, $note: String) { receiveResult(input: {
  person: {identifiers: [{system: "https://fhir.ru/ig/core/systems/snils", value: "11223344595"}]}, study: $study, title: $title,
  conclusion: $conclusion, issuedAt: "2026-11-01T00:00:00Z", observations: [{code: "2823-3", title: $name, value: "6.9", note: $note}]
}) { errors { code path } } }"""
REPORTS = "{ viewer { patient { reports { nodes { study title conclusion observations { nodes { analyte { title } note } } } } } } }"
FINE = {"study": "A-1", "title": "Биохимия", "conclusion": "Норма", "name": "Калий", "note": "натощак"}


async def booked(account: Account, text: str | None) -> dict[str, Any]:
    given = {"s": account.world.node("Slot", "doctor_slot_0"), "p": account.world.patient("anna"), "t": text}
    return (await account.run(BOOKED, **given))["bookAppointment"]


async def submitted(account: Account, text: str) -> dict[str, Any]:
    given = {"p": account.world.patient("anna"), "o": account.world.node("Organization", "clinic"), "t": text}
    return (await account.run(SUBMIT, **given))["submitRequest"]


def refused(field: str) -> list[dict[str, Any]]:
    return [{"code": "INVALID_INPUT", "path": ["input", field]}]


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
async def test_a_text_is_kept_to_the_last_character(account: Account, text: str) -> None:
    assert (await submitted(account, text))["request"]["text"] == text
    visit = await booked(account, text)
    assert visit["appointment"]["reason"] == text
    cancelled = await account.run(CANCEL, a=visit["appointment"]["id"], t=text)
    assert cancelled["cancelAppointment"]["appointment"] == {"cancelReason": text}
    told = await account.run(RECEIVE, "lab", study=text, title=text, conclusion=text, name=text, note=text)
    assert told["receiveResult"]["errors"] == []
    [report] = (await account.run(REPORTS))["viewer"]["patient"]["reports"]["nodes"]
    [observation] = report.pop("observations")["nodes"]
    assert report == {"study": text, "title": text, "conclusion": text}
    assert observation == {"analyte": {"title": text}, "note": text}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
async def test_what_a_database_would_not_keep_is_refused_by_its_field(account: Account, text: str) -> None:
    assert await submitted(account, text) == {"request": None, "errors": refused("text")}
    assert await booked(account, text) == {"appointment": None, "errors": refused("reason")}
    visit = await booked(account, None)
    cancelled = await account.run(CANCEL, a=visit["appointment"]["id"], t=text)
    assert cancelled["cancelAppointment"] == {"appointment": None, "errors": refused("reason")}
    request = (await submitted(account, "справка"))["request"]
    taken = await account.run(TAKE, "reviewer", r=request["id"], t=text)
    assert taken["takeRequest"] == {"request": None, "errors": refused("comment")}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
async def test_a_laboratorys_text_is_held_to_the_same(account: Account, text: str) -> None:
    for field in FINE:
        told = (await account.run(RECEIVE, "lab", **{**FINE, field: text}))["receiveResult"]
        assert [error["code"] for error in told["errors"]] == ["INVALID_INPUT"]
    assert (await account.run(REPORTS))["viewer"]["patient"]["reports"]["nodes"] == []


async def test_an_id_of_such_text_is_no_id(account: Account) -> None:
    for text in (*REFUSED.values(), *KEPT.values()):
        booked = (await account.run(BOOK, s=text, p=account.world.patient("anna")))["bookAppointment"]
        assert booked == {"appointment": None, "errors": refused("slotId")}
        assert await account.run("query($i: ID!) { node(id: $i) { id } }", i=text) == {"node": None}


SIGN_IN = "mutation($l: String!, $p: String!, $c: String!) { signIn(input: {login: $l, password: $p, code: $c}) { token errors { code } } }"
ODD = ["\ud800", "\0", "é", "\u0663" * 6, "0" * 5000, "000000\n", "\u202e000000"]


@pytest.mark.parametrize("text", ODD, ids=ascii)
async def test_such_text_opens_no_session(account: Account, text: str) -> None:
    right = {"l": "anna@example.org", "p": PASSWORD, "c": "000000"}
    for part in right:
        told = (await account.run(SIGN_IN, None, **{**right, part: text}))["signIn"]
        assert told["token"] is None
        assert told["errors"][0]["code"] in ("WRONG_CREDENTIALS", "INVALID_INPUT")
