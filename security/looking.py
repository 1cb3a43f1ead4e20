"""Looks at a file that somebody sent: what it is, whether it can be read, and what is hidden in it.

Runs as a process of its own (`python -m security.looking`, see `scans.py`), which may be killed: whatever a hostile
file does to a decoder, it does there. File in by stdin, one line of JSON and the cleaned file out by stdout.
"""

import io
import resource
import sys
from pathlib import PurePath
from typing import Any, Final

import msgspec

from domain.scans import MOST_PAGES, MOST_PIXELS, SHARP, SHORTEST_SIDE, ScanFault, ScanKind, Seen

JPEG: Final = "image/jpeg"
PDF: Final = "application/pdf"
_ENDINGS: Final = {JPEG: {".jpg", ".jpeg", ".jpe"}, PDF: {".pdf"}}
_ACTIVE_KEYS: Final = {"/JS", "/JavaScript", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/AA", "/RichMedia", "/XFA"}
_ACTIVE_NAMES: Final = {
    *("/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToR", "/GoToE", "/Movie", "/Sound", "/Rendition"),
    *("/RichMedia", "/EmbeddedFile", "/FileAttachment", "/Filespec"),
}
_DEEPEST: Final = 40
_MEASURED: Final = 5
_BOUNDS: Final = {
    resource.RLIMIT_AS: 1024 * 1024 * 1024,  # a picture of 60 megapixels has 180 MB when it is unpacked
    resource.RLIMIT_CPU: 20,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
}
_SIDE: Final = 1000
_OTHERS: Final = (b"%PDF-", b"<script", b"<?php", b"PK\x03\x04", b"Rar!\x1a")
_LEFT_OUT: Final = {*range(0xE1, 0xF0), 0xFE} - {0xE2, 0xEE}
"""JPEG segments with EXIF (places, devices), thumbnails and comments; ICC profiles and Adobe's colours stay."""


class Wrong(Exception):
    """The file has a fault."""

    def __init__(self, fault: ScanFault) -> None:
        super().__init__(fault)
        self.fault = fault


def look(data: bytes, name: str, kind: ScanKind) -> tuple[Seen, bytes]:
    """Return what a file is and what is wrong with it, and the file as it may be kept."""
    media_type = JPEG if data[:3] == b"\xff\xd8\xff" else PDF if data[:5] == b"%PDF-" else None
    try:
        if media_type is None:
            hidden = b"%PDF-" in data[:1024] or b"\xff\xd8\xff" in data[:1024]
            raise Wrong(ScanFault.MIXED_FORMATS if hidden else ScanFault.NOT_PDF_OR_JPG)
        if PurePath(name).suffix.lower() not in _ENDINGS[media_type]:
            raise Wrong(ScanFault.NAME_DISAGREES)
        if media_type == PDF and kind is ScanKind.CAMERA:
            raise Wrong(ScanFault.JPG_NEEDED)
        return _jpeg(data) if media_type == JPEG else _pdf(data)
    except Wrong as wrong:
        return Seen(media_type, (wrong.fault,)), b""


def _jpeg(data: bytes) -> tuple[Seen, bytes]:
    kept = stripped(data)
    image = _picture(data)
    turned = image.getexif().get(0x0112, 1) not in (None, 1)
    width, height = image.size
    sharpness = _sharpness(image)
    if turned:  # the turn stood in the EXIF that goes
        from PIL import Image, ImageOps

        upright: Any = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        written = io.BytesIO()
        upright.convert("RGB").save(written, "JPEG", quality=92)
        kept, (width, height) = written.getvalue(), upright.size
    faults = _judged(width, height, sharpness)
    return Seen(JPEG, faults, sharpness, width, height), b"" if faults else kept


def _judged(width: int, height: int, sharpness: float) -> tuple[ScanFault, ...]:
    found = []
    if min(width, height) < SHORTEST_SIDE:
        found.append(ScanFault.TOO_FEW_PIXELS)
    if sharpness < SHARP:
        found.append(ScanFault.BLURRED)
    return tuple(found)


def stripped(data: bytes) -> bytes:
    """Return a JPEG without what tells of its device and place; nothing may follow its end.

    Raises:
        Wrong: it is cut off, is no JPEG inside, or holds another format.
    """
    kept, at = bytearray(b"\xff\xd8"), 2
    while True:
        if at + 4 > len(data):
            raise Wrong(ScanFault.CUT_OFF)
        if data[at] != 0xFF:
            raise Wrong(ScanFault.UNREADABLE)
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if any(other in data[at:end].lower() for other in (b"<script", b"<?php", b"%pdf-")):
            raise Wrong(ScanFault.MIXED_FORMATS)
        if marker not in _LEFT_OUT:
            kept += data[at:end]
        at = end
        if marker == 0xDA:
            body = _entropy(data, at)
            kept += data[at:body]
            at = body
            if data[at + 1] == 0xD9:
                break
    if any(data[at + 2 :]):
        raise Wrong(ScanFault.MIXED_FORMATS)
    return bytes(kept + b"\xff\xd9")


def _entropy(data: bytes, at: int) -> int:
    """Return where the picture's data end: at the next marker that is neither stuffing nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise Wrong(ScanFault.CUT_OFF)
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7 and data[at + 1] != 0xFF:
            return at
        at += 1 if data[at + 1] == 0xFF else 2


def _picture(data: bytes) -> Any:
    """Return a decoded picture, at half its size and less where it is large."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the size is judged here, before anything is unpacked
    try:
        image = Image.open(io.BytesIO(data), formats=["JPEG"])
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise Wrong(ScanFault.TOO_MANY_PIXELS)
        image.load()
    except Wrong:
        raise
    except Exception:  # noqa: BLE001 - whatever a decoder says of a foreign file: it can't be read
        raise Wrong(ScanFault.UNREADABLE) from None
    return image


def _sharpness(image: Any) -> float:
    """Return the variance of the Laplacian of a grey picture of at most 1000 pixels a side."""
    from PIL import ImageFilter, ImageStat

    grey = image.convert("L")
    grey.thumbnail((_SIDE, _SIDE))
    edges = grey.filter(ImageFilter.Kernel((3, 3), [0, 1, 0, 1, -4, 1, 0, 1, 0], scale=1, offset=128))
    return float(ImageStat.Stat(edges).var[0])


def _pdf(data: bytes) -> tuple[Seen, bytes]:
    import pikepdf

    end = data.rfind(b"%%EOF")
    if end < 0:
        raise Wrong(ScanFault.CUT_OFF)
    if data[end + 5 :].strip(b"\r\n\x00 \t") or b"<script" in data[:4096].lower():
        raise Wrong(ScanFault.MIXED_FORMATS)
    try:
        with pikepdf.open(io.BytesIO(data), attempt_recovery=False) as pdf:
            seen = _pages(pdf)
    except Wrong:
        raise
    except pikepdf.PasswordError:
        raise Wrong(ScanFault.ENCRYPTED) from None
    except Exception:  # noqa: BLE001 - as for pictures
        raise Wrong(ScanFault.UNREADABLE) from None
    return seen, b"" if seen.faults else data


def _pages(pdf: Any) -> Seen:
    if pdf.is_encrypted:
        raise Wrong(ScanFault.ENCRYPTED)
    if not 1 <= len(pdf.pages) <= MOST_PAGES:
        raise Wrong(ScanFault.NO_PAGES if not len(pdf.pages) else ScanFault.TOO_MANY_PAGES)
    if any(_active(thing, 0) for thing in pdf.objects):
        raise Wrong(ScanFault.ACTIVE_CONTENT)
    pictures = _shown(pdf)
    if not pictures:
        return Seen(PDF)
    width, height, sharpness = max(pictures, key=lambda seen: seen[0] * seen[1])
    faults = _judged(width, height, sharpness)
    return Seen(PDF, faults, sharpness, width, height)


def _shown(pdf: Any) -> list[tuple[int, int, float]]:
    """Return size and sharpness of the largest photographs; what isn't JPEG inside is not unpacked."""
    import pikepdf

    streams = [thing for thing in pdf.objects if isinstance(thing, pikepdf.Stream) and _is_photograph(thing)]
    streams.sort(key=lambda stream: len(stream.read_raw_bytes()), reverse=True)
    images = [_picture(stream.read_raw_bytes()) for stream in streams[:_MEASURED]]
    return [(*image.size, _sharpness(image)) for image in images]


def _is_photograph(stream: Any) -> bool:
    import pikepdf

    kind = stream.get("/Filter")
    if isinstance(kind, pikepdf.Array):
        kind = kind[0] if len(kind) == 1 else None
    return str(stream.get("/Subtype")) == "/Image" and str(kind) == "/DCTDecode"


def _active(thing: Any, depth: int) -> bool:
    """Return whether a PDF's object, or what lies directly in it, does anything by itself."""
    import pikepdf

    if depth > _DEEPEST:
        return True
    if isinstance(thing, pikepdf.Name):
        return False
    if isinstance(thing, pikepdf.Array):
        return any(_active(one, depth + 1) for one in thing if _is_direct(one))
    if not isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        return False
    items = dict(thing.items()) if isinstance(thing, pikepdf.Dictionary) else dict(thing.stream_dict.items())
    if items.keys() & _ACTIVE_KEYS:
        return True
    if any(str(items.get(key)) in _ACTIVE_NAMES for key in ("/S", "/Type", "/Subtype")):
        return True
    return any(_active(one, depth + 1) for one in items.values() if _is_direct(one))


def _is_direct(thing: Any) -> bool:
    import pikepdf

    return isinstance(thing, pikepdf.Object) and not thing.is_indirect


def main() -> None:
    """Look at what comes by stdin: a line with the file's name and kind, then the file."""
    for limit, most in _BOUNDS.items():
        resource.setrlimit(limit, (most, most))
    sent = sys.stdin.buffer.read()
    line, _, data = sent.partition(b"\n")
    name, kind = msgspec.json.decode(line, type=tuple[str, ScanKind])
    seen, kept = look(data, name, kind)
    sys.stdout.buffer.write(msgspec.json.encode(seen) + b"\n" + kept)


if __name__ == "__main__":
    main()
