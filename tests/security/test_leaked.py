"""Leaked passwords are found in an ordered file of hashes, wherever they stand in it."""

import hashlib
from pathlib import Path

import pytest

from security.leaked import Leaked


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper()


@pytest.mark.parametrize("many", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_line_of_the_list_is_found_and_nothing_else(tmp_path: Path, many: int, end: str) -> None:
    path = tmp_path / "leaked.txt"
    words = [f"пароль {n}" for n in range(many)]
    path.write_text(
        "".join(f"{line}:{7 ** (n % 9)}{end}" for n, line in enumerate(sorted(map(sha1, words)))), newline=""
    )
    leaked = Leaked(path)
    assert all(leaked.knows(word) for word in words)
    assert not any(leaked.knows(f"другой {n}") for n in range(200))


def test_without_a_list_nothing_is_known(tmp_path: Path) -> None:
    assert not Leaked().knows("password")
    (tmp_path / "empty").touch()
    assert not Leaked(tmp_path / "empty").knows("password")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("password\n")
    with pytest.raises(ValueError, match="no ordered list"):
        Leaked(path)
