"""Passkeys, with an authenticator in software: both factors in one, once, here and nowhere else."""

import base64
import hashlib
import json
import os
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from security.passwords import CHEAP
from server.settings import Settings
from server.wiring import house
from tests.house import Account
from tests.people import populate
from tests.serving import Clock

pytestmark = pytest.mark.anyio
BEGIN = "mutation { beginPasskey(input: {}) { options errors { code } } }"
ADD = 'mutation($c: String!) { addPasskey(input: {credential: $c, name: "Телефон"}) { done errors { code path } } }'
REMOVE = "mutation($p: ID!) { removePasskey(input: {passkeyId: $p}) { done errors { code path } } }"
ASK = "mutation { beginPasskeySignIn(input: {}) { options errors { code } } }"
SIGN_IN = "mutation($c: String!) { signInWithPasskey(input: {credential: $c}) { token errors { code message } } }"
MINE = "{ viewer { name passkeys { id name usedAt backedUp } signIns { nodes { method refused } } } }"
ORIGIN = "http://localhost:8000"
PRESENT, VERIFIED, BACKABLE, BACKED_UP, ATTESTED = 1, 4, 8, 16, 64


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Phone:
    """An authenticator."""

    def __init__(self, origin: str = ORIGIN, flags: int = PRESENT | VERIFIED | BACKABLE | BACKED_UP) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)
        self.origin = origin
        self.flags = flags
        self.count = 0

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin}).encode()

    def _data(self, host: str, more: bytes = b"", flags: int = 0) -> bytes:
        self.count += 1
        head = hashlib.sha256(host.encode()).digest()
        return head + bytes([self.flags | flags]) + self.count.to_bytes(4, "big") + more

    def _answer(self, **response: bytes) -> str:
        parts = {name: text(data) for name, data in response.items()}
        return json.dumps({"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": parts})

    def create(self, sent: str) -> str:
        """Answer `navigator.credentials.create`."""
        options = json.loads(sent)
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        more = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose
        data = self._data(options["rp"]["id"], more, ATTESTED)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(clientDataJSON=self._client("webauthn.create", options), attestationObject=attestation)

    def get(self, sent: str, host: str = "localhost") -> str:
        """Answer `navigator.credentials.get`."""
        options = json.loads(sent)
        client, data = self._client("webauthn.get", options), self._data(host)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=data, signature=signature)


class Door:
    """The product with a clock that can be put forward."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self.account = account
        self.clock = clock

    async def options(self, document: str, who: str | None = None) -> str:
        (answer,) = (await self.account.run(document, who)).values()
        assert answer["errors"] == []
        return answer["options"]

    async def add(self, phone: Phone, who: str = "anna") -> dict:
        credential = phone.create(await self.options(BEGIN, who))
        return (await self.account.run(ADD, who, c=credential))["addPasskey"]

    async def show(self, credential: str) -> dict:
        return (await self.account.run(SIGN_IN, None, c=credential))["signInWithPasskey"]

    async def sign_in(self, phone: Phone) -> dict:
        return await self.show(phone.get(await self.options(ASK)))


@pytest.fixture
async def door(settings: Settings) -> AsyncGenerator[Door]:
    clock = Clock()
    async with house(settings, clock, CHEAP) as opened:
        world = await populate(opened.app.store, opened.app.passwords)
        yield Door(Account(opened, world, settings), clock)


WRONG = [{"code": "WRONG_CREDENTIALS", "message": "The login, the password or the code is wrong."}]


async def test_a_passkey_signs_its_owner_in(door: Door) -> None:
    phone = Phone()
    assert await door.add(phone) == {"done": True, "errors": []}
    opened = await door.sign_in(phone)
    assert opened["errors"] == []
    door.account._tokens["anna"] = opened["token"]
    mine = (await door.account.run(MINE))["viewer"]
    assert (mine["name"], mine["signIns"]["nodes"]) == ("Account of anna", [{"method": "PASSKEY", "refused": None}])
    (passkey,) = mine["passkeys"]
    assert (passkey["name"], passkey["backedUp"], passkey["usedAt"] is not None) == ("Телефон", True, True)


async def test_an_answer_counts_once(door: Door) -> None:
    phone = Phone()
    await door.add(phone)
    answer = phone.get(await door.options(ASK))
    assert (await door.show(answer))["errors"] == []
    assert (await door.show(answer))["errors"] == WRONG


async def test_an_answer_that_is_late_counts_no_more(door: Door) -> None:
    phone = Phone()
    await door.add(phone)
    options = await door.options(ASK)
    door.clock.ahead += timedelta(minutes=5, seconds=1)
    assert (await door.show(phone.get(options)))["errors"] == WRONG


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://localhost:8000.evil.example"},
        {"origin": "https://evil.example"},
        {"flags": PRESENT},
        {"key": ec.generate_private_key(ec.SECP256R1())},
        {"id": os.urandom(16)},
        {"count": -1},
    ],
    ids=["look-alike", "another site", "nobody verified", "another key", "unknown", "a copy"],
)
async def test_what_is_wrong_is_answered_alike(door: Door, wrong: dict[str, Any]) -> None:
    phone = Phone()
    await door.add(phone)
    await door.sign_in(phone)
    for name, value in wrong.items():
        setattr(phone, name, value)
    assert (await door.sign_in(phone)) == {"token": None, "errors": WRONG}


async def test_an_answer_for_another_host_is_refused(door: Door) -> None:
    phone = Phone()
    await door.add(phone)
    assert (await door.show(phone.get(await door.options(ASK), "evil.example")))["errors"] == WRONG


@pytest.mark.parametrize("nonsense", ["", "{}", "[]", "null", '{"rawId": 5}', '{"rawId": "é"}', "x" * 9000, "\ud800"])
async def test_nonsense_is_refused(door: Door, nonsense: str) -> None:
    assert (await door.show(nonsense))["errors"] == WRONG
    assert (await door.account.run(ADD, "anna", c=nonsense))["addPasskey"]["errors"] == [
        {"code": "INVALID_INPUT", "path": ["input", "credential"]}
    ]


async def test_a_passkey_made_for_anothers_challenge_isnt_kept(door: Door) -> None:
    credential = Phone().create(await door.options(BEGIN, "boris"))
    refused = (await door.account.run(ADD, "anna", c=credential))["addPasskey"]
    assert refused["errors"] == [{"code": "INVALID_INPUT", "path": ["input", "credential"]}]


async def test_a_challenge_for_making_signs_nobody_in(door: Door) -> None:
    phone = Phone()
    await door.add(phone)
    making = await door.options(BEGIN, "anna")
    assert (await door.show(phone.get(making)))["errors"] == WRONG


async def test_a_passkey_is_added_and_removed_only_with_a_fresh_factor(door: Door) -> None:
    phone = Phone()
    await door.add(phone)
    (passkey,) = (await door.account.run(MINE))["viewer"]["passkeys"]
    door.clock.ahead += timedelta(minutes=10)
    await door.account.run(MINE)
    door.clock.ahead += timedelta(minutes=6)
    for document, given in ((BEGIN, {}), (REMOVE, {"p": passkey["id"]})):
        (answer,) = (await door.account.run(document, **given)).values()
        assert [error["code"] for error in answer["errors"]] == ["STEP_UP"]
    assert (await door.sign_in(phone))["errors"] == []


async def test_a_removed_passkey_opens_nothing(door: Door) -> None:
    phone = Phone()
    await door.add(phone)
    (passkey,) = (await door.account.run(MINE))["viewer"]["passkeys"]
    theirs = (await door.account.run(REMOVE, "boris", p=passkey["id"]))["removePasskey"]
    assert theirs["errors"] == [{"code": "NOT_FOUND", "path": ["input", "passkeyId"]}]
    assert (await door.account.run(REMOVE, p=passkey["id"]))["removePasskey"]["done"]
    assert (await door.sign_in(phone))["errors"] == WRONG
