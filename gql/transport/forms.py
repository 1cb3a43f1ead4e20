"""Reads a multipart/form-data body into memory, within its limits.

Into memory, not as starlette does it: its temporary files are health data in the clear on the disk.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers, UploadFile

from gql.transport.refusals import BAD_FORM, TOO_LARGE, Refused
from gql.transport.settings import Limits

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELDS = 2  # operations and map; the specification knows no others


@dataclass(slots=True)
class Form:
    """The parts of a form by their names."""

    fields: dict[str, bytearray] = field(default_factory=dict)
    files: dict[str, UploadFile] = field(default_factory=dict)


async def parse(chunks: AsyncIterator[bytes], boundary: str, limits: Limits) -> Form:
    """Return the form in a body.

    Raises:
        Refused: malformed, cut off, or over a limit.
    """
    reader = _Reader(limits)
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except (FormParserError, UnicodeError):
        raise Refused(BAD_FORM) from None
    if not reader.ended:
        raise Refused(BAD_FORM)
    return reader.form


class _Reader:
    """Collects what the parser meets."""

    def __init__(self, limits: Limits) -> None:
        self.form = Form()
        self.ended = False
        self._limits = limits
        self._headers: list[tuple[bytes, bytes]] = []
        self._name, self._value = bytearray(), bytearray()
        self._target: bytearray | UploadFile = bytearray()
        self._size = 0

    def callbacks(self) -> "MultipartCallbacks":
        """Return what the parser calls."""
        return {
            "on_part_begin": self._part_begin,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_end": self._end,
        }

    def _part_begin(self) -> None:
        self._headers, self._size = [], 0

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers.append((bytes(self._name).lower(), bytes(self._value)))
        self._name, self._value = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(dict(self._headers).get(b"content-disposition", b""))
        if b"name" not in options:
            raise Refused(BAD_FORM)
        name = options[b"name"].decode()
        if name in self.form.fields or name in self.form.files:
            raise Refused(BAD_FORM)
        self._target = self._file(name, options[b"filename"].decode()) if b"filename" in options else self._field(name)

    def _field(self, name: str) -> bytearray:
        if len(self.form.fields) == FIELDS:
            raise Refused(BAD_FORM)
        return self.form.fields.setdefault(name, bytearray())

    def _file(self, name: str, filename: str) -> UploadFile:
        if len(self.form.files) == self._limits.files:
            raise Refused(TOO_LARGE)
        upload = UploadFile(BytesIO(), size=0, filename=filename, headers=Headers(raw=self._headers))
        return self.form.files.setdefault(name, upload)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        target = self._target
        if self._size > (self._limits.body if isinstance(target, bytearray) else self._limits.file):
            raise Refused(TOO_LARGE)
        if isinstance(target, bytearray):
            target += data[start:end]
        else:
            target.file.write(data[start:end])
            target.size = self._size

    def _part_end(self) -> None:
        if isinstance(self._target, UploadFile):
            self._target.file.seek(0)

    def _end(self) -> None:
        self.ended = True
