"""`python -m server import-fhir FILE…`: bundles of other record systems, filed by the operator for a partner."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from actions.call import Call
    from actions.importing import Tally
    from domain.record import BundleSent
    from persistence.store import Store


def import_fhir(
    files: Annotated[list[Path], typer.Argument(help="FHIR R4 bundles, JSON")],
    account: Annotated[str | None, typer.Option(help="login of the record system that they come from")] = None,
) -> None:
    """Import FHIR R4 bundles: each whole or not at all; a second time changes nothing."""
    from persistence.masters import MasterKeyMissing
    from persistence.migrate import SchemaMismatch
    from security.cipher import SealBroken

    try:
        broken = asyncio.run(_import(files, account))
    except SealBroken:
        raise typer.Exit(_complain("the master key doesn't open what is stored")) from None
    except (MasterKeyMissing, SchemaMismatch, ValueError, OSError) as error:
        raise typer.Exit(_complain(str(error) or type(error).__name__)) from None
    if broken:
        raise typer.Exit(1)


class Summary:
    """What came of the files, by resource type."""

    def __init__(self) -> None:
        self.rows: dict[str, Counter[str]] = {}
        self.reasons: Counter[tuple[str, str]] = Counter()
        self.broken: list[tuple[Path, str]] = []

    def add(self, bundle: "BundleSent", tally: "Tally") -> None:
        """Count one file."""
        changes = tally.changes()
        for place, kind in bundle.entries:
            change = changes.get(place)
            row = self.rows.setdefault(kind, Counter())
            row["sent"] += 1
            row[change.value if change else "LEFT_OUT"] += 1
        for left in bundle.left_out:
            self.reasons[left.type, left.reason] += 1

    def show(self) -> None:
        """Print the tables."""
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        console = Console()
        columns = ("sent", "CREATED", "CHANGED", "UNCHANGED", "WITHDRAWN", "LEFT_OUT")
        taken = Table("Resource", *(name.lower().replace("_", " ") for name in columns), title="Import")
        for kind, row in sorted(self.rows.items()):
            taken.add_row(kind, *(str(row[name] or "") for name in columns))
        console.print(taken)
        if self.reasons:
            left = Table("Resource", "Count", "Why", title="Left out")
            for (kind, reason), count in sorted(self.reasons.items()):
                left.add_row(kind, str(count), reason)
            console.print(left)
        for path, problem in self.broken:
            console.print(f"[red]not taken[/red] {escape(str(path))}: {escape(problem)}", soft_wrap=True)


async def _import(files: Sequence[Path], login: str | None) -> bool:
    """Import; return whether a file was broken."""
    from actions.app import App
    from actions.call import Call
    from actions.sessions import sign_out, vouched
    from persistence.audit import AuditLog
    from security.limits import Attempts
    from security.tokens import digest
    from server.settings import Settings
    from server.wiring import closing, opened

    settings = Settings.of_environment()
    async with opened(settings) as store, closing(settings, None) as (tallies, passwords):
        app = App(store, AuditLog(store), passwords, Attempts(tallies, store.clock))
        nobody = Call(app, operation="import-fhir", language="en")
        session = await vouched(nobody, await partner(store, login))
        call = Call(app, digest(session.token), operation="import-fhir", language="en")
        try:
            summary = await _import_all(call, files)
        finally:
            await sign_out(call)
    summary.show()
    return bool(summary.broken)


async def partner(store: "Store", login: str | None) -> int:
    """Return the record system's account: the named one, or the only one that there is.

    Raises:
        ValueError: there is no such account, or more than one.
    """
    from domain.accounts import Role
    from persistence import accounts

    async with store.snapshot() as snapshot:
        holding = await accounts.holding(snapshot, Role.RECORD_SYSTEM)
        if login is None:
            if len(holding) != 1:
                raise ValueError(f"{len(holding)} accounts are record systems: name one with --account LOGIN")
            return holding[0]
        found = await accounts.by_name(snapshot, login)
    if found is None or found[0].id not in holding:
        raise ValueError("--account names no account of a record system")
    return int(found[0].id)


async def _import_all(call: "Call", files: Sequence[Path]) -> Summary:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    summary = Summary()
    columns = (TextColumn("importing"), BarColumn(), MofNCompleteColumn(), TextColumn("files"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        for path in progress.track(files):
            await _import_one(call, path, summary)
    return summary


async def _import_one(call: "Call", path: Path, summary: Summary) -> None:
    from actions import importing
    from domain.errors import Refusal
    from integrations.fhir.bundles import bundle
    from integrations.fhir.elements import Broken

    try:
        sent = bundle(await asyncio.to_thread(path.read_bytes))
        summary.add(sent, await importing.take(call, sent))
    except Broken as broken:
        summary.broken.append((path, str(broken)))
    except Refusal as refusal:
        where = f"{refusal.field}: " if refusal.field else ""
        summary.broken.append((path, f"{where}{refusal.message('en')}"))
    except OSError as error:
        summary.broken.append((path, error.strerror or "can't be read"))


def _complain(text: str) -> int:
    typer.echo(f"medkabinet: {text}", err=True)
    return 1
