"""Small sound pictures of every format, and large ones in few bytes."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pillow_heif
from PIL import Image

from univldr.images import check_picture, describe, load_image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "HEIF", "AVIF", "BMP", "PPM")
_MODES = {
    "JPEG": ("RGB", "L", "CMYK"), "PNG": ("RGB", "RGBA", "P", "I;16", "LA", "1"), "WEBP": ("RGB", "RGBA"),
    "GIF": ("P", "L"), "TIFF": ("RGB", "RGBA", "F", "I;16", "CMYK", "1"), "HEIF": ("RGB", "RGBA"),
    "AVIF": ("RGB", "RGBA"), "BMP": ("RGB", "P", "1"), "PPM": ("RGB", "L", "1"),
}  # fmt: skip
_SECOND = Image.new("RGB", (40, 30), "blue")


def read(data: bytes) -> None:
    """All that is done with a picture."""
    describe(data)
    check_picture(data)
    small = load_image(data, draft=(224, 224))
    if max(small.size) < 4000:  # else that was the whole picture already
        load_image(data)


def seeds(format: str) -> list[bytes]:
    """Pictures of each mode, plain, with a description and a turn, animated, compressed in other ways."""
    pillow_heif.register_heif_opener()
    ways: list[dict[str, Any]] = [{}]
    if format in ("JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"):
        ways.append({"exif": _exif()})
    if format in ("GIF", "WEBP", "PNG", "TIFF"):
        ways.append({"save_all": True, "append_images": [_SECOND]})
    if format == "JPEG":
        ways.append({"progressive": True})
    if format == "TIFF":
        ways += [{"compression": kind} for kind in ("tiff_lzw", "tiff_deflate", "packbits")]
    return [_saved(_drawn(mode), format, **way) for mode in _MODES[format] for way in ways]


def _drawn(mode: str) -> Image.Image:
    grey = Image.radial_gradient("L").resize((40, 30))
    if mode == "I;16":
        return grey.convert("I").convert("I;16")
    return Image.merge("RGB", (grey, grey.rotate(90), grey.rotate(180))).convert(mode)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x9C9B] = 6, "A barn", "A title".encode("utf-16-le")
    return exif


def _saved(image: Image.Image, format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def specials(format: str) -> list[Callable[[], bytes]]:
    """Pictures of 1 pixel and of 60,000 a side, at the limit and past it, transparent, animated, lying."""
    pillow_heif.register_heif_opener()
    made: list[Callable[[], bytes]] = [
        lambda mode=mode: _saved(_drawn(mode).resize((1, 1)), format)  # type: ignore[misc]
        for mode in _MODES[format]
    ]
    if format == "PNG":
        sizes = [(60_000, 60_000), (60_000, 1), (1, 60_000), (2**31 - 1, 2**31 - 1), (0, 5), (10_000, 10_000)]
        made += [lambda size=size: _png(*size) for size in sizes]  # type: ignore[misc]
        made.append(lambda: _png(10_000, 10_000, colours=6))
        made.append(lambda: _png(10, 10, text=b"x" * 50_000_000))
    if format in ("WEBP", "GIF", "JPEG", "TIFF"):
        made += [lambda mode=mode: _large(mode, format) for mode in _MODES[format][:3]]  # type: ignore[misc]
    return made


def _large(mode: str, format: str) -> bytes:
    side = 7000 if format == "WEBP" else 8300 if mode == "CMYK" else 9900
    options: dict[str, Any] = {"progressive": True} if format == "JPEG" else {}
    if format == "TIFF":
        options = {"compression": "tiff_deflate"}
    if format == "WEBP":
        options = {"lossless": True, "quality": 0, "method": 0, "save_all": True}
        options["append_images"] = [Image.new(mode, (side, side), 1)]
    return _saved(Image.new(mode, (side, side)), format, **options)


def _png(width: int, height: int, colours: int = 2, text: bytes = b"") -> bytes:
    """A PNG whose pixels are all zero, as far as 300 MB of them go: a bomb of some 300 kB."""
    row = 1 + width * (4 if colours == 6 else 3)
    packer = zlib.compressobj(9)
    packed = b""
    for _ in range(min(height, 300_000_000 // row + 1) if row < 300_000_000 else 0):
        packed += packer.compress(bytes(row))
    packed += packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    words = _chunk(b"zTXt", b"Description\0\0" + zlib.compress(text)) if text else b""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (_chunk(b"IHDR", header), words, _chunk(b"IDAT", packed), _chunk(b"IEND", b""))
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


SMALL = seeds("PNG")[0]
"""A PNG of some 100 bytes."""
