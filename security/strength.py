"""Which passwords are too weak to take: short, repeated, a row of keys, or among the commonest ones.

Source: NIST SP 800-63B, 5.1.1.2; OWASP ASVS 5.0, 6.2.1 and 6.2.4. `common_passwords.txt` is our own, Russian for the
most part; `leaked_passwords.txt` has the 3,500 that leaked most often among those of 8 characters and more, from
zxcvbn 4.5.0 (`LICENSE.zxcvbn.txt`).
"""

from enum import StrEnum
from functools import cache
from pathlib import Path

from security.passwords import LONGEST, UnusablePassword, normalised

SHORTEST = 8
LONG = 15
"""From here on a word said twice is a phrase."""
_LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."
_RUSSIAN = "ёйцукенгшщзхъфывапролджэячсмитьбю"
_TO_LATIN = str.maketrans(_RUSSIAN, _LATIN)
_TO_RUSSIAN = str.maketrans(_LATIN, _RUSSIAN)
_LATIN_LETTERS = str.maketrans("0134578@$!", "oleastbasi")
_RUSSIAN_LETTERS = str.maketrans("0346@", "очзба") | str.maketrans("aceopxy", "асеорху")
_LETTERS = (_LATIN_LETTERS, _RUSSIAN_LETTERS)
"""What is written in a letter's place, in both alphabets."""
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
    LEAKED = "LEAKED"
    """On the operator's list (`security/leaked.py`)."""


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
    if len(text) < LONG and (text + text).find(text, 1) < len(text):
        return Weakness.PATTERN
    return Weakness.OWN_NAME if spellings & {name.casefold() for name in own} else None


def _wrong_length(password: str) -> Weakness:
    return Weakness.UNUSABLE if password else Weakness.SHORT


def _patterned(text: str) -> bool:
    """Return whether up to four characters repeat throughout, or the whole is a piece of a row, either way round."""
    repeated = any(text[period:] == text[:-period] for period in range(1, 5))
    return repeated or any(text in row or text[::-1] in row for row in _ROWS)


def _spellings(text: str) -> set[str]:
    """Return the text in both keyboard layouts, each also without what isn't a letter at its ends."""
    plain = {text, text.translate(_LATIN_LETTERS), text.translate(_RUSSIAN_LETTERS)}
    layouts = {layout for one in plain for layout in (one, one.translate(_TO_LATIN), one.translate(_TO_RUSSIAN))}
    return layouts | {_core(layout) for layout in layouts} | {_core(text).translate(table) for table in _LETTERS}


def _core(text: str) -> str:
    letters = [place for place, char in enumerate(text) if char.isalpha()]
    return text[letters[0] : letters[-1] + 1] if letters else text


@cache
def _commonest() -> frozenset[str]:
    files = [Path(__file__).parent / "data" / f"{name}_passwords.txt" for name in ("common", "leaked")]
    return frozenset(word for file in files for word in file.read_text("utf-8").split())
