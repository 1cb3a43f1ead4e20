"""Scans of documents: kinds, bounds, and what can be wrong with a file."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec


class ScanKind(StrEnum):
    """What a file shows."""

    PASSPORT = "PASSPORT"
    SNILS = "SNILS"
    POLICY = "POLICY"
    REGISTRATION_CERTIFICATE = "REGISTRATION_CERTIFICATE"
    POWER_OF_ATTORNEY = "POWER_OF_ATTORNEY"
    RECORD_EXTRACT = "RECORD_EXTRACT"
    CAMERA = "CAMERA"
    """The person, as the camera sees them now."""


NEEDED: Final = (ScanKind.PASSPORT, ScanKind.SNILS, ScanKind.POLICY)
"""Without these nothing is matched."""


class ScanFault(StrEnum):
    """What is wrong with a file."""

    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    NOT_PDF_OR_JPG = "NOT_PDF_OR_JPG"
    NAME_DISAGREES = "NAME_DISAGREES"
    CUT_OFF = "CUT_OFF"
    UNREADABLE = "UNREADABLE"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    TOO_FEW_PIXELS = "TOO_FEW_PIXELS"
    BLURRED = "BLURRED"
    ENCRYPTED = "ENCRYPTED"
    ACTIVE_CONTENT = "ACTIVE_CONTENT"
    MIXED_FORMATS = "MIXED_FORMATS"
    TOO_MANY_PAGES = "TOO_MANY_PAGES"
    NO_PAGES = "NO_PAGES"
    JPG_NEEDED = "JPG_NEEDED"


LARGEST: Final = 10 * 1024 * 1024
MOST_PIXELS: Final = 60_000_000
SHORTEST_SIDE: Final = 600
"""Pixels: a passport's page, 125 mm wide, at 150 dpi has 740; with fewer than this its small print is lost."""
SHARP: Final = 100.0
"""Variance of the Laplacian on a grey picture of at most 1000 pixels a side: a printed page has about 1000, blurred
by two pixels 85."""
MOST_PAGES: Final = 30

WORDS: Final[Mapping[ScanFault, tuple[str, str]]] = {
    ScanFault.EMPTY: ("Файл пуст.", "The file is empty."),
    ScanFault.TOO_LARGE: ("Файл больше 10 МБ.", "The file has more than 10 MB."),
    ScanFault.NOT_PDF_OR_JPG: ("Это не PDF и не JPG.", "It is neither PDF nor JPG."),
    ScanFault.NAME_DISAGREES: ("Расширение имени не то, что внутри.", "The name's ending isn't what is inside."),
    ScanFault.CUT_OFF: ("Файл обрывается: загрузите его заново.", "The file is cut off: send it again."),
    ScanFault.UNREADABLE: ("Файл не читается.", "The file can't be read."),
    ScanFault.TOO_MANY_PIXELS: (
        "Слишком большое изображение: уменьшите.",
        "The picture is too large: make it smaller.",
    ),
    ScanFault.TOO_FEW_PIXELS: (
        "Слишком мелко: короткая сторона меньше 600 точек.",
        "Too small: the short side has fewer than 600 pixels.",
    ),
    ScanFault.BLURRED: ("Изображение нерезкое: снимите ещё раз.", "The picture is blurred: take it again."),
    ScanFault.ENCRYPTED: ("Файл закрыт паролем.", "The file is locked by a password."),
    ScanFault.ACTIVE_CONTENT: (
        "В файле есть сценарии или вложения: сохраните документ как простой скан.",
        "There are scripts or attachments in the file: save the document as a plain scan.",
    ),
    ScanFault.MIXED_FORMATS: ("В файле спрятан второй формат.", "A second format is hidden in the file."),
    ScanFault.TOO_MANY_PAGES: ("Больше 30 страниц.", "More than 30 pages."),
    ScanFault.NO_PAGES: ("В файле нет страниц.", "The file has no pages."),
    ScanFault.JPG_NEEDED: ("Снимок камеры должен быть JPG.", "A camera's picture must be JPG."),
}


class Seen(msgspec.Struct, frozen=True):
    """What a look at a file has found."""

    media_type: str | None
    faults: tuple[ScanFault, ...] = ()
    sharpness: float | None = None
    """None: there is no picture in it to measure."""
    width: int | None = None
    height: int | None = None
