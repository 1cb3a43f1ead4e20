"""Carriers: a letter to a real mail server, a text to a real gateway, and nothing in the clear beyond this machine."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from domain.codes import Channel
from integrations.carriers import Carriers
from integrations.carriers.gateway import NotTaken, SmsGateway
from integrations.carriers.smtp import Smtp
from tests.actions.test_appointments import book
from tests.actions.test_notifications import notes, reach, settle
from tests.house import Account

pytestmark = pytest.mark.anyio


class Mailbox:
    """What a mail server took."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.to: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        self.to += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture
async def mail() -> AsyncGenerator[tuple[Mailbox, Smtp]]:
    """A mail server on this machine."""
    box, loop = Mailbox(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield box, Smtp("127.0.0.1", port, "noreply@clinic.example", "none")
    server.close()
    await server.wait_closed()


@pytest.fixture
def gateway() -> Iterator[tuple[list[Any], str]]:
    """An SMS gateway on this machine."""
    taken: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            taken.append((body, self.headers["authorization"], self.headers["idempotency-key"]))
            good = body["to"].startswith("+7")
            self.send_response(200 if good else 400)
            self.end_headers()
            self.wfile.write(json.dumps({"id": "gw-1"} if good else {"error": body["to"]}).encode())

        def log_message(self, *given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield taken, f"http://127.0.0.1:{server.server_port}/send"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_letter_about_a_visit_really_arrives(account: Account, mail: tuple[Mailbox, Smtp]) -> None:
    box, smtp = mail
    await account.house.follower.stop()
    await account.house.tasks.stop()
    object.__setattr__(account.app, "sender", Carriers({Channel.EMAIL: smtp}))
    object.__setattr__(account.app, "public_url", "https://lk.clinic.example/")
    await reach(account, "anna")
    await book(account)
    await settle(account)
    letter = box.letters[-1]
    assert box.to[-1] == "anna@example.org"
    assert (letter["Subject"], letter["From"]) == ("Медкабинет / Medkabinet", "Медкабинет <noreply@clinic.example>")
    assert letter.get_content().strip() == "Медкабинет: в кабинете есть новое сообщение. https://lk.clinic.example/"
    (delivery,) = (await notes(account))[0]["deliveries"]
    assert (delivery["state"], delivery["receipt"]) == ("SENT", letter["Message-ID"])


async def test_the_same_letter_twice_is_known_by_its_id(mail: tuple[Mailbox, Smtp]) -> None:
    box, smtp = mail
    assert await smtp.carry("a@example.org", "текст", "7") == await smtp.carry("a@example.org", "текст", "7")
    assert [letter["Message-ID"] for letter in box.letters] == ["<notification-7@clinic.example>"] * 2


async def test_a_text_goes_to_the_gateway_with_its_key(gateway: tuple[list[Any], str]) -> None:
    taken, address = gateway
    assert await SmsGateway(address, "secret").carry("+79161234567", "Медкабинет", "7") == "gw-1"
    assert taken == [({"to": "+79161234567", "text": "Медкабинет", "key": "7"}, "Bearer secret", "7")]


async def test_what_a_gateway_says_of_a_number_is_not_kept(gateway: tuple[list[Any], str]) -> None:
    with pytest.raises(NotTaken) as refused:
        await SmsGateway(gateway[1], "secret").carry("12345", "?", "7")
    assert "12345" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_a_hanging_server_holds_nobody_else_up(account: Account) -> None:
    """A letter that hangs keeps its own lane; the text is out meanwhile."""
    hangs, gone = asyncio.Event(), asyncio.Event()
    out: list[str] = []

    class Hanging:
        async def carry(self, to: str, text: str, key: str) -> str:
            await hangs.wait()
            return "late"

    class Quick:
        async def carry(self, to: str, text: str, key: str) -> str:
            out.append(to)
            gone.set()
            return "quick"

    await reach(account, "anna")
    object.__setattr__(account.app, "sender", Carriers({Channel.EMAIL: Hanging(), Channel.SMS: Quick()}))
    choose = "mutation { changeNotificationSettings(input: {choices: [{topic: APPOINTMENTS, channel: SMS, on: true}]}) { errors { code } } }"
    await account.run(choose)
    await book(account)
    async with asyncio.timeout(8):
        await gone.wait()
    assert out == ["+79161234567"]
    hangs.set()


def test_nothing_goes_in_the_clear_beyond_this_machine() -> None:
    with pytest.raises(ValueError, match="TLS"):
        Smtp("mail.example", 25, "a@example.org", "none")
    with pytest.raises(ValueError, match="https"):
        SmsGateway("http://gateway.example", "secret")
