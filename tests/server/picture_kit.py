"""Pictures for tests, sound and broken, and documents that refer to them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from univldr.types import Document, Modality


def gradient(width: int = 64, height: int = 48) -> Image.Image:
    """Red rises to the right, green downwards."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([across, down, np.full_like(across, 99)], -1).astype(np.uint8))


def encoded(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    """The picture's file."""
    stream = io.BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()


def written(path: Path, picture: Image.Image, format: str = "PNG", **options: object) -> Document:
    """A document whose picture was written to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(picture, format, **options))
    return document(path)


def document(path: Path, name: str = "a") -> Document:
    """An image document with the picture at ``path``."""
    return Document(name, Modality.IMAGE, image=path)


def png_bomb(side: int = 60_000) -> bytes:
    """A PNG of some 70 bytes that says it has ``side`` x ``side`` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def gif_bomb(side: int = 60_000) -> bytes:
    """A GIF whose screen is one pixel, and whose frame is ``side`` x ``side``."""
    screen = b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    return screen + b"," + struct.pack("<HHHH", 0, 0, side, side) + b"\0" + b"\x02\x02\x44\x01\0;"


def webp_bomb(side: int = 60_000) -> bytes:
    """A WebP animation whose canvas is ``side`` x ``side``, and whose only frame is one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data

    def number(value: int) -> bytes:
        return struct.pack("<I", value)[:3]

    pixel = encoded(Image.new("RGB", (1, 1)), "WEBP", lossless=True)[12:]
    canvas = chunk(b"VP8X", b"\x02\0\0\0" + number(side - 1) + number(side - 1))
    frame = chunk(b"ANMF", number(0) * 4 + number(100) + b"\0" + pixel)
    chunks = b"WEBP" + canvas + chunk(b"ANIM", bytes(6)) + frame
    return chunk(b"RIFF", chunks)
