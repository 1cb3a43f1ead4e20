"""The command line: `python -m server COMMAND`."""

import asyncio
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from server import backups, proofs
from server.accounts import make_account
from server.importing import import_fhir

P = ParamSpec("P")
app = typer.Typer(no_args_is_help=True, add_completion=False, help="Medkabinet, the open medical personal account.")


@app.command()
def serve() -> None:
    """Serve the API with the settings of the environment."""
    from server.running import serve

    _stop_on_trouble(serve)


@app.command()
def demo(
    host: Annotated[str, typer.Option(help="loopback only: the demo shows its people's passwords")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port")] = 8000,
    folder: Annotated[Path, typer.Option(help="where the demo's database lies")] = Path(".demo"),
) -> None:
    """Serve the whole product with demo people on SQLite."""
    from server.running import serve_demo

    _stop_on_trouble(lambda: serve_demo(host, port, folder))


@app.command()
def migrate(
    service_user: Annotated[str | None, typer.Option(help="PostgreSQL user that the service runs as")] = None,
) -> None:
    """Bring the databases to this program's schema."""
    from server.settings import Settings
    from server.wiring import migrated

    async def run() -> None:
        settings = Settings.of_environment()
        await migrated(settings.model_copy(update={"service_user": service_user or settings.service_user}))

    _stop_on_trouble(lambda: asyncio.run(run()))


@app.command()
def make_master_key(
    file: Annotated[Path, typer.Argument(help="file of master keys")],
    name: Annotated[str, typer.Option(help="name of the new key, such as 2026-11")],
) -> None:
    """Add a new master key to a file; it becomes the current one."""
    from persistence.masters import make_master_key as make

    _stop_on_trouble(lambda: make(file, name))


app.command("import-fhir")(import_fhir)


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    from gql.assembled import strawberry_schema

    sys.stdout.write(strawberry_schema().as_str() + "\n")


def _stopping(command: Callable[P, None]) -> Callable[P, None]:
    """Return a command that says what an operator can mend in one line."""

    @functools.wraps(command)
    def stopping(*args: P.args, **given: P.kwargs) -> None:
        _stop_on_trouble(lambda: command(*args, **given))

    return stopping


for _command in (
    make_account,
    backups.backup,
    backups.restore,
    backups.replay_erasures,
    backups.rotate_master,
    backups.reseal,
    proofs.checkpoint,
    proofs.verify_log,
):
    app.command()(_stopping(_command))


def _stop_on_trouble(run: object) -> None:
    """Run; say what an operator can mend in one line, without a traceback."""
    from persistence.backup import BackupDamaged, TargetNotEmpty
    from persistence.masters import MasterKeyMissing
    from persistence.migrate import SchemaMismatch
    from security.cipher import SealBroken
    from security.notes import NoteBroken

    try:
        run()  # type: ignore[operator]
    except (BackupDamaged, MasterKeyMissing, NoteBroken, SchemaMismatch, TargetNotEmpty, ValueError, OSError) as error:
        raise typer.Exit(_complain(str(error) or type(error).__name__)) from None
    except SealBroken:
        raise typer.Exit(_complain("the master key doesn't open what is stored")) from None


def _complain(text: str) -> int:
    typer.echo(f"medkabinet: {text}", err=True)
    return 1


if __name__ == "__main__":
    app()
