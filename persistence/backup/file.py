"""A backup's file: a header in the clear, then sealed chunks, then a sealed end that counts them.

    magic | length, header (JSON) | length, table's name, sealed chunk | … | length, empty name, sealed end

The header names the format, the schema's revision, the master key and the file's own key, wrapped by it. Every chunk is
sealed under that key and bound to the header, its number and its table, so nothing can be changed, moved, left out, cut
off or taken from another backup unnoticed. Numbers are big-endian.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from persistence.masters import MasterKeys
from security.cipher import SealBroken, new_key, seal, unseal

MAGIC: Final = b"MEDKABINET BACKUP\n"
FORMAT: Final = 1
LONGEST_HEADER: Final = 4096
LONGEST_CHUNK: Final = 1 << 28
END: Final = ""
_LENGTH: Final = struct.Struct(">I")
_FRAME: Final = struct.Struct(">IB")


class BackupDamaged(Exception):
    """This isn't a whole backup of this kind: it was changed, cut off, or is another file."""


class Header(msgspec.Struct, frozen=True):
    """What must be known before a backup can be opened; nothing of it is personal."""

    format: int
    which: str
    """`data` or `keys`."""
    pair: str
    """The same in the two files of one backup."""
    schema: str
    """The migrations' revision of what was backed up."""
    made_at: str
    master: str
    """Name of the master key that opens it."""
    wrapped: bytes


class Chunk(msgspec.Struct, frozen=True, array_like=True):
    """Rows of one table, their columns named."""

    columns: tuple[str, ...]
    rows: list[list[Any]]


class Summary(msgspec.Struct, frozen=True, array_like=True):
    """What a whole backup holds."""

    chunks: int
    rows: dict[str, int]


class Writer:
    """Writes one file."""

    def __init__(self, file: BinaryIO, masters: MasterKeys, *, which: str, pair: str, schema: str, made_at: str):
        master, material = masters.current, new_key()
        wrapped = seal(masters.cipher(master), material, _wrap_place(which, pair))
        header = Header(FORMAT, which, pair, schema, made_at, master, wrapped)
        text = msgspec.json.encode(header)
        self._file = file
        self._key = AESGCM(material)
        self._digest = hashlib.sha256(text).digest()
        self._chunks = 0
        self._rows: dict[str, int] = {}
        file.write(MAGIC + _LENGTH.pack(len(text)) + text)

    def table(self, table: str) -> None:
        """Note a table, so that an empty one is counted too."""
        self._rows.setdefault(table, 0)

    def write(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Add rows."""
        self._rows[table] += len(rows)
        self._frame(table, msgspec.msgpack.encode(Chunk(tuple(columns), [list(row) for row in rows])))
        self._chunks += 1

    def end(self) -> Summary:
        """Close the file's contents; without this it counts as cut off."""
        summary = Summary(self._chunks, self._rows)
        self._frame(END, msgspec.msgpack.encode(summary))
        return summary

    def _frame(self, table: str, plain: bytes) -> None:
        sealed = seal(self._key, plain, _place(self._digest, self._chunks, table))
        if len(sealed) > LONGEST_CHUNK:
            raise ValueError(f"a chunk of {table} is too large")
        name = table.encode()
        self._file.write(_FRAME.pack(len(sealed), len(name)) + name + sealed)


class Reader:
    """Reads one file, checking all of it on the way."""

    def __init__(self, file: BinaryIO, masters: MasterKeys) -> None:
        """Read the header and unwrap the file's key.

        Raises:
            BackupDamaged: this is no backup.
            MasterKeyMissing: the master key that opens it isn't at hand.
        """
        self._file = file
        if file.read(len(MAGIC)) != MAGIC:
            raise BackupDamaged("this is no backup of Medkabinet")
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        if length > LONGEST_HEADER:
            raise BackupDamaged("the header is damaged")
        text = self._exactly(length)
        self.header = _header(text)
        self._digest = hashlib.sha256(text).digest()
        self._summary: Summary | None = None
        place = _wrap_place(self.header.which, self.header.pair)
        try:
            self._key = AESGCM(unseal(masters.cipher(self.header.master), self.header.wrapped, place))
        except SealBroken:
            raise BackupDamaged("the master key doesn't open this backup, or its header is damaged") from None

    def chunks(self) -> Iterator[tuple[str, Chunk]]:
        """Yield (table, rows) to the end, which must be there and agree.

        Raises:
            BackupDamaged: something was changed, moved or cut off.
        """
        number, rows = 0, dict[str, int]()
        while True:
            table, plain = self._frame(number)
            if table == END:
                self._finish(plain, number, rows)
                return
            chunk = _decoded(plain, Chunk)
            rows[table] = rows.get(table, 0) + len(chunk.rows)
            number += 1
            yield table, chunk

    def verified(self) -> Summary:
        """Read to the end and return what the file holds.

        Raises:
            BackupDamaged: it isn't whole.
        """
        for _ in self.chunks():
            pass
        assert self._summary is not None, "chunks() ends with it or raises"
        return self._summary

    def _finish(self, plain: bytes, number: int, rows: dict[str, int]) -> None:
        summary: Summary = _decoded(plain, Summary)
        self._summary = summary
        counted = {table: count for table, count in summary.rows.items() if count}
        if summary.chunks != number or counted != rows or self._file.read(1):
            raise BackupDamaged("the backup's end doesn't agree with what comes before it")

    def _frame(self, number: int) -> tuple[str, bytes]:
        length, name_length = _FRAME.unpack(self._exactly(_FRAME.size))
        if length > LONGEST_CHUNK:
            raise BackupDamaged(f"chunk {number} is damaged")
        name, sealed = self._exactly(name_length), self._exactly(length)
        try:
            table = name.decode()
            return table, unseal(self._key, sealed, _place(self._digest, number, table))
        except (SealBroken, UnicodeDecodeError):
            raise BackupDamaged(f"chunk {number} is damaged") from None

    def _exactly(self, length: int) -> bytes:
        found = self._file.read(length)
        if len(found) != length:
            raise BackupDamaged("the backup is cut off")
        return found


def _header(text: bytes) -> Header:
    try:
        header = msgspec.json.decode(text, type=Header)
    except msgspec.DecodeError:
        raise BackupDamaged("the header is damaged") from None
    if header.format != FORMAT:
        raise BackupDamaged("the header is damaged, or a newer program made this backup")
    return header


def _decoded(plain: bytes, shape: type[Any]) -> Any:
    try:
        return msgspec.msgpack.decode(plain, type=shape)
    except msgspec.DecodeError:
        raise BackupDamaged("the backup holds what this program doesn't know") from None


def _wrap_place(which: str, pair: str) -> bytes:
    return f"backup|{which}|{pair}".encode()


def _place(digest: bytes, number: int, table: str) -> bytes:
    return b"chunk|%s|%d|%s" % (digest, number, table.encode())
