"""Pictures: every mode comes out upright in RGB, nothing damaged or oversized comes out at all."""

from __future__ import annotations

import contextlib
import io
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from univldr import images
from univldr.errors import ImageError, MissingExtra
from univldr.images import IMAGE_SUFFIXES, check_picture, describe, load_image

RED, WHITE = (255, 0, 0), (255, 255, 255)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def gradient(width: int = 64, height: int = 48) -> Image.Image:
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([across, down, across[:, ::-1]], -1).astype(np.uint8))


def difference(left: Image.Image, right: Image.Image) -> float:
    return float(np.abs(np.asarray(left, np.float32) - np.asarray(right, np.float32)).mean())


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "AVIF"])
def test_formats(format: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(gradient(), format))
    image = load_image(path)
    assert (image.mode, image.size) == ("RGB", (64, 48))
    assert difference(image, gradient()) < 8  # GIF has 256 colours


def test_heic() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    pillow_heif.from_pillow(gradient()).save(stream, quality=90)
    assert difference(load_image(stream.getvalue()), gradient()) < 4


def test_heic_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    with pytest.raises(
        MissingExtra, match=r"photo\.heic: HEIC needs pillow_heif: pip install .univldr\[heic\]"
    ):
        load_image(b"\0\0\0\x18ftypheic" + bytes(32), name="photo.heic")
    assert describe(b"\0\0\0\x18ftypheic" + bytes(32)) == ""


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation(format: str, orientation: int) -> None:
    """The stored picture is the upright one turned backwards, so every orientation shows the same picture."""
    backwards = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    turn = backwards.get(orientation, images._TURNS.get(orientation))
    stored = gradient() if turn is None else gradient().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = load_image(encoded(stored, format, exif=exif))
    assert image.size == (64, 48)
    assert difference(image, gradient()) < 4


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (Image.new("L", (8, 8), 77), (77, 77, 77)),
        (Image.new("1", (8, 8), 1), WHITE),
        (Image.new("LA", (8, 8), (0, 0)), WHITE),
        (Image.new("RGBA", (8, 8), (255, 0, 0, 255)), RED),
        (Image.new("RGBA", (8, 8), (255, 0, 0, 0)), WHITE),
        (Image.new("RGBA", (8, 8), (255, 0, 0, 128)), (255, 127, 127)),
        (Image.new("RGB", (8, 8), RED).convert("P", palette=Image.Palette.ADAPTIVE), RED),
        (Image.fromarray(np.full((8, 8), 200 << 8, np.uint16)), (200, 200, 200)),
    ],
)
def test_modes_in_png(picture: Image.Image, expected: tuple[int, int, int]) -> None:
    assert load_image(encoded(picture, "PNG")).getcolors() == [(64, expected)]


def test_palette_transparency_is_white() -> None:
    palette = Image.new("P", (4, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putdata([0, 1, 0, 1])
    for format in ("PNG", "GIF"):
        image = load_image(encoded(palette, format, transparency=1))
        assert [image.getpixel((x, 0)) for x in range(4)] == [RED, WHITE, RED, WHITE]


def test_cmyk_jpeg_and_float_tiff() -> None:
    cmyk = load_image(encoded(Image.new("RGB", (16, 16), RED).convert("CMYK"), "JPEG"))
    assert difference(cmyk, Image.new("RGB", (16, 16), RED)) < 4
    depth = Image.fromarray(np.linspace(-5.0, 5.0, 64, dtype=np.float32).reshape(8, 8))
    pixels = np.asarray(load_image(encoded(depth, "TIFF")))
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    for format in ("GIF", "PNG", "WEBP", "TIFF"):
        image = load_image(encoded(frames[0], format, save_all=True, append_images=frames[1:]))
        assert difference(image, frames[0]) < 4


def test_draft_decodes_smaller_but_never_too_small() -> None:
    jpeg = encoded(gradient(1600, 1200), "JPEG", quality=95)
    small = load_image(jpeg, draft=(224, 224))
    assert small.size == (400, 300)
    assert difference(small, gradient(1600, 1200).resize((400, 300))) < 3
    assert load_image(encoded(gradient(300, 200), "JPEG"), draft=(224, 224)).size == (300, 200)


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares its size and holds almost nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("width", "height"), [(10_000, 10_001), (40_000, 40_000), (2**31 - 1, 2**31 - 1)])
def test_decompression_bomb(width: int, height: int) -> None:
    """Below, between and above Pillow's own two limits: one message, with size, limit and remedy."""
    with pytest.raises(
        ImageError, match=rf"^b\.png: {width * height:,} pixels, .*100,000,000; scale it down"
    ):
        load_image(png_header(width, height), name="b.png")


def test_file_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.bmp"
    path.write_bytes(encoded(gradient(), "BMP"))
    monkeypatch.setattr(images, "MAX_BYTES", 1_000)
    with pytest.raises(ImageError, match=r"large\.bmp: 9,270 bytes, over the limit of 1,000"):
        load_image(path)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "AVIF"])
def test_truncated_and_scrambled(format: str) -> None:
    """Every cut and every scramble is an ImageError or a picture, never another exception or a warning."""
    whole = encoded(gradient(), format)
    generator = np.random.default_rng(0)
    with pytest.raises(ImageError, match=r"^x: "):
        load_image(whole[: len(whole) // 2], name="x")
    for _ in range(60):
        damaged = bytearray(whole[: int(generator.integers(1, len(whole) + 1))])
        for place in generator.integers(0, len(damaged), 4):
            damaged[place] = int(generator.integers(256))
        with contextlib.suppress(ImageError, MissingExtra):
            assert load_image(bytes(damaged)).mode == "RGB"
        describe(bytes(damaged))


def test_what_is_not_a_picture(tmp_path: Path) -> None:
    empty = tmp_path / "empty.png"
    empty.touch()
    with pytest.raises(ImageError, match=r"empty\.png: the file is empty"):
        load_image(empty)
    with pytest.raises(ImageError, match=r"^notes: not a picture"):
        load_image(b"just words, no picture", name="notes")
    with pytest.raises(ImageError, match=r"^page: not a picture"):  # EPS would start Ghostscript
        load_image(encoded(gradient(), "EPS"), name="page")
    with pytest.raises(ImageError, match="no such file"):
        load_image(tmp_path)


def test_broken_exif_costs_only_the_rotation() -> None:
    jpeg = encoded(gradient(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 40)
    assert load_image(jpeg).size == (64, 48)


def test_threads_leave_warning_filters_alone() -> None:
    """Overlapping decodes suppress Pillow's warnings and restore the filters they found."""
    before = list(warnings.filters)
    palette = encoded(gradient().convert("P"), "PNG", transparency=b"\x80" * 200)
    with ThreadPoolExecutor(4) as pool:
        sizes = {image.size for image in pool.map(load_image, [palette] * 64)}
    assert sizes == {(64, 48)}
    assert list(warnings.filters) == before


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description><dc:description><rdf:Alt>'
    b'<rdf:li xml:lang="x-default">A dog &amp; a\n caf\xc3\xa9</rdf:li></rdf:Alt></dc:description>'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def exif_with(tag: int, value: object, *, nested: bool = False) -> Image.Exif:
    exif = Image.Exif()
    (exif.get_ifd(0x8769) if nested else exif)[tag] = value
    return exif


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"xmp": XMP}, "A dog & a café"),
        ({"exif": exif_with(0x010E, "Pricing model\non a whiteboard")}, "Pricing model on a whiteboard"),
        ({"exif": exif_with(0x010E, "Café".encode())}, "Café"),
        ({"exif": exif_with(0x9C9B, "Über den Wolken".encode("utf-16-le") + b"\0\0")}, "Über den Wolken"),
        ({"exif": exif_with(0x9286, b"ASCII\0\0\0a comment", nested=True)}, "a comment"),
        ({"exif": exif_with(0x010E, "OLYMPUS DIGITAL CAMERA")}, ""),
        ({"exif": exif_with(0x010E, "   ")}, ""),
        ({"exif": exif_with(0x010E, "in EXIF"), "xmp": XMP}, "A dog & a café"),
        ({}, ""),
    ],
)
def test_describe_jpeg(options: dict[str, object], expected: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(gradient(), "JPEG", **options))
    assert describe(path) == expected


def test_describe_iptc() -> None:
    caption = b"Opening night"
    record = b"\x1c\x02\x78" + struct.pack(">H", len(caption)) + caption
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    payload = b"Photoshop 3.0\0" + block
    segment = b"\xff\xed" + struct.pack(">H", len(payload) + 2) + payload
    jpeg = encoded(gradient(), "JPEG")
    assert describe(jpeg[:2] + segment + jpeg[2:]) == "Opening night"


def test_describe_png_and_unreadable(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Description", "A chart of sales")
    assert describe(encoded(gradient(), "PNG", pnginfo=info)) == "A chart of sales"
    assert describe(b"not a picture") == ""
    assert describe(tmp_path / "missing.jpg") == ""


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF"])
def test_check_tells_the_format_by_the_bytes(format: str) -> None:
    assert check_picture(encoded(gradient(), format)) == format


def test_check_under_a_limit_of_ones_own() -> None:
    picture = encoded(gradient(), "PNG")
    assert check_picture(picture, max_pixels=64 * 48) == "PNG"
    with pytest.raises(ImageError, match=r"^x: 3,072 pixels, over the limit of 3,071; scale it down"):
        check_picture(picture, name="x", max_pixels=64 * 48 - 1)


def test_suffixes_are_lower_case_endings() -> None:
    assert {".jpg", ".png", ".heic", ".webp"} <= IMAGE_SUFFIXES
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in IMAGE_SUFFIXES)
