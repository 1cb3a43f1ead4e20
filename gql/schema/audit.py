"""The log of openings, the security log, and the proofs of both."""

from datetime import datetime

import strawberry

from domain.access import Category, Ground
from domain.accounts import Role
from domain.openings import in_words
from gql.planning.sources import column, computed, node, reference, sealed, to_one
from gql.schema.happenings import Happening
from gql.schema.organizations import Organization
from gql.schema.refs import account_ref, entry_ref
from persistence.accounts import AccountBody, AccountRow
from persistence.audit import AuditBody, AuditRow


def listed(values: tuple[str, ...]) -> list[str]:
    """Return a stored tuple as a list."""
    return list(values)


def russian(action: str, outcome: str, roles: tuple[str, ...], categories: tuple[str, ...], ground: str | None) -> str:
    """Return an entry in Russian."""
    return in_words(action, outcome, roles, categories, ground, english=False)


def english(action: str, outcome: str, roles: tuple[str, ...], categories: tuple[str, ...], ground: str | None) -> str:
    """Return an entry in English."""
    return in_words(action, outcome, roles, categories, ground, english=True)


SAID = {"columns": [AuditRow.action, AuditRow.outcome], "attributes": ["roles", "categories", "ground"]}


@node(AccountRow, AccountBody, description="Whoever acted.")
class Actor:
    """An account as others see it."""

    name: str = sealed("name", "What the account is called.")


@node(AuditRow, AuditBody, description="One entry of the log.")
class AuditEntry:
    """An entry."""

    id: strawberry.ID = computed(entry_ref, "For asking about the entry.", columns=[AuditRow.id])
    at: datetime = column(AuditRow.at, "When.")
    action: str = column(AuditRow.action, "What was done: `subject:action`.")
    outcome: str = column(AuditRow.outcome, "DONE or REFUSED.")
    words: str = computed(russian, "The same in plain Russian words.", **SAID)
    words_english: str = computed(english, "The same in plain English words.", **SAID)
    actor: Actor | None = to_one(AuditRow.account_id, "Who.")
    account_id: strawberry.ID | None = computed(
        account_ref, "For security officers, who may lock it.", columns=[AuditRow.account_id]
    )
    organization: Organization | None = to_one(AuditRow.organization_id, "Where the actor works.")
    categories: list[Category] = computed(listed, "Which data.", attributes=["categories"])
    roles: list[Role] = computed(listed, "The roles held at that moment.", attributes=["roles"])
    ground: Ground | None = sealed("ground", "On what ground it was allowed.")
    reason: str | None = sealed("reason", "Why it was refused: a stable code; REPEATED: an answer given once more.")
    address: str = sealed("address", "From which network address.")
    operation: str = sealed("operation", "The client's name of the operation.")


@strawberry.type(description="Someone opened or changed a record.")
class RecordOpened(Happening):
    """An event."""

    entry: AuditEntry | None = reference("The log's entry.")


@strawberry.type(description="Something that security should look at.")
class SecurityAlertRaised(Happening):
    """An event."""

    entry: AuditEntry | None = reference("The log's entry that raised it.")


@strawberry.type(description="An entry as the log commits to it, with its proof.")
class ProvedEntry:
    """A proved entry."""

    number: int = strawberry.field(description="Its place in the log, from 0.")
    patient_number: int = strawberry.field(description="Its place among the entries about the patient, from 1.")
    leaf: str = strawberry.field(description="The text that is hashed: SHA-256(0x00 + text) is the leaf.")
    told: str = strawberry.field(description="What is told of it: SHA-256(salt + text) stands in the leaf as `told`.")
    salt: str = strawberry.field(description="Base64.")
    proof: list[str] = strawberry.field(description="Hashes from the leaf up to the root, Base64 (RFC 6962, 2.1.1).")


@strawberry.type(description="What shows that the log tells all about a patient; `clients/verifier` checks it.")
class AccessLogProof:
    """A page of proofs."""

    verifier: str = strawberry.field(description="The log's public key: name+id+key (C2SP vkey).")
    checkpoint: str = strawberry.field(description="A signed checkpoint (C2SP); worth keeping.")
    chain: str = strawberry.field(description="Signed: how many entries there are about the patient, and the last.")
    entries: list[ProvedEntry] = strawberry.field(description="From the asked place on, up to 100.")


@strawberry.type(description="A signed checkpoint of the audit log, and that it begins with an older one.")
class AuditCheckpoint:
    """A checkpoint."""

    verifier: str = strawberry.field(description="The log's public key: name+id+key (C2SP vkey).")
    checkpoint: str = strawberry.field(description="A signed note (C2SP): origin, size, root.")
    consistency: list[str] = strawberry.field(description="Hashes, Base64 (RFC 6962, 2.1.2); empty without `older`.")
