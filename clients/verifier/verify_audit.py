#!/usr/bin/env python3
"""Checks, without the service, what it says about who opened a record.

    python verify_audit.py bundle.json [--key KEY] [--kept older.json ...]

A bundle is the answer of the GraphQL field `accessLogProof` (several pages in one file: a JSON list). The program
checks that the checkpoint is signed; that every entry is in the log that it commits to; that entries about the patient
are numbered without a gap from 1, each tied to the one before by its hash, up to the signed end of the chain; and that
what is told of an entry is what the log committed to. With bundles that were kept from earlier: that the chain has only
grown. `--key` is the public key (vkey) that you keep; without it the bundle's own is used, which proves only that the
bundle agrees with itself.

Needs Python 3.11 and `cryptography`. Source of the formats: RFC 6962 (hashes, proofs), C2SP signed-note and checkpoint.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CHAIN = "medkabinet audit chain v1"


class Wrong(Exception):
    """Something doesn't agree; says what."""


def sha256(*parts: bytes) -> bytes:
    """Return SHA-256 over the parts."""
    return hashlib.sha256(b"".join(parts)).digest()


def opened(note: str, verifier: str) -> str:
    """Return the signed text of a note."""
    text, _, signatures = note.rpartition("\n\n")
    try:
        name, key_id, key = verifier.split("+", 2)
        raw = base64.b64decode(key, validate=True)
        wanted = sha256(f"{name}\n".encode(), raw)[:4]
        if raw[:1] != b"\x01" or wanted.hex() != key_id:
            raise Wrong("the public key is none")
        for line in signatures.splitlines():
            dash, by, encoded = line.split(" ")
            signature = base64.b64decode(encoded, validate=True)
            if dash == "—" and by == name and signature[:4] == wanted:
                Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature[4:], f"{text}\n".encode())
                return f"{text}\n"
    except (ValueError, InvalidSignature):
        raise Wrong("a signature is wrong") from None
    raise Wrong("a note isn't signed by the key")


def included(leaf: bytes, number: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Return whether the leaf stands at its place under the root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= number < size:
        return False
    found, last = leaf, size - 1
    for step in proof:
        if last == 0:
            return False
        if number % 2 or number == last:
            found = sha256(b"\x01", step, found)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            found = sha256(b"\x01", found, step)
        number, last = number >> 1, last >> 1
    return last == 0 and found == root


def checked(pages: list[dict[str, Any]], key: str | None = None) -> list[dict[str, Any]]:
    """Return the entries of a bundle, opened, oldest first.

    Raises:
        Wrong: something was changed, dropped, inserted, swapped or cut off.
    """
    if not pages:
        raise Wrong("the bundle is empty")
    entries: list[dict[str, Any]] = []
    count, head, patient = 0, b"", ""
    for page in pages:
        verifier = key or page["verifier"]
        log, size, root = _checkpoint(opened(page["checkpoint"], verifier))
        kind, name, patient, number, last, grown = opened(page["chain"], verifier).splitlines()
        if kind != CHAIN or name != log or int(grown) != size:
            raise Wrong("the chain's signed end belongs to another checkpoint")
        if int(number) < count or (int(number) == count and count and bytes.fromhex(last) != head):
            raise Wrong("the chain is shorter or other than a page before said")
        count, head = int(number), bytes.fromhex(last)
        entries += [_entry(entry, size, root, patient) for entry in page["entries"]]
    _chained(entries, count, head)
    return entries


def _checkpoint(text: str) -> tuple[str, int, bytes]:
    origin, size, root, *_ = text.splitlines()
    return origin, int(size), base64.b64decode(root, validate=True)


def _entry(given: dict[str, Any], size: int, root: bytes, patient: str) -> dict[str, Any]:
    text = given["leaf"].encode()
    place = f"entry {given['patientNumber']}"
    proof = [base64.b64decode(step, validate=True) for step in given["proof"]]
    if not included(sha256(b"\x00", text), int(given["number"]), size, proof, root):
        raise Wrong(f"{place} isn't in the log")
    leaf: dict[str, Any] = json.loads(text)
    told = given["told"].encode()
    if sha256(base64.b64decode(given["salt"], validate=True), told).hex() != leaf["told"]:
        raise Wrong(f"what is told of {place} isn't what the log committed to")
    if str(leaf["patient"]) != patient:
        raise Wrong(f"{place} is about somebody else")
    return {**leaf, **json.loads(told), "hash": sha256(b"\x00", text).hex()}


def _chained(entries: list[dict[str, Any]], count: int, head: bytes) -> None:
    previous = ""
    for number, entry in enumerate(entries, start=1):
        if entry["patientNumber"] != number:
            raise Wrong(f"where entry {number} should be, there is entry {entry['patientNumber']}")
        if entry["patientPrevious"] != previous:
            raise Wrong(f"entry {number} isn't tied to the one before")
        previous = entry["hash"]
    if len(entries) != count or previous != head.hex():
        raise Wrong(f"the chain has {count} entries, the bundle {len(entries)}")


def grown(older: list[dict[str, Any]], newer: list[dict[str, Any]]) -> None:
    """Check that what was shown earlier is still shown, first and unchanged.

    Raises:
        Wrong: it isn't.
    """
    before, after = [entry["hash"] for entry in older], [entry["hash"] for entry in newer]
    if after[: len(before)] != before:
        raise Wrong("entries that were shown earlier were changed or dropped since")


def main(arguments: list[str] | None = None) -> int:
    """Check the files; return the exit code."""
    parser = argparse.ArgumentParser(description="Checks the proof of who opened a record.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--key", help="the log's public key that you keep: name+id+key")
    parser.add_argument("--kept", type=Path, action="append", default=[], help="a bundle that was kept from earlier")
    given = parser.parse_args(arguments)
    try:
        entries = checked(_pages(given.bundle), given.key)
        for kept in given.kept:
            grown(checked(_pages(kept), given.key), entries)
    except Wrong as wrong:
        print(f"WRONG: {wrong}")
        return 1
    except (KeyError, TypeError, ValueError, OSError) as error:
        print(f"WRONG: the bundle can't be read ({type(error).__name__})")
        return 1
    print(f"Right: {len(entries)} entries about this record, none changed, none missing between.")
    return 0


def _pages(path: Path) -> list[dict[str, Any]]:
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, list) else [found]


if __name__ == "__main__":
    sys.exit(main())
