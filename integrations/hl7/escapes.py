r"""HL7 escape sequences in text: `\T\`, `\.br\`, `\X41\` and their kin.

Our own, because the library's logs the values that it can't read.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_FORMATS: Final[Mapping[str, str]] = {
    ".br": "\n",
    ".sp": "\n",
    ".ce": "\n",
    ".sk": " ",
    ".in": "",
    ".ti": "",
    ".fi": "",
    ".nf": "",
}
MOST_REPEATED: Final = 100


class Separators(NamedTuple):
    """What a message's header says its parts are separated by."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


def unescape(text: str, separators: Separators, charset: str = "utf-8") -> str:
    """Return text with its escape sequences resolved; those that mean nothing here are left out, as the standard asks.

    Source: HL7 v2.5, chapter 2, section 2.7.
    """
    escape = separators.escape
    if escape not in text:
        return text
    mark = re.escape(escape)
    return re.sub(f"{mark}([^{mark}\r\n]{{0,200}}){mark}", lambda found: _meaning(found[1], separators, charset), text)


def _meaning(sequence: str, separators: Separators, charset: str) -> str:
    single = {
        "F": separators.field,
        "S": separators.component,
        "R": separators.repetition,
        "E": separators.escape,
        "T": separators.subcomponent,
    }.get(sequence)
    if single is not None:
        return single
    if sequence[:1] == "X":
        return _hex(sequence[1:], charset)
    count = sequence[3:].lstrip("+")
    times = int(count) if count.isascii() and count.isdecimal() and len(count) < 4 else 1
    return _FORMATS.get(sequence[:3].lower(), "") * min(times, MOST_REPEATED)


def _hex(digits: str, charset: str) -> str:
    try:
        return bytes.fromhex(digits).decode(charset, "replace").replace("\0", "")
    except ValueError:
        return ""
