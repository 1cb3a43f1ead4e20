"""What the log commits to of an entry: a canonical text that a restore or a reseal leaves as it is.

Who acted on whom, what and when stand in it as numbers. What is personal stands in it as two hashes, each with a salt
that is sealed in the entry's body: whoever destroys the body makes the hashes unreadable and the log stays provable.
One of the two is told to the patient (categories, roles, ground); the other (address, session, program) isn't.
"""

import hashlib
from typing import Any, Final, NamedTuple

import msgspec

from persistence.audit import AuditBody
from persistence.columns import to_micros
from persistence.statements import Record

FORM: Final = 1


class Link(NamedTuple):
    """A place in a patient's chain: its number, from 1, and the hash that it is tied to."""

    number: int
    hash: bytes

    def next(self) -> "Link":
        """Return the next place, tied to this one."""
        return Link(self.number + 1, self.hash)


class Part(NamedTuple):
    """Personal parts of an entry with their salt."""

    salt: bytes
    text: bytes

    @property
    def hash(self) -> str:
        """Return what the leaf carries of them."""
        return hashlib.sha256(self.salt + self.text).hexdigest()


class Leaf(NamedTuple):
    """A leaf, and what opens its hashes."""

    text: bytes
    told: Part
    kept: Part


def leaf_of(row: Record, body: AuditBody, link: Link | None) -> Leaf:
    """Return the leaf of an entry; `link`: its number in the patient's chain and the hash of the entry before."""
    told = _part(
        body,
        "told",
        categories=body.categories,
        ground=body.ground,
        operation=body.operation,
        organizations=body.organizations,
        reason=body.reason,
        roles=body.roles,
    )
    kept = _part(body, "kept", address=body.address, session=body.session_id, userAgent=body.user_agent)
    text = _canonical(
        {
            "account": row.account_id,
            "action": row.action,
            "at": to_micros(row.at),
            "entry": row.id,
            "form": FORM,
            "kept": kept.hash,
            "operation": row.operation_id,
            "organization": row.organization_id,
            "outcome": row.outcome,
            "patient": row.patient_id,
            "patientNumber": link.number if link else None,
            "patientPrevious": link.hash.hex() if link else None,
            "subject": row.subject_id,
            "told": told.hash,
        }
    )
    return Leaf(text, told, kept)


def _part(body: AuditBody, name: str, **fields: Any) -> Part:
    salt = hashlib.sha256(body.salt + name.encode()).digest()[:16] if body.salt else b""
    return Part(salt, _canonical(fields))


def _canonical(fields: dict[str, Any]) -> bytes:
    """Return JSON in one form: sorted names, no spaces, UTF-8."""
    return msgspec.json.encode(fields, order="sorted")
