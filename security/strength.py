"""Which passwords are too weak to take: short, repeated, a row of keys, or among the commonest ones.

Source: NIST SP 800-63B, 5.1.1.2; OWASP ASVS 5.0, 6.2.1 and 6.2.4. The list is our own.
"""

from enum import StrEnum
from functools import cache
from pathlib import Path

from security.passwords import LONGEST, UnusablePassword, normalised

SHORTEST = 8
_LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."
_RUSSIAN = "ёйцукенгшщзхъфывапролджэячсмитьбю"
_TO_LATIN = str.maketrans(_RUSSIAN, _LATIN)
_TO_RUSSIAN = str.maketrans(_LATIN, _RUSSIAN)
_ROWS = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "йцукенгшщзхъфывапролджэячсмитьбю",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.",
    "1q2w3e4r5t6y7u8i9o0p",
    "1й2ц3у4к5е6н7г8ш9щ0з",
)


class Weakness(StrEnum):
    """Why a password is not taken."""

    UNUSABLE = "UNUSABLE"
    SHORT = "SHORT"
    PATTERN = "PATTERN"
    COMMON = "COMMON"
    OWN_NAME = "OWN_NAME"


def weakness(password: str, own: tuple[str, ...] = ()) -> Weakness | None:
    """Return why the password is too weak, or None; `own` are the person's login, names and e-mail."""
    try:
        text = normalised(password).casefold()
    except UnusablePassword:
        return Weakness.UNUSABLE if password and len(password) <= LONGEST else _wrong_length(password)
    if len(text) < SHORTEST:
        return Weakness.SHORT
    if _patterned(text):
        return Weakness.PATTERN
    spellings = _spellings(text)
    if spellings & _commonest():
        return Weakness.COMMON
    return Weakness.OWN_NAME if spellings & {name.casefold() for name in own} else None


def _wrong_length(password: str) -> Weakness:
    return Weakness.UNUSABLE if password else Weakness.SHORT


def _patterned(text: str) -> bool:
    """Return whether up to four characters repeat throughout, or the whole is a piece of a row, either way round."""
    repeated = any(text[period:] == text[:-period] for period in range(1, 5))
    return repeated or any(text in row or text[::-1] in row for row in _ROWS)


def _spellings(text: str) -> set[str]:
    """Return the text in both keyboard layouts, each also without what isn't a letter at its ends."""
    layouts = {text, text.translate(_TO_LATIN), text.translate(_TO_RUSSIAN)}
    return layouts | {_core(layout) for layout in (text, *layouts)}


def _core(text: str) -> str:
    letters = [place for place, char in enumerate(text) if char.isalpha()]
    return text[letters[0] : letters[-1] + 1] if letters else text


@cache
def _commonest() -> frozenset[str]:
    words = (Path(__file__).parent / "data" / "common_passwords.txt").read_text("utf-8").split()
    return frozenset(words)
