"""`python -m server import-fhir`: a summary of what was taken, and where a file is broken."""

import asyncio
import base64
import os
import sqlite3
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from server.importing import import_fhir
from server.settings import Settings
from server.wiring import house, migrated
from tests.conftest import CHEAP
from tests.integrations.fhir.samples import (
    FILES,
    PERSON,
    bundle,
    counted,
    digits,
    needs_synthea,
    observation,
    of_person,
)
from tests.people import populate

runner = CliRunner()
command = typer.Typer()
command.command()(import_fhir)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with people in it, which the environment points at."""
    path = tmp_path / "data.db"
    given = {
        "DATABASE_URL": f"sqlite:///{path}",
        "MASTER_KEYS": f"test:{base64.b64encode(os.urandom(32)).decode()}",
        "MODE": "development",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"MEDKABINET_{name}", value)
    monkeypatch.setenv("COLUMNS", "200")

    async def fill() -> None:
        settings = Settings.of_environment()
        await migrated(settings)
        async with house(settings, cost=CHEAP) as opened:
            await populate(opened.app.store, opened.app.passwords)

    asyncio.run(fill())
    return path


def count(database: Path, what: str) -> int:
    """Return a number from the database."""
    with sqlite3.connect(database) as connection:
        return int(connection.execute(what).fetchone()[0])


def test_files_are_taken_a_broken_one_is_named_and_the_others_go_in(database: Path, tmp_path: Path) -> None:
    good, bad, none = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "none.json"
    good.write_bytes(digits(bundle(PERSON, observation("k", "6.10"), of_person("Claim", "c"))))
    bad.write_bytes(bundle({**PERSON, "id": "p2"}, of_person("Condition", "c", code={})))
    before = count(database, "select count(*) from patient")
    result = runner.invoke(command, [str(bad), str(good), str(none)])
    assert result.exit_code == 1, result.output
    assert "bad.json: Bundle.entry[1].resource.code: says nothing" in result.output
    assert "none.json: No such file or directory" in result.output
    assert "the record has no place for this type yet" in result.output
    assert count(database, "select count(*) from patient") == before + 1
    assert count(database, "select count(*) from session where ended_at is null") == 0
    assert count(database, "select count(*) from audit_entry where action = 'record:import' and outcome = 'DONE'") == 1


def test_an_account_that_is_no_record_system_is_refused(database: Path, tmp_path: Path) -> None:
    file = tmp_path / "good.json"
    file.write_bytes(bundle(PERSON))
    result = runner.invoke(command, [str(file), "--account", "anna@example.org"])
    assert result.exit_code == 1
    assert "--account names no account of a record system" in result.output
    assert runner.invoke(command, [str(file), "--account", "record_system@example.org"]).exit_code == 0


@needs_synthea
def test_a_synthea_file_is_summed_up(database: Path) -> None:
    result = runner.invoke(command, [str(FILES[0])])
    assert result.exit_code == 0, result.output
    want = counted(FILES[0])
    assert count(database, "select count(*) from observation") == want["Observation"]
    assert count(database, "select count(*) from encounter") == want["Encounter"]
    assert "Encounter" in result.output
    assert "ExplanationOfBenefit" in result.output
