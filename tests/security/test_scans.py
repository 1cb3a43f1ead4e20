"""What is wrong with a file is said precisely; what is hostile in it stays outside."""

import io
import zlib

import pikepdf
import pytest
from PIL import Image, ImageDraw, ImageFilter

from domain.scans import ScanFault, ScanKind
from security.looking import stripped
from security.scans import Looker

pytestmark = pytest.mark.anyio
F = ScanFault


def page(width: int = 1000, height: int = 1400, *, blur: float = 0) -> Image.Image:
    """Return a printed page."""
    image = Image.new("RGB", (width, height), "white")
    drawing = ImageDraw.Draw(image)
    for row in range(20, height - 20, 22):
        drawing.text((20, row), "СМИРНОВА АННА ПЕТРОВНА 1980 " * 12, fill="black")
    return image.filter(ImageFilter.GaussianBlur(blur)) if blur else image


def jpeg(image: Image.Image | None = None, **given: object) -> bytes:
    written = io.BytesIO()
    (image or page()).save(written, "JPEG", quality=90, **given)
    return written.getvalue()


def pdf(picture: bytes | None = None, **root: object) -> bytes:
    made = pikepdf.new()
    made.add_blank_page()
    if picture is not None:
        width, height = Image.open(io.BytesIO(picture)).size
        names = {"/Type": "/XObject", "/Subtype": "/Image", "/ColorSpace": "/DeviceRGB", "/Filter": "/DCTDecode"}
        stream = pikepdf.Stream(made, picture)
        for key, name in names.items():
            stream[key] = pikepdf.Name(name)
        stream["/Width"], stream["/Height"], stream["/BitsPerComponent"] = width, height, 8
        made.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=stream))
    for key, value in root.items():
        made.Root[f"/{key}"] = made.make_indirect(value) if key == "OpenAction" else value
    written = io.BytesIO()
    made.save(written)
    return written.getvalue()


async def faults(data: bytes, name: str = "scan.jpg", kind: ScanKind = ScanKind.PASSPORT) -> tuple[ScanFault, ...]:
    seen, kept = await Looker().look(data, name, kind)
    assert bool(kept) is not bool(seen.faults), "what is wrong isn't kept"
    return seen.faults


async def test_a_sharp_page_is_taken_as_jpg_and_as_pdf() -> None:
    looker = Looker()
    picture = jpeg()
    seen, _ = await looker.look(picture, "Паспорт.JPG", ScanKind.PASSPORT)
    assert (seen.media_type, seen.faults, seen.width, seen.height) == ("image/jpeg", (), 1000, 1400)
    assert seen.sharpness is not None
    assert seen.sharpness > 500
    seen, kept = await looker.look(pdf(picture), "scan.pdf", ScanKind.PASSPORT)
    assert (seen.media_type, seen.faults, seen.width) == ("application/pdf", (), 1000)
    assert kept[:5] == b"%PDF-"


@pytest.mark.parametrize(
    ("data", "name", "fault"),
    [
        (b"", "scan.jpg", F.EMPTY),
        (b"\xff\xd8\xff" + bytes(10 * 1024 * 1024), "scan.jpg", F.TOO_LARGE),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "scan.jpg", F.NOT_PDF_OR_JPG),
        (b"<html>", "scan.pdf", F.NOT_PDF_OR_JPG),
        (b"GIF89a %PDF-1.7", "scan.pdf", F.MIXED_FORMATS),
        (jpeg(), "scan.pdf", F.NAME_DISAGREES),
        (jpeg(), "scan.jpg.exe", F.NAME_DISAGREES),
        (jpeg()[:-2000], "scan.jpg", F.CUT_OFF),
        (jpeg() + b"%PDF-1.7 ...", "scan.jpg", F.MIXED_FORMATS),
        (jpeg() + b"PK\x03\x04", "scan.jpg", F.MIXED_FORMATS),
        (jpeg(comment=b"<script>alert(1)</script>"), "scan.jpg", F.MIXED_FORMATS),
        (jpeg(page(500, 700)), "scan.jpg", F.TOO_FEW_PIXELS),
        (jpeg(page(blur=6)), "scan.jpg", F.BLURRED),
        (b"\xff\xd8\xff\xe0" + bytes(200), "scan.jpg", F.UNREADABLE),
        (pdf()[:-300], "scan.pdf", F.CUT_OFF),
        (pdf() + b"<html>", "scan.pdf", F.MIXED_FORMATS),
        (pdf(jpeg(page(blur=6))), "scan.pdf", F.BLURRED),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_what_is_wrong_with_a_file_is_said(data: bytes, name: str, fault: ScanFault) -> None:
    assert await faults(data, name) == (fault,)


@pytest.mark.parametrize("kind", ["JavaScript", "Launch", "SubmitForm", "GoToE"])
async def test_a_pdf_that_acts_is_refused(kind: str) -> None:
    act = pikepdf.Dictionary(S=pikepdf.Name(f"/{kind}"), F=pikepdf.String("calc.exe"))
    assert await faults(pdf(OpenAction=act), "scan.pdf") == (F.ACTIVE_CONTENT,)


async def test_an_attachment_is_refused() -> None:
    made = pikepdf.open(io.BytesIO(pdf()))
    made.attachments["virus.exe"] = pikepdf.AttachedFileSpec(made, b"MZ")
    written = io.BytesIO()
    made.save(written)
    assert await faults(written.getvalue(), "scan.pdf") == (F.ACTIVE_CONTENT,)


async def test_a_locked_pdf_is_refused() -> None:
    written = io.BytesIO()
    pikepdf.open(io.BytesIO(pdf())).save(written, encryption=pikepdf.Encryption(owner="a", user="b"))
    assert await faults(written.getvalue(), "scan.pdf") == (F.ENCRYPTED,)


async def test_the_largest_picture_that_a_header_can_claim_is_not_unpacked() -> None:
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xfe"
    assert await faults(bytes(data)) == (F.TOO_MANY_PIXELS,)


async def test_a_bomb_of_objects_kills_only_its_own_process() -> None:
    inside = zlib.compress(bytes(200_000_000), 9)
    made = pikepdf.new()
    made.add_blank_page()
    stream = pikepdf.Stream(made, b"")
    stream.write(inside, filter=pikepdf.Name("/FlateDecode"))
    made.Root["/Bomb"] = stream
    written = io.BytesIO()
    made.save(written)
    assert len(written.getvalue()) < 1_000_000
    assert await faults(written.getvalue(), "scan.pdf") == (), "it is never unpacked"


async def test_where_a_picture_was_taken_is_not_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    exif.get_ifd(0x8825)[1] = "N"
    sent = jpeg(exif=exif)
    assert b"secret place" in sent
    _, kept = await Looker().look(sent, "scan.jpg", ScanKind.PASSPORT)
    assert b"secret place" not in kept
    assert b"Exif" not in kept
    assert Image.open(io.BytesIO(kept)).tobytes() == Image.open(io.BytesIO(sent)).tobytes(), "not a pixel is lost"


async def test_a_picture_that_lies_on_its_side_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    seen, kept = await Looker().look(jpeg(exif=exif), "scan.jpg", ScanKind.PASSPORT)
    assert (seen.width, seen.height) == (1400, 1000)
    assert Image.open(io.BytesIO(kept)).size == (1400, 1000)


async def test_a_camera_gives_jpg() -> None:
    assert await faults(pdf(), "still.pdf", ScanKind.CAMERA) == (F.JPG_NEEDED,)


def test_a_progressive_picture_is_walked_to_its_end() -> None:
    sent = jpeg(progressive=True)
    assert Image.open(io.BytesIO(stripped(sent))).size == (1000, 1400)
