"""MLLP over real sockets."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from integrations.hl7.mllp import Limits, Listener, Listening, server_tls
from tests.integrations.hl7.wire import ANNA, connected, intake, listening, order, oru, potassium, told

pytestmark = pytest.mark.anyio

ARRIVED = """subscription { abnormalResultArrived { report { title patient { familyName }
  observations(first: 5) { nodes { text unit flag referenceRange { low high } } } } } }"""


def seen(flag: str, family: str = "Смирнова") -> dict:
    potassium_seen = {
        "text": "6.9",
        "unit": "mmol/L",
        "flag": flag,
        "referenceRange": {"low": "3.5", "high": "5.1"},
    }
    report = {"title": "Электролиты", "patient": {"familyName": family}, "observations": {"nodes": [potassium_seen]}}
    return {"abnormalResultArrived": {"report": report}}


@pytest.mark.parametrize(("sent", "flag"), [("", "CRITICAL_HIGH"), ("H", "HIGH"), ("HH", "CRITICAL_HIGH")])
async def test_a_potassium_of_6_9_reaches_the_patient_and_the_doctor(account, sent, flag):
    async with (
        listening(account) as listener,
        connected(listener) as lab,
        account.watching(ARRIVED, "anna") as patient,
        account.watching(ARRIVED, "doctor") as doctor,
        account.watching(ARRIVED, "other_doctor") as stranger,
    ):
        answer = await lab.say(oru(ANNA, order(), potassium("6.9", sent)))
        assert told(answer) == ("AA", "C1")
        assert await patient.next() == seen(flag)
        assert await doctor.next() == seen(flag)
        with pytest.raises(TimeoutError):
            await stranger.next(0.2)


async def test_messages_of_one_connection_are_answered_in_order(account):
    async with listening(account) as listener, connected(listener) as lab:
        blocks = b"".join(b"\x0b" + oru(control=f"N{n}") + b"\x1c\r" for n in range(5))
        lab.writer.write(b"\r\n" + blocks)
        assert [told(await lab.hear()) for _ in range(5)] == [("AA", f"N{n}") for n in range(5)]


async def test_a_message_may_come_a_byte_at_a_time(account):
    async with listening(account) as listener, connected(listener) as lab:
        for byte in b"\x0b" + oru() + b"\x1c":
            lab.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        lab.writer.write(b"\r")
        assert told(await lab.hear()) == ("AA", "C1")


async def test_a_hundred_connections_at_once_and_no_more(account):
    async with listening(account) as listener, AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(connected(listener)) for _ in range(100)]
        answers = await asyncio.gather(*(peer.say(oru(control=f"N{n}")) for n, peer in enumerate(peers)))
        assert [told(answer) for answer in answers] == [("AA", f"N{n}") for n in range(100)]
        surplus = await stack.enter_async_context(connected(listener))
        assert await surplus.cut()
        peers[0].writer.close()
        assert told(await peers[1].say(oru(control="N1"))) == ("AA", "N1")


async def test_20_mib_without_an_end_block_are_cut_off(account):
    async with listening(account) as listener, connected(listener) as lab:
        lab.writer.write(b"\x0b" + b"MSH|")
        with suppress(ConnectionError):
            for _ in range(400):
                lab.writer.write(b"x" * 64 * 1024)
                await lab.writer.drain()
        assert await lab.cut()
        async with connected(listener) as other:
            assert told(await other.say(oru())) == ("AA", "C1")
        assert listener.held == 0


async def test_unfinished_messages_of_all_connections_together_are_bounded(account):
    limits = Limits(held=100_000)
    async with listening(account, limits) as listener, connected(listener) as one, connected(listener) as two:
        one.writer.write(b"\x0b" + b"x" * 60_000)
        await one.writer.drain()
        await until(lambda: listener.held >= 60_000)
        two.writer.write(b"\x0b" + b"x" * 60_000)
        assert await two.cut()


async def test_who_does_not_speak_mllp_is_cut_off(account):
    async with listening(account) as listener, connected(listener) as peer:
        peer.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await peer.cut()


async def test_who_stops_in_the_middle_is_cut_off_and_who_waits_between_is_not(account):
    async with listening(account, Limits(unfinished=0.1)) as listener, connected(listener) as patient:
        async with connected(listener) as slow:
            slow.writer.write(b"\x0bMSH|")
            assert await slow.cut()
        assert told(await patient.say(oru())) == ("AA", "C1")


async def test_stopping_answers_what_is_under_way(account):
    listener = Listener(intake(account), Listening("127.0.0.1", 0, account.world.accounts["lab"]))
    await listener.start()
    async with connected(listener) as busy, connected(listener) as idle:
        answer = asyncio.create_task(busy.say(oru()))
        await until(lambda: any(each._answering for each in listener._connections))
        await listener.stop()
        assert told(await answer) == ("AA", "C1")
        assert await idle.cut()


async def test_a_partner_without_a_right_is_told_so(account):
    async with (
        listening(account, account_id=account.world.accounts["doctor"]) as listener,
        connected(listener) as peer,
    ):
        assert told(await peer.say(oru())) == ("AR", "C1", "SENDER_NOT_ALLOWED")


@pytest.mark.parametrize(
    "where", [Listening("0.0.0.0", 0, 1), Listening("127.0.0.1", 0)], ids=["in the clear", "nobody's"]
)
async def test_a_listener_that_would_be_unsafe_does_not_start(account, where):
    with pytest.raises(ValueError, match="MLLP"):
        await Listener(intake(account), where).start()


async def test_a_clients_certificate_says_which_partner_it_is(account, tmp_path):
    authority = Authority(tmp_path)
    server = server_tls(*authority.issue("server"), authority.file)
    names = {"lab.example": account.world.accounts["lab"]}
    async with listening(account, tls=server, by_certificate=names) as listener:
        async with connected(listener, ssl=authority.client("lab.example"), server_hostname="server") as lab:
            assert told(await lab.say(oru())) == ("AA", "C1")
        async with connected(listener, ssl=authority.client("other.example"), server_hostname="server") as other:
            assert await other.cut()
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
            async with connected(listener, ssl=authority.client(None), server_hostname="server") as nobody:
                assert await nobody.say(oru())


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the listener does in its own time."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the listener has no event for tests to wait on
            await asyncio.sleep(0)


PIECES = some.one_of(
    some.binary(max_size=60),
    some.sampled_from(
        [b"\x0b", b"\x1c\r", b"\x1c", b"\r", b"PID|1||", b"OBX|1|NM|||", ANNA.encode(), order().encode()]
    ),
    some.sampled_from([b"MSH|^~\\&|A|B|||2026||ORU^R01|1|P|2.5\r", b"MSH|", b"MSH|^~\\&|A|||||", oru()]),
)
BLOCKS = some.lists(PIECES, max_size=5).map(lambda pieces: b"\x0b" + b"".join(pieces) + b"\x1c\r")
FRAGMENTS = some.one_of(PIECES, BLOCKS, BLOCKS)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(some.lists(FRAGMENTS, max_size=6))
async def test_whatever_bytes_come_each_block_is_answered_or_cut(account, fragments):
    stream = b"".join(fragments)
    async with listening(account) as listener:
        async with connected(listener) as peer:
            peer.writer.write(stream)
            peer.writer.write_eof()
            answers = []
            while answer := await peer.hear():
                answers.append(told(answer, "latin-1")[0])
        assert set(answers) <= {"AA", "AE", "AR"}
        assert len(answers) == blocks(stream)
        async with connected(listener) as other:
            assert told(await other.say(oru(control="after")))[1] == "after"


def blocks(stream: bytes) -> int:
    """Return how many complete blocks a stream begins with."""
    found = 0
    while True:
        stream = stream.lstrip(b"\r\n")
        if stream[:1] != b"\x0b" or b"\x1c\r" not in stream:
            return found
        stream = stream.split(b"\x1c\r", 1)[1]
        found += 1


class Authority:
    """A certificate authority for tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        own = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(True, None), critical=True)
        usage = x509.KeyUsage(*[False] * 5, True, *[False] * 3)
        self.file = folder / "authority.pem"
        self.file.write_bytes(_pem(own.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Return the files of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._builder(subject, key).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        files = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        files[0].write_bytes(_pem(made.sign(self._key, hashes.SHA256())))
        plain = serialization.NoEncryption()
        files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        return files

    def client(self, name: str | None) -> ssl.SSLContext:
        """Return a client's context, with a certificate of this name if one is given."""
        context = ssl.create_default_context(cafile=str(self.file))
        if name is not None:
            context.load_cert_chain(*self.issue(name))
        return context

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


CRITICAL = "subscription { criticalResultArrived { report { title } } }"


async def test_only_what_is_critical_is_told_as_critical(account):
    async with (
        listening(account) as listener,
        connected(listener) as lab,
        account.watching(CRITICAL, "anna") as patient,
        account.watching(CRITICAL, "doctor") as doctor,
    ):
        for n, (value, flag) in enumerate([("4.2", ""), ("5.6", ""), ("6.9", "H"), ("6.9", "HH")]):
            raw = oru(ANNA, order(f"F{n}", f"A^{value} {flag}"), potassium(value, flag), control=f"C{n}")
            assert told(await lab.say(raw)) == ("AA", f"C{n}")
        for screen in (patient, doctor):
            assert await screen.next() == {"criticalResultArrived": {"report": {"title": "6.9 HH"}}}
