"""Bytes of an HL7 v2 message → text: byte order marks, MSH-18, line ends of every kind."""

import codecs
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

HOUSE_CHARSET: Final = "windows-1251"
"""What Russian laboratories send where they name no charset and it isn't UTF-8."""

CHARSETS: Final[Mapping[str, str]] = {
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "UNICODE": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "UNICODE UTF-32": "utf-32",
    "WINDOWS-1251": "windows-1251",
    "WINDOWS1251": "windows-1251",
    "WIN-1251": "windows-1251",
    "WIN1251": "windows-1251",
    "CP1251": "windows-1251",
    "1251": "windows-1251",
    "WINDOWS-1252": "windows-1252",
    "CP1252": "windows-1252",
    "KOI8-R": "koi8-r",
    "CP866": "cp866",
    "IBM866": "cp866",
} | {
    f"{prefix}8859{mark}{n}": f"iso8859-{n}"
    for prefix in ("", "ISO", "ISO-")
    for mark in "/-"
    for n in (*range(1, 12), 13, 14, 15, 16)
}
"""HL7 table 0211 and what is met beside it. Only these: Python's codecs include some that aren't charsets."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED: Final = ((b"M\0S\0H\0", "utf-16-le"), (b"\0M\0S\0H", "utf-16-be"))
_FRAMING: Final = b"\x0b\x1c\r\n \t"
_LINE_ENDS: Final = ("\r\n", "\n", "\x85", "\u2028", "\u2029")


class Decoded(NamedTuple):
    """A message's text."""

    text: str
    """Segments end with CR."""
    charset: str
    """As Python calls it; the acknowledgement goes back in it."""
    faithful: bool = True
    """False where the bytes are not in the charset that the message names: fit for its header only."""


def decode(raw: bytes) -> Decoded:
    """Return a message's text; never fails."""
    for mark, charset in _MARKS:
        if raw.startswith(mark):
            return _decoded(raw[len(mark) :], charset)
    raw = raw.lstrip(_FRAMING)
    for start, charset in _UNMARKED:
        if raw.startswith(start):
            return _decoded(raw, charset)
    named = CHARSETS.get(_named(raw))
    if named is not None:
        return _decoded(raw, named)
    try:
        return _decoded(raw, "utf-8", errors="strict")
    except UnicodeDecodeError:
        return _decoded(raw, HOUSE_CHARSET)


def _decoded(raw: bytes, charset: str, errors: str = "") -> Decoded:
    if errors:
        return Decoded(_lines(raw.decode(charset, errors)), charset)
    try:
        return Decoded(_lines(raw.decode(charset)), charset)
    except UnicodeDecodeError:
        return Decoded(_lines(raw.decode(charset, "replace")), charset, faithful=False)


def _named(raw: bytes) -> str:
    """Return MSH-18's first value; the header is ASCII in every charset that can be named there."""
    header = re.split(rb"[\r\n]", raw[:10_000], maxsplit=1)[0]
    if not header.startswith(b"MSH") or len(header) < 8:
        return ""
    fields = header.split(header[3:4])
    repetition = header[5:6]
    value = fields[17].split(repetition)[0] if len(fields) > 17 else b""
    return value.decode("ascii", "replace").strip().upper()


def _lines(text: str) -> str:
    text = text.strip("\ufeff\x0b\x1c\r\n\t ")
    for end in _LINE_ENDS:  # a pattern would hold up everyone for seconds over 20 MiB of line ends
        text = text.replace(end, "\r")
    return text
