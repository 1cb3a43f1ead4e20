"""Fifty planted markers (names, numbers, diagnoses, values) are in nothing that the product leaves behind (G2)."""

import asyncio
import base64
import io
import logging
import secrets
import subprocess
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
import structlog
from broadcaster import Broadcast

from actions import registry
from actions.registry import Person
from domain.access import Category
from domain.patients import Sex
from gql.exchange import Request
from gql.planning.ids import NodeId
from persistence import backup
from persistence.policies import InsurancePolicyBody, InsurancePolicyRow
from security.totp import code_at
from server import logs
from server.settings import Settings
from server.wiring import house
from subscriptions.bus import CHANNEL
from tests.conftest import CHEAP
from tests.house import Account
from tests.people import PASSWORD, populate

pytestmark = pytest.mark.anyio

BOOK = (
    "mutation($input: BookAppointmentInput!) { bookAppointment(input: $input) { appointment { id } errors { code } } }"
)
CANCEL = "mutation($input: CancelAppointmentInput!) { cancelAppointment(input: $input) { errors { code } } }"
SUBMIT = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { id } errors { code } } }"
TAKE = "mutation($input: RequestInput!) { takeRequest(input: $input) { errors { code } } }"
ASK = "mutation($input: RequestInput!) { askForMore(input: $input) { errors { code } } }"
RECEIVE = "mutation($input: ReceiveResultInput!) { receiveResult(input: $input) { filed errors { code } } }"
SIGN_IN = "mutation($input: SignInInput!) { signIn(input: $input) { token errors { code } } }"
ALERT = "subscription { abnormalResultArrived { report { title observations(first: 5) { nodes { value } } } } }"
RECORD = """{ viewer { patient { familyName givenName patronymic phone email address identifiers { value }
  policies(first: 9) { nodes { number services } } appointments(first: 9) { nodes { reason cancelReason } }
  reports(first: 9) { nodes { title conclusion observations(first: 9) { nodes {
  analyte { code title } value unit note } } } } } } }"""


class Planted:
    """Markers that nothing else looks like."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def word(self, word: str) -> str:
        """Return a word with a random tail."""
        return self._new(word + "".join(secrets.choice("абвгдежзик") for _ in range(8)))

    def number(self, digits: int) -> str:
        """Return a number of so many digits."""
        return self._new("".join(secrets.choice("123456789") for _ in range(digits)))

    def value(self) -> str:
        """Return a measured value."""
        return self._new(f"{secrets.randbelow(90) + 10}.{secrets.randbelow(10**9):09}")

    def latin(self, word: str) -> str:
        """Return a Latin word with a random tail."""
        return self._new(f"{word}{secrets.token_hex(6)}")

    def _new(self, marker: str) -> str:
        self.all.append(marker)
        return marker


def spellings(marker: str) -> Iterator[bytes]:
    """Yield how a marker may stand in bytes: UTF-8, UTF-16, escaped, in hex, in base64 at each of its offsets."""
    for raw in (marker.encode(), marker.encode("utf-16-le"), marker.encode("utf-16-be"), marker.casefold().encode()):
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for offset in range(3):
            text = base64.b64encode(bytes(offset) + raw)[4 if offset else 0 : -4]
            yield text
            yield text.replace(b"+", b"-").replace(b"/", b"_")
    if not marker.isascii():
        yield marker.encode("unicode_escape")


def found(markers: list[str], haystack: bytes) -> list[str]:
    """Return the markers that are in there in any spelling."""
    return [marker for marker in markers if any(spelling in haystack for spelling in spellings(marker))]


@pytest.mark.parametrize("spelled", [lambda m: m.encode(), lambda m: b"xx" + base64.b64encode(b"ab" + m.encode())])
def test_the_search_finds_what_is_there(spelled: Any):
    assert found(["Смирнова", "Орлова"], b"..." + spelled("..Смирнова...") + b"...") == ["Смирнова"]


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the product logs, as in production, at its most talkative."""
    root, kept = logging.getLogger(), logging.getLogger().handlers[:]
    level, configured = root.level, structlog.get_config()
    text = io.StringIO()
    logs.configure(pretty=False)
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(text),
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    )
    root.setLevel(logging.DEBUG)
    yield text
    logging.captureWarnings(False)
    root.handlers[:] = kept
    root.setLevel(level)
    structlog.configure(**configured)


async def test_nothing_that_is_left_behind_shows_a_marker(
    settings: Settings, tmp_path: Path, postgres: str | None, logged: io.StringIO, capfd: pytest.CaptureFixture[str]
):
    carried = settings.bus_url.startswith("redis://")
    made = settings.model_copy(update={"limits_url": settings.bus_url if carried else "memory://"})
    planted = Planted()
    async with house(made, cost=CHEAP) as opened, overheard(made.bus_url, opened) as heard:
        account = Account(opened, await populate(opened.app.store, opened.app.passwords), made)
        await _live(account, planted)
        await opened.follower.settle()
        await opened.tasks.settle()
        sent = "".join(shown.text for shown in opened.app.sender.shown())
        await backup.take(account.store, tmp_path / "b", tmp_path / "b.keys")
        left = _files(tmp_path)  # while it is open: the WAL is full of what was just written
        async with asyncio.timeout(5):
            while not heard:  # noqa: ASYNC110 - in process only heartbeats are sent, one a second
                await asyncio.sleep(0.05)
    left |= _files(tmp_path) | {"bus": b"\n".join(heard), "logs": logged.getvalue().encode()}
    assert "в кабинете есть новое сообщение" in sent, "letters went out"
    left |= {"letters": sent.encode()}
    left |= {"output": "".join(capfd.readouterr()).encode()}
    if postgres:
        left |= {url: _dumped(url) for url in (made.database_url, made.wrapped_keys_url)}
    assert len(planted.all) >= 50
    assert b"incident" in left["logs"], "the failure below was logged"
    assert heard, "something was carried"
    assert found(["Врач doctor"], b"".join(left.values())), "what a clinic's site shows is in the clear, so it is found"
    assert {name: found(planted.all, content) for name, content in left.items()} == {name: [] for name in left}


async def _live(account: Account, planted: Planted) -> None:
    """Do what people do, with markers in every place that takes words or numbers."""
    who = await _person(account, planted)
    async with account.watching(ALERT, "marked") as alerts:
        await _receive(account, planted, who)
        assert (await alerts.next())["abnormalResultArrived"]["report"]["title"] in planted.all
    booked = await _change(account, BOOK, reason=planted.word("Жалоба"), slotId=_slot(account, 0), **who["for"])
    visit = booked["bookAppointment"]["appointment"]["id"]
    await _change(account, CANCEL, appointmentId=visit, reason=planted.word("Отмена"), key=planted.latin("key"))
    clinic = account.world.node("Organization", "clinic")
    asked = {"organizationId": clinic, "kind": "REFERRAL", "text": planted.word("Прошу")}
    submitted = await _change(account, SUBMIT, **asked, **who["for"])
    request = submitted["submitRequest"]["request"]["id"]
    for document, comment in ((TAKE, planted.word("Взято")), (ASK, planted.word("Вопрос"))):
        answer = await account.run(document, "reviewer", input={"requestId": request, "comment": comment})
        assert all(not payload["errors"] for payload in answer.values()), answer
    read = await account.run(RECORD, "marked")
    assert sum(marker in str(read) for marker in planted.all) > 25
    await _fail(account, planted)


async def _person(account: Account, planted: Planted) -> dict[str, Any]:
    login, number = f"{planted.latin('login')}@example.org", planted.number(11)
    person = Person(
        planted.word("Фамилия"),
        planted.word("Имя"),
        planted.word("Отчество"),
        date(1961, 7, 3),
        Sex.FEMALE,
        f"+7{planted.number(10)}",
        f"{planted.latin('mail')}@example.org",
        planted.word("Улица"),
        [("urn:marked", number), ("urn:passport", planted.number(10)), ("urn:card", planted.latin("card"))],
    )
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    planted.all.append(secret)
    async with account.store.begin() as tx:
        patient = await registry.add_patient(tx, person)
        policy = InsurancePolicyRow(patient_id=patient, id=tx.new_id(), kind="DMS", status="ACTIVE", created_at=tx.now)
        words = tuple(planted.word("Услуга") for _ in range(3))
        await tx.insert(policy, InsurancePolicyBody(planted.number(16), date(2020, 1, 1), None, words))
        hashed = await account.app.passwords.hash(PASSWORD)
        given = registry.Account(planted.word("Учётка"), [login], hashed, secret, patient_id=patient)
        account.world.accounts["marked"] = await registry.add_account(tx, given)
        await registry.represent(tx, account.world.ids["child"], account.world.accounts["marked"], frozenset(Category))
    for code in (code_at(secret, account.store.clock()), "000000"):
        caller = await account.caller(None, address=planted.latin("addr"), user_agent=planted.latin("Agent"))
        sign_in = {"input": {"login": login, "password": PASSWORD, "code": code}}
        await account.api.execute(Request(SIGN_IN, variables=sign_in), caller)
    return {"number": number, "for": {"patientId": NodeId("Patient", (patient, patient)).text()}}


async def _receive(account: Account, planted: Planted, who: dict[str, Any]) -> None:
    observations = [
        {
            "code": planted.latin("code"),
            "title": planted.word("Показатель"),
            "value": planted.value(),
            "unit": planted.latin("unit"),
            "low": "1",
            "high": "2",
            "note": planted.word("Диагноз"),
        }
        for _ in range(4)
    ]
    report = {
        "person": {"identifiers": [{"system": "urn:marked", "value": who["number"]}]},
        "study": planted.latin("study"),
        "title": planted.word("Исследование"),
        "conclusion": planted.word("Заключение"),
        "issuedAt": datetime(2026, 1, 2, tzinfo=UTC).isoformat(),
        "observations": observations,
        "key": planted.latin("key"),
    }
    answer = await account.run(RECEIVE, "lab", input=report)
    assert answer["receiveResult"]["filed"], answer


async def _fail(account: Account, planted: Planted) -> None:
    """Make the errors that people make, and one of ours, with markers in them."""
    await account.ask(f"{{ viewer {{ {planted.latin('field')} }} }}", "marked")
    await account.ask(SUBMIT, "marked", input={"text": planted.word("Мимо"), "kind": planted.latin("KIND")})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("actions.appointments.access.require", _breaking(planted.word("Сбой")))
        slot = {"slotId": _slot(account, 1), "patientId": account.world.patient("anna")}
        answer = await account.ask(BOOK, input=slot | {"reason": planted.word("Повод")})
        assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"


def _breaking(text: str) -> Any:
    async def breaks(*given: Any, **named: Any) -> None:
        raise RuntimeError(text)

    return breaks


async def _change(account: Account, document: str, **given: Any) -> dict[str, Any]:
    answer = await account.run(document, "marked", input=given)
    assert all(not payload["errors"] for payload in answer.values()), answer
    return answer


def _slot(account: Account, number: int) -> str:
    return account.world.node("Slot", f"doctor_slot_{number}")


@asynccontextmanager
async def overheard(url: str, opened: Any) -> AsyncGenerator[list[bytes]]:
    """Listen to all that Redis is told, or to the channel of the bus in process."""
    heard: list[bytes] = []
    listening = asyncio.Event()

    async def by_monitor() -> None:
        async with redis.asyncio.from_url(url) as client, client.monitor() as monitor:
            listening.set()
            while True:
                heard.append(str(await monitor.next_command()).encode())

    async def by_channel() -> None:
        broadcast: Broadcast = opened.hub._bus._broadcast
        async with broadcast.subscribe(CHANNEL) as subscriber:
            listening.set()
            while True:
                heard.append(str((await subscriber.get()).message).encode())

    task = asyncio.create_task(by_monitor() if url.startswith("redis://") else by_channel())
    await asyncio.wait_for(listening.wait(), 5)
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _files(folder: Path) -> dict[str, bytes]:
    """Return every file: database, WAL, keys, backups."""
    return {path.name + str(path.stat().st_size): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _dumped(url: str) -> bytes:
    return subprocess.run(["pg_dump", "--inserts", url], check=True, capture_output=True).stdout
