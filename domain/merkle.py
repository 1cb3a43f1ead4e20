"""Merkle trees as RFC 6962 hashes them: roots, proofs of inclusion and of consistency, and their checks."""

import hashlib
from collections.abc import Sequence
from typing import Final

EMPTY: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf; its prefix keeps a leaf from being passed off as a node.

    Source: RFC 6962, section 2.1.
    """
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two neighbours."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """Return the largest power of two below a size of at least 2: how many leaves lie on the left."""
    return 1 << ((size - 1).bit_length() - 1)


def root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over hashes of leaves, or over equally high complete subtrees."""
    level = list(hashes)
    if not level:
        return EMPTY
    while len(level) > 1:
        paired = [node_hash(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
        level = [*paired, level[-1]] if len(level) % 2 else paired
    return level[0]


def included(leaf: bytes, number: int, size: int, proof: Sequence[bytes], wanted: bytes) -> bool:
    """Return whether a proof shows that a leaf (its hash) stands at a place of the tree with this root.

    Source: RFC 9162, section 2.1.3.2 (the same trees as RFC 6962, with the check spelled out).
    """
    if not 0 <= number < size:
        return False
    found, last = leaf, size - 1
    for step in proof:
        if last == 0:
            return False
        if number % 2 or number == last:
            found = node_hash(step, found)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, step)
        number, last = number >> 1, last >> 1
    return last == 0 and found == wanted


def consistent(older: int, newer: int, older_root: bytes, newer_root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether a proof shows that the newer tree begins with the whole older one.

    Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 <= older <= newer:
        return False
    if older in (0, newer):
        return not proof and (older_root == EMPTY if older == 0 else older_root == newer_root)
    steps = [older_root, *proof] if older & (older - 1) == 0 else list(proof)
    return bool(steps) and _grown(older, newer, steps) == (older_root, newer_root)


def _grown(older: int, newer: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the two roots that the steps of a consistency proof lead to."""
    number, last = older - 1, newer - 1
    while number % 2:
        number, last = number >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if number % 2 or number == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            second = node_hash(second, step)
        number, last = number >> 1, last >> 1
    return (first, second) if last == 0 else None
