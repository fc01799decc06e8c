"""Pictures from files nobody vouches for: decoded under limits, in one orientation and one colour mode."""

from __future__ import annotations

import html
import importlib
import io
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, IptcImagePlugin, UnidentifiedImageError

from univldr._optional import require
from univldr._pdf import draw_page, page_of
from univldr.errors import ImageError, MissingExtra

MAX_PIXELS = 100_000_000
"""Largest width x height that is decoded: below 1 GB with what its decoder needs besides."""

MAX_PIXELS_OF = {"WEBP": 50_000_000, "AVIF": 70_000_000, "HEIF": 70_000_000, "CMYK": 70_000_000}
"""The same for formats and modes whose decoders hold a picture several times at once."""

MAX_BYTES = 256 * 1024 * 1024
"""Largest file that is opened."""

IMAGE_SUFFIXES: frozenset[str] = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"}
    | {".avif", ".heic", ".heif"}
)
"""File name endings that are pictures, in lower case."""

# Pillow knows many more; those run other programs (EPS) or are seldom photographs. All but the last it has
# ready; before it looks for any other it imports forty plugins, unless that one's is imported already.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "TIFF")
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})

# What decoders raise on damaged bytes; Pillow promises no narrower set.
_DAMAGE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)

_BAND_PIXELS = 4_000_000
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def load_image(source: Path | bytes, *, name: str = "", draft: tuple[int, int] | None = None) -> Image.Image:
    """Decode a picture: its first frame, upright, in RGB, transparency over white.

    Sizes are read from the header and checked before any pixel is decoded.

    Args:
        source: Path or encoded bytes. A path such as ``report.pdf#page=3`` is the picture of that page.
        name: What errors call the picture; the path by default.
        draft: (width, height) in pixels that suffice. A larger JPEG may then be decoded at 1/2, 1/4 or 1/8,
            never below this size, which is several times faster; a page is drawn no larger than it must.

    Raises:
        ImageError: not a picture, damaged, or over ``MAX_PIXELS`` or ``MAX_BYTES``.
        MissingExtra: HEIC without pillow-heif, or a page without pypdfium2.
    """
    name = name or _name(source)
    if isinstance(source, Path) and (page := page_of(source)):
        return draw_page(*page, name=name, enough=draft)
    with _opened(source, name) as image:
        if draft is not None:
            image.draft(None, draft)
        image.load()
        turn = _turn(image)
        rgb = _to_rgb(image)
        image.close()  # or a turn would hold its pixels a third time
        return rgb if turn is None else rgb.transpose(turn)


def check_picture(source: Path | bytes, *, name: str = "", max_pixels: int = MAX_PIXELS) -> str:
    """Read the header only: a cheap first look at format and size, before anything is decoded.

    Of a page of a PDF, only whether the file is there.

    Returns:
        The format by the bytes themselves, as Pillow calls it: ``JPEG``, ``PNG``, ...; ``PDF`` of a page.

    Raises:
        ImageError: not a picture, empty, or over ``max_pixels`` or ``MAX_BYTES``.
        MissingExtra: HEIC without pillow-heif.
    """
    name = name or _name(source)
    if isinstance(source, Path) and (page := page_of(source)):
        if not page[0].is_file():
            raise ImageError(f"{name}: no such file")
        return "PDF"
    with _opened(source, name) as image:
        _check_pixels(image.width * image.height, name, max_pixels)
        return image.format or ""


def describe(source: Path | bytes) -> str:
    """The description people or programs left inside a picture file, on one line; "" without one.

    Looked for in this order: XMP ``dc:description``, IPTC caption (2:120), EXIF ImageDescription, XPTitle
    and UserComment, a PNG's Description. What cameras write there by themselves does not count. Damaged
    metadata and unreadable pictures count as none: :func:`load_image` reports those.
    """
    try:
        with _opened(source, _name(source)) as image:
            candidates = (_part(reader, image) for reader in _READERS)
            return next((text for text in candidates if text), "")
    except (ImageError, MissingExtra):
        return ""


def _name(source: Path | bytes) -> str:
    return str(source) if isinstance(source, Path) else "picture"


@contextmanager
def _opened(source: Path | bytes, name: str) -> Iterator[Image.Image]:
    """The picture with its header read and its size accepted; damage met inside becomes an ImageError."""
    try:
        with (
            _quiet,
            _stream(source, name) as stream,
            Image.open(stream, formats=_formats(stream, name)) as image,
        ):
            limits = (MAX_PIXELS_OF.get(what, MAX_PIXELS) for what in (image.format or "", image.mode))
            _check_pixels(image.width * image.height, name, min(limits))
            yield image
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\d+", str(error))
        _check_pixels(int(pixels.group()) if pixels else MAX_PIXELS + 1, name)
        raise ImageError(f"{name}: {error}") from error
    except UnidentifiedImageError as error:
        raise ImageError(f"{name}: not a picture in a format that is read (JPEG, PNG, WebP, ...)") from error
    except _DAMAGE as error:
        raise ImageError(f"{name}: cannot be decoded: {error or type(error).__name__}") from error


def _stream(source: Path | bytes, name: str) -> BinaryIO:
    if isinstance(source, Path):
        if not source.is_file():  # a pipe would block, a directory's error would not say what it is
            raise ImageError(f"{name}: no such file")
        size = source.stat().st_size
    else:
        size = len(source)
    if size == 0:
        raise ImageError(f"{name}: the file is empty")
    if size > MAX_BYTES:
        raise ImageError(
            f"{name}: {size:,} bytes, over the limit of {MAX_BYTES:,}; save it smaller or as a JPEG"
        )
    return source.open("rb") if isinstance(source, Path) else io.BytesIO(source)


def _check_pixels(pixels: int, name: str, limit: int = MAX_PIXELS) -> None:
    if pixels > limit:
        raise ImageError(
            f"{name}: {pixels:,} pixels, over the limit of {limit:,}; scale it down and try again"
        )


def _formats(stream: BinaryIO, name: str) -> tuple[str, ...]:
    head = stream.read(12)
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    if brand in _AVIF_BRANDS:
        return ("AVIF",)
    if brand in _HEIF_BRANDS:
        if "HEIF" not in Image.OPEN:
            require("pillow_heif", extra="heic", purpose=f"{name}: HEIC").register_heif_opener()
        return ("HEIF",)
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        importlib.import_module("PIL.WebPImagePlugin")
        return ("WEBP",)
    return _FORMATS


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What makes it upright."""
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except _DAMAGE:  # the pixels are sound: a broken EXIF block costs the rotation, not the picture
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        lows, highs = zip(*(_range(np.asarray(band)) for band, _ in _bands(image)), strict=True)
        return _put_together(image, lambda band: _stretched(band, min(lows), max(highs)))
    if image.has_transparency_data:
        return _put_together(image, _over_white)
    return image.convert("RGB")


def _put_together(image: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """A picture in RGB, converted band by band: as a whole it would be held three times more."""
    rgb = Image.new("RGB", image.size)
    for band, top in _bands(image):
        rgb.paste(convert(band), (0, top))
    return rgb


def _bands(image: Image.Image) -> Iterator[tuple[Image.Image, int]]:
    """The picture in pieces of full width, each with the row that it begins at."""
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height))), top


def _over_white(band: Image.Image) -> Image.Image:
    pixels = band.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", pixels.size, "white"), pixels).convert("RGB")


def _finite(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """float64, what is no number or infinite as 0."""
    with np.errstate(invalid="ignore"):  # a signalling NaN
        return np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)


def _range(values: npt.NDArray[Any]) -> tuple[float, float]:
    finite = _finite(values)
    return float(finite.min()), float(finite.max())


def _stretched(band: Image.Image, low: float, high: float) -> Image.Image:
    """Values whose scale is unknown: the picture's darkest becomes 0, its brightest 255."""
    finite = _finite(np.asarray(band))
    scale = 255.0 / max(high - low, 1e-12)
    return Image.fromarray(((finite - low) * scale).astype(np.uint8))


class _Quiet:
    """No Pillow warnings inside: damage is raised as an ImageError, and oddities are no one's business.

    ``warnings.catch_warnings`` swaps process-wide filters, so overlapping uses from decoding threads would
    restore them in the wrong order; here the first one in swaps and the last one out restores.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._catcher = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._depth == 0:
                self._catcher = warnings.catch_warnings()
                self._catcher.__enter__()
                warnings.filterwarnings("ignore", module=r"(PIL|pillow_heif)\b")
            self._depth += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                self._catcher.__exit__(None, None, None)


_quiet = _Quiet()

# --- descriptions ---

_EXIF_DESCRIPTION, _EXIF_XP_TITLE, _EXIF_IFD, _EXIF_USER_COMMENT = 0x010E, 0x9C9B, 0x8769, 0x9286
_IPTC_CAPTION = (2, 120)
_CAMERA_WORDS = re.compile(
    r"(?i)(olympus|samsung|kodak|sony|minolta|konica)( \w+)? (camera|dsc)( pictures)?"
    r"|(samsung camera|dcim|exif)[\w ]*|(default|untitled)"
)
_MAX_DESCRIPTION = 4_000
_COMMENT_CHARSETS = {b"ASCII": "ascii", b"UNICODE": "utf-16", b"JIS": "iso2022_jp"}


def _part(reader: Callable[[Image.Image], str], image: Image.Image) -> str:
    try:
        text = reader(image)
    except _DAMAGE:
        return ""
    text = " ".join("".join(c if c.isprintable() else " " for c in text[:_MAX_DESCRIPTION]).split())
    return "" if _CAMERA_WORDS.fullmatch(text) else text


def _xmp(image: Image.Image) -> str:
    """``dc:description`` in its first language; by pattern, as XML parsers expand a stranger's entities."""
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else str(packet)
    found = re.search(r"<dc:description\b[^>]*>(.*?)</dc:description>", text[:1_000_000], re.DOTALL)
    if found is None:
        return ""
    entry = re.search(r"<rdf:li\b[^>]*>(.*?)</rdf:li>", found.group(1), re.DOTALL)
    return html.unescape((entry or found).group(1))


def _iptc(image: Image.Image) -> str:
    value = (IptcImagePlugin.getiptcinfo(image) or {}).get(_IPTC_CAPTION, b"")  # type: ignore[arg-type]
    return _decoded(value[0] if isinstance(value, list) else value)


def _exif_description(image: Image.Image) -> str:
    return _decoded(image.getexif().get(_EXIF_DESCRIPTION, ""))


def _exif_title(image: Image.Image) -> str:
    value = image.getexif().get(_EXIF_XP_TITLE, b"")
    return bytes(value).decode("utf-16-le", "ignore").partition("\0")[0]


def _exif_comment(image: Image.Image) -> str:
    value = image.getexif().get_ifd(_EXIF_IFD).get(_EXIF_USER_COMMENT, b"")
    if isinstance(value, str):
        return value
    charset = _COMMENT_CHARSETS.get(value[:8].rstrip(b"\0 "))
    return value[8:].decode(charset, "ignore") if charset else _decoded(value.lstrip(b"\0"))


def _png_description(image: Image.Image) -> str:
    return str(image.info.get("Description", "")) if image.format == "PNG" else ""


def _decoded(value: str | bytes) -> str:
    """UTF-8, or Latin-1 where it is not. EXIF strings are ASCII by the standard, UTF-8 in practice."""
    raw = value.encode("latin-1", "replace") if isinstance(value, str) else value
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


_READERS = (_xmp, _iptc, _exif_description, _exif_title, _exif_comment, _png_description)
