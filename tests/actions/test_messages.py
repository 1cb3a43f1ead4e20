"""A partner's message: kept sealed first, applied once, answered once, replayed by an operator."""

import asyncio
from pathlib import Path

import pytest

from actions import messages, registry
from actions.call import Call
from domain.errors import Forbidden, NotFound, NotSignedIn
from domain.messages import MessageState
from persistence import migrate
from persistence.messages import OPEN
from security.tokens import digest
from tests.house import Account
from tests.integrations.hl7.wire import (
    ANNA,
    BORIS,
    STRANGER,
    intake,
    order,
    oru,
    potassium,
    send,
    sender,
    told,
)

pytestmark = pytest.mark.anyio

REPORTS = """query { viewer { patient { reports(first: 10) { nodes { status edition replacedAt observations(first: 10) {
  nodes { text flag unit note } } } } } } }"""


async def call(account: Account, who: str) -> Call:
    return Call(account.app, token_hash=digest(await account.token(who)))


async def kept(account: Account, state: MessageState) -> list[messages.MessageSeen]:
    return await messages.unapplied(await call(account, "operator"), state)


async def count(account: Account, table: str) -> int:
    async with account.store.snapshot() as snapshot:
        rows = await snapshot.connection.fetch(f"select count(*) from {table}", ())
    return int(rows[0][0])


async def reports_of(account: Account, who: str = "anna") -> list[tuple[int, str, str, bool]]:
    """Return (edition, status, first value, whether it was replaced)."""
    data = await account.run(REPORTS, who)
    return sorted(
        (
            each["edition"],
            each["status"],
            next((seen["text"] for seen in each["observations"]["nodes"]), ""),
            each["replacedAt"] is not None,
        )
        for each in data["viewer"]["patient"]["reports"]["nodes"]
    )


async def test_a_result_is_filed_and_its_message_marked_applied(account):
    assert await send(account, oru()) == ("AA", "C1")
    assert await reports_of(account) == [(1, "FINAL", "6.9", False)]
    assert [(await kept(account, state)) for state in OPEN] == [[]] * 4
    assert await count(account, "inbound_message") == 1


async def test_a_repeat_is_answered_alike_and_applied_once(account):
    first = await intake(account).take(sender(account), oru())
    later = oru().replace(b"|20261101120000+0300||ORU", b"|20261101120500+0300||ORU")
    assert later != oru()
    events = await count(account, "event")
    assert [await intake(account).take(sender(account), raw) for raw in (oru(), later)] == [first, first]
    assert (await count(account, "inbound_message"), await count(account, "event")) == (1, events)


async def test_of_ten_sent_at_once_one_is_applied(account):
    answers = await asyncio.gather(*(intake(account).take(sender(account), oru()) for _ in range(10)))
    assert len(set(answers)) == 1
    assert (await count(account, "inbound_message"), await count(account, "diagnostic_report")) == (1, 1)


async def test_versions_of_one_study_that_come_at_once_take_turns(account):
    versions = [oru(ANNA, order(), potassium(f"6.{n}"), control=f"N{n}") for n in range(8)]
    answers = await asyncio.gather(*(send(account, raw) for raw in versions))
    assert answers == [("AA", f"N{n}") for n in range(8)]
    async with account.store.snapshot() as snapshot:
        rows = await snapshot.connection.fetch("select edition from diagnostic_report where replaced_at is null", ())
    assert len(rows) == 1, "one version counts"
    assert await count(account, "diagnostic_report") == 8


async def test_another_content_under_a_used_control_id_waits_for_a_human(account):
    await send(account, oru())
    other = oru(ANNA, order("F2"), potassium("7.0"))
    assert await send(account, other) == ("AE", "C1", "CONTROL_ID_REUSED")
    assert await send(account, other) == ("AE", "C1", "CONTROL_ID_REUSED")
    [message] = await kept(account, MessageState.QUARANTINED)
    seen = await intake(account).replay(await call(account, "operator"), message.id)
    assert (seen.state, seen.reason) == (MessageState.APPLIED, None)
    assert [value for _, _, value, _ in await reports_of(account)] == ["6.9", "7.0"]


async def test_the_same_control_id_of_two_partners_is_two_messages(account):
    assert await send(account, oru(), "lab") == ("AA", "C1")
    assert await send(account, oru(), "record_system") == ("AA", "C1")
    assert await count(account, "inbound_message") == 2


async def test_a_correction_makes_edition_2(account):
    await send(account, oru(ANNA, order(status="P"), potassium("6.9", status="P")))
    await send(account, oru(ANNA, order(status="F"), potassium("6.9"), control="C2"))
    await send(account, oru(ANNA, order(status="C"), potassium("4.2", "N", "C"), control="C3"))
    assert await reports_of(account) == [(3, "CORRECTED", "4.2", False)]
    async with account.store.snapshot() as snapshot:
        statement = "select edition, status, replaced_at is not null from diagnostic_report order by edition"
        rows = await snapshot.connection.fetch(statement, ())
    assert [tuple(row) for row in rows] == [(1, "PRELIMINARY", 1), (2, "FINAL", 1), (3, "CORRECTED", 0)]


async def versions(account: Account) -> list[tuple[int, str, bool]]:
    async with account.store.snapshot() as snapshot:
        statement = "select edition, status, replaced_at is null from diagnostic_report order by edition"
        return [(row[0], row[1], bool(row[2])) for row in await snapshot.connection.fetch(statement, ())]


ARRIVALS = "event where kind = 'RESULT_ARRIVED'"


async def test_what_comes_late_is_kept_and_undoes_nothing(account):
    await send(account, oru(ANNA, order(status="C"), potassium("4.2", "N", "C")))
    arrived = await count(account, ARRIVALS)
    assert await send(account, oru(ANNA, order(status="F"), potassium(), control="C2")) == ("AA", "C2")
    assert await send(account, oru(ANNA, order(status="F"), potassium(), control="C3")) == ("AA", "C3")
    assert await versions(account) == [(1, "CORRECTED", True), (2, "FINAL", False)]
    assert await reports_of(account) == [(1, "CORRECTED", "4.2", False)]
    assert await count(account, ARRIVALS) == arrived == 1, "nothing is told of what doesn't count"
    await send(account, oru(ANNA, order(status="C"), potassium("4.3", "N", "C"), control="C4"))
    assert await reports_of(account) == [(3, "CORRECTED", "4.3", False)]


async def test_a_replay_of_an_old_message_undoes_no_newer_correction(account):
    await send(account, oru(BORIS, order("F9"), potassium()))
    await send(account, oru(ANNA, order(status="C"), potassium("5.0", "N", "C")))
    await send(account, oru(ANNA, order(status="C"), potassium("4.2", "N", "C"), control="C3"))
    [message] = await kept(account, MessageState.QUARANTINED)
    seen = await intake(account).replay(await call(account, "operator"), message.id)
    assert seen.state is MessageState.APPLIED
    assert await reports_of(account) == [(1, "CORRECTED", "4.2", False)]
    assert await count(account, "diagnostic_report") == 3


async def test_a_withdrawn_study_takes_its_values_with_it(account):
    await send(account, oru())
    await send(account, oru(ANNA, order(status="X"), potassium(), control="C2"))
    assert await reports_of(account) == [(2, "CANCELLED", "", False)]
    values = 'query { viewer { patient { observations(first: 5, analyte: "2823-3") { nodes { text } } } } }'
    assert (await account.run(values))["viewer"]["patient"]["observations"]["nodes"] == []


RANGES = """query { viewer { patient { observations(first: 5, analyte: "2823-3") { nodes {
  text flag unit referenceRange { low high origin } } } } } }"""


@pytest.mark.parametrize(
    ("value", "unit", "normal", "flag", "seen"),
    [
        ("6.9", "mmol/L", "", "CRITICAL_HIGH", ("3.5", "5.1", "OWN")),
        ("6.10", "mmol/L", "", "HIGH", ("3.5", "5.1", "OWN")),
        ("4.20", "mmol/L", "", "NORMAL", ("3.5", "5.1", "OWN")),
        ("<2.8", "mmol/L", "", "CRITICAL_LOW", ("3.5", "5.1", "OWN")),
        ("<4.0", "mmol/L", "", None, ("3.5", "5.1", "OWN")),
        ("6.9", "mmol/L", "3.6-5.4", "CRITICAL_HIGH", ("3.6", "5.4", "LABORATORY")),
        ("5.3", "mmol/L", "3.6-5.4", "NORMAL", ("3.6", "5.4", "LABORATORY")),
        ("6.9", "mmol/L", "по возрасту", None, (None, None, None)),
        ("6.9", "mg%", "", None, (None, None, None)),
        ("гемолиз", "mmol/L", "", None, (None, None, None)),
    ],
)
async def test_a_value_without_a_flag_is_judged(account, value, unit, normal, flag, seen):
    obx = f"OBX|1|ST|2823-3^Калий^LN||{value}|{unit}|{normal}||||F|||20261101110000+0300"
    assert await send(account, oru(ANNA, order(), obx)) == ("AA", "C1")
    [found] = (await account.run(RANGES))["viewer"]["patient"]["observations"]["nodes"]
    normal_seen = found["referenceRange"]
    assert (found["text"], found["unit"], found["flag"]) == (value, unit, flag)
    assert (normal_seen["low"], normal_seen["high"], normal_seen["origin"]) == seen


async def test_several_groups_are_filed_together(account):
    raw = oru(ANNA, order("F1", "A^a"), potassium("1"), order("F1", "B^b"), potassium("2"))
    assert await send(account, raw) == ("AA", "C1")
    assert [value for _, _, value, _ in await reports_of(account)] == ["1", "2"]


async def test_of_two_patients_one_unknown_nothing_is_filed(account):
    raw = oru(ANNA, order("F1"), potassium(), STRANGER, order("F2"), potassium())
    assert await send(account, raw) == ("AE", "C1", "PATIENT_UNKNOWN")
    assert await count(account, "diagnostic_report") == 0


@pytest.mark.parametrize(
    ("pid", "reason"),
    [
        (STRANGER, "PATIENT_UNKNOWN"),
        ("PID|1||||Смирнова^Анна||19800201|F", "PATIENT_UNKNOWN"),
        (ANNA.replace("19800201", "19800202"), "PATIENT_AMBIGUOUS"),
        (ANNA.replace("|F", "|M"), "PATIENT_AMBIGUOUS"),
        (ANNA.replace("^^^SNILS^NI", "^^^SNILS^NI~087-654-303 00^^^SNILS"), "PATIENT_AMBIGUOUS"),
    ],
)
async def test_whoever_is_not_beyond_doubt_waits(account, pid, reason):
    assert await send(account, oru(pid, order(), potassium())) == ("AE", "C1", reason)
    [message] = await kept(account, MessageState.WAITING)
    assert (message.kind, message.reason) == ("ORU^R01", reason)
    assert await count(account, "diagnostic_report") == 0


async def test_a_waiting_message_is_replayed_once_the_person_is_known(account):
    raw = oru("PID|1||777^^^WARD^MR||Орлов^Борис||19750505|M", order(), potassium())
    assert await send(account, raw) == ("AE", "C1", "PATIENT_UNKNOWN")
    operator = await call(account, "operator")
    [message] = await kept(account, MessageState.WAITING)
    assert (await intake(account).replay(operator, message.id)).state is MessageState.WAITING
    async with account.store.begin() as tx:
        await registry.add_identifiers(tx, account.world.ids["boris"], [("urn:hl7:authority:WARD", "777")])
    assert (await intake(account).replay(operator, message.id)).state is MessageState.APPLIED
    assert (await intake(account).replay(operator, message.id)).state is MessageState.APPLIED
    assert await reports_of(account, "boris") == [(1, "FINAL", "6.9", False)]
    assert await send(account, raw) == ("AA", "C1")


async def test_only_operators_see_and_replay(account):
    await send(account, oru(STRANGER, order(), potassium()))
    [message] = await kept(account, MessageState.WAITING)
    for who in ("anna", "doctor", "lab", "admin"):
        with pytest.raises(Forbidden):
            await messages.unapplied(await call(account, who), MessageState.WAITING)
        with pytest.raises(Forbidden):
            await intake(account).replay(await call(account, who), message.id)
    with pytest.raises(NotSignedIn):
        await messages.unapplied(Call(account.app), MessageState.WAITING)
    with pytest.raises(NotFound):
        await intake(account).replay(await call(account, "operator"), 1)


async def test_who_may_not_send_is_told_so_and_nothing_is_kept(account):
    with pytest.raises(Forbidden):
        await intake(account).take(sender(account, "doctor"), oru())
    assert await count(account, "inbound_message") == 0


@pytest.mark.parametrize(
    ("raw", "answer", "state"),
    [
        (oru().replace(b"ORU^R01^ORU_R01", b"ADT^A01^ADT_A01"), ("AR", "C1", "TYPE_UNSUPPORTED"), "REFUSED"),
        (oru().replace(b"ORU^R01^ORU_R01", b"ORU^W01^ORU_W01"), ("AR", "C1", "EVENT_UNSUPPORTED"), "REFUSED"),
        (oru().replace(b"|2.5.1|", b"|3.0|"), ("AR", "C1", "VERSION_UNSUPPORTED"), "REFUSED"),
        (oru().replace(b"|P|2.5.1", b"|T|2.5.1"), ("AR", "C1", "TEST_MESSAGE"), "REFUSED"),
        (oru().replace(b"|P|2.5.1", b"|D|2.5.1"), ("AR", "C1", "TEST_MESSAGE"), "REFUSED"),
        (oru(control=""), ("AE", "", "CONTROL_ID_MISSING"), "QUARANTINED"),
        (oru(ANNA), ("AE", "C1", "REPORT_MISSING"), "QUARANTINED"),
        (oru(order()), ("AE", "C1", "PATIENT_MISSING"), "QUARANTINED"),
        (oru(encoding="windows-1251"), ("AE", "C1", "CHARSET_UNREADABLE"), "QUARANTINED"),
        (oru() + oru(), ("AE", "C1", "SEVERAL_MESSAGES"), "QUARANTINED"),
        (oru(ANNA, order(), *[potassium()] * 201), ("AE", "C1", "CONTENT_INVALID"), "QUARANTINED"),
        (oru(ANNA, order(), potassium("6\0")), ("AE", "C1", "CONTENT_INVALID"), "QUARANTINED"),
        (b"nonsense", ("AR", "", "NOT_HL7"), "QUARANTINED"),
        (b"", ("AR", "", "NOT_HL7"), "QUARANTINED"),
    ],
)
async def test_what_is_not_applied_is_kept_and_says_why(account, raw, answer, state):
    assert await send(account, raw) == answer
    assert await send(account, raw) == answer
    [message] = await kept(account, MessageState(state))
    assert message.reason == answer[2]
    assert await count(account, "inbound_message") == 1


async def test_nothing_of_a_waiting_message_can_be_read_in_the_files(account, settings):
    if not settings.database_url.startswith("sqlite"):
        pytest.skip("looks into the database's files")
    assert await send(account, oru(STRANGER, order(), potassium("6.87"), "NTE|1||острый")) == (
        "AE",
        "C1",
        "PATIENT_UNKNOWN",
    )
    folder = Path(settings.database_url.removeprefix("sqlite:///")).parent
    content = b"".join(file.read_bytes() for file in folder.iterdir())
    for word in ("Незнакомцева", "Зоя", "643-098-714", "64309871442", "2823-3", "Калий", "6.87", "острый", "LAB1"):
        assert word.encode() not in content, word
    assert b"ORU^R01" in content, "what an operator may see is there"


async def test_a_message_left_half_done_is_applied_at_the_next_start(account, monkeypatch):
    async def dies(*_: object) -> bytes:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(messages, "_apply", dies)
        assert await send(account, oru()) == ("AR", "C1", "INTERNAL_ERROR")
    assert [seen.state for seen in await kept(account, MessageState.RECEIVED)] == [MessageState.RECEIVED]
    assert await intake(account).recover(sender(account, "record_system")) == 0
    assert await intake(account).recover(sender(account)) == 1
    assert await intake(account).recover(sender(account)) == 0
    assert await reports_of(account) == [(1, "FINAL", "6.9", False)]
    assert await send(account, oru()) == ("AA", "C1")


async def test_a_message_left_half_done_is_applied_when_it_is_sent_again(account, monkeypatch):
    async def dies(*_: object) -> bytes:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(messages, "_apply", dies)
        await send(account, oru())
    assert await send(account, oru()) == ("AA", "C1")
    assert await reports_of(account) == [(1, "FINAL", "6.9", False)]


async def test_a_failure_tells_the_log_no_content(account, monkeypatch, caplog):
    async def dies(*_: object) -> bytes:
        raise RuntimeError("Смирнова 6.9")

    monkeypatch.setattr(messages, "_apply", dies)
    await send(account, oru())
    assert "RuntimeError" in caplog.text
    assert "Смирнова" not in caplog.text


async def test_entries_name_the_laboratory(account):
    await send(account, oru())
    await send(account, oru(STRANGER, order(), potassium(), control="C2"))
    async with account.store.snapshot() as snapshot:
        rows = await snapshot.connection.fetch(
            "select action, outcome, account_id, patient_id from audit_entry where action like '%receive' order by id",
            (),
        )
    lab = account.world.accounts["lab"]
    assert [tuple(row) for row in rows] == [
        ("result:receive", "DONE", lab, account.world.ids["anna"]),
        ("message:receive", "REFUSED", lab, None),
    ]


async def test_a_disabled_partner_is_nobody(account):
    async with account.store.begin() as tx:
        statement = f"update account set disabled_at = 1 where id = {account.world.accounts['lab']}"
        await tx.connection.execute(statement, ())
    with pytest.raises(NotSignedIn):
        await intake(account).take(sender(account), oru())


async def test_a_partner_is_named_by_its_login(account):
    async with account.store.snapshot() as snapshot:
        assert await messages.partner_named(snapshot, "lab@example.org") == account.world.accounts["lab"]
        assert await messages.partner_named(snapshot, "nobody@example.org") is None


async def test_the_migrations_make_these_tables(settings):
    assert await migrate.differences(settings.database_url, "data") == []


async def test_answers_of_both_charsets(account):
    raw = oru(charset="WINDOWS-1251", encoding="windows-1251")
    assert told(await intake(account).take(sender(account), raw), "windows-1251") == ("AA", "C1")
    data = await account.run("query { viewer { patient { reports(first: 1) { nodes { title } } } } }")
    assert data["viewer"]["patient"]["reports"]["nodes"] == [{"title": "Электролиты"}]
