"""Commands that keep the data: backup, restore, a new master key, everything sealed anew."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

KeysFile = Annotated[Path | None, typer.Option("--keys", help="the keys' file; best kept in another place")]


def backup(to: Annotated[Path, typer.Argument(help="file to write the data to")], keys: KeysFile = None) -> None:
    """Back up data and keys, encrypted, while the service goes on writing."""
    from server import vault

    _say(asyncio.run(vault.backup(to, keys or _keys_beside(to))))


def restore(
    from_: Annotated[Path, typer.Argument(metavar="FROM", help="the backup's data file")], keys: KeysFile = None
) -> None:
    """Restore a backup into an empty place; all of it is checked before anything is written."""
    from server import vault

    _say(asyncio.run(vault.restore(from_, keys or _keys_beside(from_))))


def replay_erasures() -> None:
    """Erase again what the list of erasures names, and destroy its keys; `restore` does it by itself.

    On PostgreSQL it needs the databases' owner, as `migrate` does.
    """
    from server import vault

    _say(f"{asyncio.run(vault.replay_erasures())} people erased")


def rotate_master(
    name: Annotated[str | None, typer.Argument(help="the new key's name; today's date by default")] = None,
) -> None:
    """Add a new master key to the file and wrap every key under it, while servers run.

    Broken off, it goes on when run again with the same name. The old master key stays in the file: backups need it.
    """
    from server import vault

    _say(asyncio.run(vault.rotate_master(name)))


def reseal(
    grace: Annotated[
        float | None, typer.Option(hidden=True, help="seconds for servers to learn; 0 where none runs")
    ] = None,
) -> None:
    """Seal everything anew under new keys, then destroy the old ones, while servers run.

    Broken off, it goes on when run again. On PostgreSQL it needs the databases' owner, as `migrate` does.
    """
    from server import vault

    done = asyncio.run(vault.reseal(grace))
    _say(f"{done.renewed} owners renewed, {done.moved} bodies sealed anew, {done.destroyed} old keys destroyed")
    for table, row, _, number in done.broken:
        _say(f"{table} {row} doesn't open under key {number}; both are left as they are")
    if done.broken:
        raise typer.Exit(1)


def _keys_beside(data: Path) -> Path:
    return data.with_name(f"{data.name}.keys")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
