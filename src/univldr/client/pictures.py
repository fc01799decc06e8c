"""Pictures as data URIs."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from univldr._pdf import page_of
from univldr.errors import ImageError
from univldr.images import MAX_BYTES, load_image

_HEIF = 4  # where the kind of an AVIF or HEIC file begins
_STARTS = {
    b"\x89PNG": "png",
    b"GIF8": "gif",
    b"RIFF": "webp",
    b"BM": "bmp",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"P6": "x-portable-pixmap",
}


def data_uri(picture: Path | bytes) -> str:
    """A picture, by its path or its encoded bytes, as it is; a page of a PDF as it is drawn.

    Raises:
        ImageError: there is no such file, or it is empty or too large to be read.
        MissingExtra: a page without pypdfium2.
    """
    content = _read(picture) if isinstance(picture, Path) else picture
    return f"data:image/{_kind(content)};base64,{base64.b64encode(content).decode()}"


def _read(path: Path) -> bytes:
    if page_of(path):
        stream = io.BytesIO()
        load_image(path).save(stream, "PNG")
        return stream.getvalue()
    if not path.is_file():
        raise ImageError(f"{path}: no such file")
    if not 0 < (size := path.stat().st_size) <= MAX_BYTES:
        raise ImageError(f"{path}: {size:,} bytes; a picture has 1 to {MAX_BYTES:,}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from error


def _kind(content: bytes) -> str:
    """What it looks like; the server looks for itself."""
    if content[_HEIF:].startswith(b"ftyp"):
        return "avif" if content[8:10] == b"av" else "heic"
    return next((kind for start, kind in _STARTS.items() if content.startswith(start)), "jpeg")
