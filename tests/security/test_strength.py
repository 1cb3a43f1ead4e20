from pathlib import Path

import pytest

from security import strength
from security.strength import Weakness, weakness


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", Weakness.SHORT),
        ("Яблок0!", Weakness.SHORT),
        ("a" * 257, Weakness.UNUSABLE),
        ("with a\0nul", Weakness.UNUSABLE),
        ("aaaaaaaaaa", Weakness.PATTERN),
        ("абвабвабв", Weakness.PATTERN),
        ("87654321", Weakness.PATTERN),
        ("qwertyuiop", Weakness.PATTERN),
        ("йцукенгшщ", Weakness.PATTERN),
        ("Password2026!", Weakness.COMMON),
        ("Пароль2026", Weakness.COMMON),
        ("gfhjkm2026", Weakness.COMMON),
        ("йцукен12345", Weakness.COMMON),
        ("ghbdtnghbdtn", Weakness.COMMON),
        ("П@р0ль2026", Weakness.COMMON),
        ("P@$$w0rd1!", Weakness.COMMON),
        ("gfhjkm_2026!", Weakness.COMMON),
        ("Trustno1", Weakness.COMMON),
        ("qwertyqwerty", Weakness.PATTERN),
        (",f,eirf1950", Weakness.COMMON),
        ("здоровье", Weakness.COMMON),
        ("петренко1980", Weakness.OWN_NAME),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password, fault):
    assert weakness(password, own=("Петренко",)) is fault


@pytest.mark.parametrize("password", ["лошадь скрепка завод", "тихий ёж у реки", "x8!kQ2vv_b", "gthtdjhjn ntgkj[jl"])
def test_a_phrase_or_random_characters_are_taken(password):
    assert weakness(password) is None


def test_the_three_thousand_that_leaked_most_are_refused():
    """Of those that are long enough; however their case and the digits at their end are changed."""
    words = (Path(strength.__file__).parent / "data" / "leaked_passwords.txt").read_text().split()
    assert len(words) == 3500
    assert all(weakness(word) is not None for word in words)
    letters = [word for word in words if word.isalpha()]
    assert all(weakness(f"{word.title()}2026!") is not None for word in letters)
