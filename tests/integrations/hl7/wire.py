"""What tests put on the wire, and how they read the answer."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from actions.call import Call
from actions.messages import Sender
from integrations.hl7.intake import Intake
from integrations.hl7.mllp import Limits, Listener, Listening
from tests.house import Account


def segment(name: str, fields: Mapping[int, str]) -> str:
    """Return a segment with these fields."""
    return "|".join([name, *(fields.get(n, "") for n in range(1, max(fields, default=0) + 1))])


def header(control: str = "C1", kind: str = "ORU^R01^ORU_R01", charset: str = "", version: str = "2.5.1") -> str:
    given = {2: "LIS", 3: "LAB1", 4: "CABINET", 5: "HOUSE", 6: "20261101120000+0300", 8: kind, 9: control}
    return segment("MSH", {1: "^~\\&", **given, 10: "P", 11: version, **({17: charset} if charset else {})})


ANNA = "PID|1||112-233-445 95^^^SNILS^NI||Смирнова^Анна^Петровна||19800201|F"
BORIS = "PID|1||087-654-303 00^^^SNILS^NI||Орлов^Борис||19750505|M"
STRANGER = "PID|1||643-098-714 42^^^SNILS^NI||Незнакомцева^Зоя||19710707|F"


def order(number: str = "F1", code: str = "24323-8^Электролиты^LN", status: str = "F") -> str:
    times = {7: "20261101110000+0300", 22: "20261101115900+0300"}
    return segment("OBR", {1: "1", 2: "P1", 3: number, 4: code, **times, 25: status})


def potassium(value: str = "6.9", flag: str = "H", status: str = "F") -> str:
    return f"OBX|1|NM|2823-3^Калий^LN||{value}|mmol/L|3.5-5.1|{flag}|||{status}|||20261101110000+0300"


def oru(*segments: str, control: str = "C1", charset: str = "UNICODE UTF-8", encoding: str = "utf-8") -> bytes:
    """Return a message; potassium of Anna's by default."""
    body = segments or (ANNA, order(), potassium())
    return ("\r".join([header(control, charset=charset), *body]) + "\r").encode(encoding)


def told(acknowledgement: bytes, charset: str = "utf-8") -> tuple[str, ...]:
    """Return MSA-1, MSA-2 and the reason, if any."""
    lines = acknowledgement.decode(charset).split("\r")
    [msa] = [line for line in lines if line[:3] == "MSA"]
    return tuple(msa.split(msa[3])[1:])


def sender(account: Account, who: str = "lab") -> Sender:
    return Sender(Call(account.app, operation="mllp"), account.world.accounts[who])


def intake(account: Account) -> Intake:
    return Intake(account.app)


async def send(account: Account, message: bytes, who: str = "lab") -> tuple[str, ...]:
    """Take a message without a socket."""
    return told(await intake(account).take(sender(account, who), message))


@asynccontextmanager
async def listening(account: Account, limits: Limits | None = None, **given: object) -> AsyncGenerator[Listener]:
    """A listener on loopback that speaks for the laboratory."""
    where = {"account_id": account.world.accounts["lab"], **given}
    listener = Listener(intake(account), Listening("127.0.0.1", 0, **where), limits)  # type: ignore[arg-type]
    await listener.start()
    try:
        yield listener
    finally:
        await listener.stop()


class Peer:
    """A laboratory's end of an MLLP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, message: bytes) -> bytes:
        self.writer.write(b"\x0b" + message + b"\x1c\r")
        await self.writer.drain()
        return await self.hear()

    async def hear(self) -> bytes:
        """Return the next answer; empty if the connection was closed instead."""
        try:
            async with asyncio.timeout(10):
                block = await self.reader.readuntil(b"\x1c\r")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        assert block.startswith(b"\x0b")
        return block[1:-2]

    async def cut(self) -> bool:
        """Return whether the other end closes."""
        try:
            async with asyncio.timeout(10):
                return await self.reader.read(1) == b""
        except ConnectionError:
            return True


@asynccontextmanager
async def connected(listener: Listener, **given: object) -> AsyncGenerator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, **given)  # type: ignore[arg-type]
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
