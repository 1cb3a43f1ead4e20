"""Tables that spreadsheets open rightly: Cyrillic, leading zeros, nothing that would run as a formula."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Final

_FORMULA: Final = re.compile(r"[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_DIGITS: Final = re.compile(r"0[0-9]+|[0-9]{12,}")
"""What a spreadsheet would make a number of, losing zeros or the last digits."""


def table(rows: Sequence[Sequence[str | None]]) -> bytes:
    """Return a table as CSV: UTF-8 with a byte order mark, semicolons, as Russian spreadsheets expect."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerows([[cell(value) for value in row] for row in rows])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def cell(value: str | None) -> str:
    """Return a cell that stays text: an apostrophe before what would be a formula or a number.

    Source: OWASP, CSV injection.
    """
    text = value or ""
    return f"'{text}" if _FORMULA.match(text) or _DIGITS.fullmatch(text) else text
