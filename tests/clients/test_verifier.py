"""The stand-alone verifier believes what the service proves, and nothing that was changed since."""

import base64
import copy
import importlib.util
import json
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.house import Account

pytestmark = pytest.mark.anyio
PROOF = """query($p: ID!, $after: Int!) { accessLogProof(patientId: $p, after: $after, first: 4) {
  verifier checkpoint chain entries { number patientNumber leaf told salt proof } } }"""
FILE = Path("clients/verifier/verify_audit.py")


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_audit", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def visited(account: Account, times: int = 5) -> None:
    """Let a doctor, a stranger and Anna herself open Anna's record."""
    for _ in range(times):
        await account.ask("query Round { viewer { patients { nodes { fullName } } } }", "doctor")
        await account.ask("{ viewer { patient { fullName } } }", "boris")
        await account.ask("query($i: ID!) { node(id: $i) { id } }", "boris", i=account.world.patient("anna"))
    await account.house.ledger.settle()


async def bundle(account: Account) -> list[dict[str, Any]]:
    """Return every page of Anna's proof under one checkpoint."""
    patient, pages, after = account.world.patient("anna"), [], 0
    while True:
        page = (await account.run(PROOF, p=patient, after=after))["accessLogProof"]
        if not page["entries"]:
            return pages
        pages.append(page)
        after = page["entries"][-1]["patientNumber"]


async def test_what_the_service_proves_is_believed(account: Account, verifier: ModuleType) -> None:
    await visited(account)
    pages = await bundle(account)
    entries = verifier.checked(pages, pages[0]["verifier"])
    assert [(e["action"], e["outcome"], e["ground"], e["roles"]) for e in entries[:2]] == [
        ("record:read", "DONE", "TREATS", ["DOCTOR"]),
        ("record:read", "REFUSED", None, []),
    ]
    assert "address" not in entries[0], "where the doctor sat is nobody's business"


async def test_a_bundle_on_paper_is_checked_by_the_command(account: Account, tmp_path: Path) -> None:
    import asyncio

    await visited(account, 1)
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(await bundle(account)))
    process = await asyncio.create_subprocess_exec(sys.executable, str(FILE), str(file), stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert (process.returncode, out.decode()) == (
        0,
        "Right: 2 entries about this record, none changed, none missing between.\n",
    )


async def test_whatever_is_changed_dropped_inserted_or_swapped_is_seen(account: Account, verifier: ModuleType) -> None:
    await visited(account)
    pages = await bundle(account)
    verifier.checked(pages)
    chance, missed = random.Random(11), []
    for number in range(100):
        tampered = copy.deepcopy(pages)
        name = chance.choice(list(TAMPERINGS))
        TAMPERINGS[name](tampered, chance)
        try:
            verifier.checked(tampered, pages[0]["verifier"])
            missed.append((number, name))
        except (verifier.Wrong, KeyError, ValueError):
            pass
    assert missed == []


async def test_a_chain_that_has_lost_its_tail_since_is_seen(account: Account, verifier: ModuleType) -> None:
    await visited(account, 2)
    earlier = verifier.checked(await bundle(account))
    await visited(account, 1)
    later = verifier.checked(await bundle(account))
    verifier.grown(earlier, later)
    with pytest.raises(verifier.Wrong):
        verifier.grown(later, earlier)


async def test_another_key_is_not_believed(account: Account, verifier: ModuleType) -> None:
    from security.notes import Signer

    await visited(account, 1)
    with pytest.raises(verifier.Wrong):
        verifier.checked(await bundle(account), Signer("medkabinet/audit", b"another").verifier)


async def test_a_strangers_proof_is_refused_and_recorded(account: Account) -> None:
    answer = await account.ask(PROOF, "boris", p=account.world.patient("anna"), after=0)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_FOUND"]
    assert answer["data"] == {"accessLogProof": None}


def _entry(pages: list[dict[str, Any]], chance: random.Random) -> dict[str, Any]:
    return chance.choice(chance.choice(pages)["entries"])


def _change_leaf(pages: list[dict[str, Any]], chance: random.Random) -> None:
    entry = _entry(pages, chance)
    entry["leaf"] = entry["leaf"].replace('"at":1', '"at":2')


def _change_told(pages: list[dict[str, Any]], chance: random.Random) -> None:
    entry = _entry(pages, chance)
    entry["told"] = entry["told"].replace('"operation":"', '"operation":"x')


def _drop(pages: list[dict[str, Any]], chance: random.Random) -> None:
    entries = chance.choice(pages)["entries"]
    entries.pop(chance.randrange(len(entries)))


def _drop_and_number_anew(pages: list[dict[str, Any]], chance: random.Random) -> None:
    _drop(pages, chance)
    for number, entry in enumerate([e for page in pages for e in page["entries"]], start=1):
        entry["patientNumber"] = number
        leaf = json.loads(entry["leaf"])
        leaf["patientNumber"] = number
        entry["leaf"] = json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _cut_off(pages: list[dict[str, Any]], chance: random.Random) -> None:
    pages[-1]["entries"].pop()


def _insert(pages: list[dict[str, Any]], chance: random.Random) -> None:
    entries = chance.choice(pages)["entries"]
    entries.insert(chance.randrange(len(entries) + 1), copy.deepcopy(chance.choice(entries)))


def _swap(pages: list[dict[str, Any]], chance: random.Random) -> None:
    entries = pages[0]["entries"]
    entries[0], entries[1] = entries[1], entries[0]


def _shorten_the_chain(pages: list[dict[str, Any]], chance: random.Random) -> None:
    page = chance.choice(pages)
    lines = page["chain"].split("\n")
    lines[3] = str(int(lines[3]) - 1)
    page["chain"] = "\n".join(lines)


def _change_the_root(pages: list[dict[str, Any]], chance: random.Random) -> None:
    page = chance.choice(pages)
    lines = page["checkpoint"].split("\n")
    lines[2] = base64.b64encode(bytes(32)).decode()
    page["checkpoint"] = "\n".join(lines)


def _change_a_proof(pages: list[dict[str, Any]], chance: random.Random) -> None:
    entry = _entry(pages, chance)
    entry["proof"][chance.randrange(len(entry["proof"]))] = base64.b64encode(bytes(32)).decode()


def _change_the_place(pages: list[dict[str, Any]], chance: random.Random) -> None:
    _entry(pages, chance)["number"] += 1


TAMPERINGS = {
    f.__name__: f
    for f in (
        _change_leaf,
        _change_told,
        _drop,
        _drop_and_number_anew,
        _cut_off,
        _insert,
        _swap,
        _shorten_the_chain,
        _change_the_root,
        _change_a_proof,
        _change_the_place,
    )
}
