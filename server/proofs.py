"""Commands about the audit log: a signed checkpoint to keep, and whether the log still is what was committed to."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from persistence.verifying import Verified

Since = Annotated[
    Path | None,
    typer.Argument(help="a file of checkpoints that were kept elsewhere; without it, those that are stored"),
]


def checkpoint() -> None:
    """Number what is waiting, and print a signed checkpoint of the audit log and the key that checks it."""
    verifier, note = asyncio.run(_checkpoint())
    sys.stdout.write(note)
    sys.stderr.write(f"{verifier}\n")


def verify_log(since: Since = None) -> None:
    """Make every leaf of the audit log anew and compare; name what was changed, dropped, inserted or cut off."""
    found, key = asyncio.run(_verified(since))
    sys.stdout.write(f"{found.size} entries, root {found.root.hex()}, key {key}\n")
    for fault in found.faults:
        sys.stdout.write(f"{fault}\n")
    if found.faults:
        raise typer.Exit(1)


async def _checkpoint() -> tuple[str, str]:
    from actions import audit
    from persistence import ledger
    from server.settings import Settings
    from server.wiring import house

    async with house(Settings.of_environment()) as stands:
        await stands.ledger.settle()
        key = await audit.signer(stands.app)
        async with stands.app.store.snapshot() as snapshot:
            return key.verifier, await audit.checkpoint(snapshot, key, await ledger.size(snapshot))


async def _verified(since: Path | None) -> "tuple[Verified, str]":
    from persistence import ledger, verifying
    from persistence.ledger import SIGNER
    from security.notes import Signer, opened, parsed
    from server.settings import Settings
    from server.wiring import opened as store_opened

    settings = Settings.of_environment()
    async with store_opened(settings) as store, store.snapshot() as snapshot:
        key = Signer(settings.audit_name, (await store.keys.newest(SIGNER)).lookup)
        stored = [row.note for row in await ledger.checkpoints(snapshot)]
        notes = _notes(await asyncio.to_thread(since.read_text)) if since else stored
        kept = [parsed(opened(note, key.verifier)) for note in notes]
        return await verifying.verify(snapshot, {made.size: made.root for made in kept}), key.verifier


def _notes(text: str) -> list[str]:
    """Return the notes of a file, one after the other: each ends with its signature's line."""
    notes, lines = [], list[str]()
    for line in text.splitlines():
        if line or lines:
            lines.append(line)
        if line.startswith("— "):
            notes.append("\n".join(lines) + "\n")
            lines = []
    return notes
