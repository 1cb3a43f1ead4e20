"""The commands that keep the data, as an operator runs them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from server.__main__ import app

MASTER = "one:" + "A" * 43 + "="


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a migrated database, and an environment that names it."""
    (tmp_path / "master.keys").write_text(f"{MASTER}\n")
    monkeypatch.setenv("MEDKABINET_MASTER_KEYS_FILE", str(tmp_path / "master.keys"))
    monkeypatch.setenv("MEDKABINET_DATABASE_URL", f"sqlite:///{tmp_path / 'data.db'}")
    assert run("migrate").exit_code == 0
    return tmp_path


def test_a_backup_is_restored_elsewhere(place: Path, monkeypatch: pytest.MonkeyPatch):
    assert run("backup", place / "a", "--keys", place / "k").exit_code == 0
    refused = run("restore", place / "a", "--keys", place / "a")
    assert (refused.exit_code, "is a backup of the data" in refused.stderr) == (1, True)
    (place / "new").mkdir()
    monkeypatch.setenv("MEDKABINET_DATABASE_URL", f"sqlite:///{place / 'new' / 'data.db'}")
    done = run("restore", place / "a", "--keys", place / "k")
    assert done.exit_code == 0, done.stderr
    assert "bytes/s" in done.stdout


def test_a_wrong_master_key_is_said_in_one_line(place: Path):
    assert run("backup", place / "a").exit_code == 0
    (place / "master.keys").write_text("one:" + "B" * 42 + "A=\n")
    said = run("restore", place / "a")
    assert said.exit_code == 1
    assert said.stderr.count("\n") == 1
    assert "master key" in said.stderr


def test_everything_can_be_sealed_anew(place: Path):
    done = run("reseal", "--grace", "0")
    assert done.exit_code == 0, done.stderr
    assert "0 bodies sealed anew" in done.stdout


def run(*words: object) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, [str(word) for word in words])
