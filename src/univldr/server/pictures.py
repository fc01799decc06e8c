"""Pictures that come in with a request, and pictures that go out as they are."""

from __future__ import annotations

import asyncio
import binascii
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from PIL import Image

from univldr._cores import cores
from univldr._pdf import draw_page
from univldr.errors import ForbiddenError, ImageError, TooLargeError
from univldr.images import check_picture, load_image
from univldr.server.fetch import Fetch, fetch_picture
from univldr.server.files import PictureFile, opened_picture
from univldr.server.kept import Kept
from univldr.server.settings import ServerSettings
from univldr.types import Document

AS_IT_IS = 16 << 20
"""Bytes of the largest file that is sent as it is; it is held in memory while it is sent."""

LONGEST_SIDE = 4_096
"""Pixels of the longest side of what is made of other files."""

KEPT_BYTES = 64 << 20
"""Bytes of thumbnails, and of pictures made of pages and other formats, that are kept in memory."""

_SHOWN = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # several JPEGs in one file: browsers show the first
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
}
_PROFILE_BYTES = 4_096
_METHOD = (
    2  # of WebP: half the time of the default 4, for 2% more bytes; see ``python -m benchmarks.thumbnails``
)
_HEAD = re.compile(r"data:image/[\w.+-]{1,60}(;[^,;]{1,80}){0,3}; ?base64,", re.IGNORECASE | re.ASCII)
_SPACE = b" \t\r\n\f"
_ESCAPES = [(b"%2B", b"+"), (b"%2b", b"+"), (b"%2F", b"/"), (b"%2f", b"/"), (b"%3D", b"="), (b"%3d", b"=")]


@dataclass(frozen=True, slots=True)
class Served:
    """A picture as it goes out.

    Attributes:
        body: The encoded picture.
        media_type: By the bytes themselves, never by a name.
        etag: Changes with ``body``; quoted, as the header wants it.
    """

    body: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, media_type: str) -> Served:
        """With the ETag of its content."""
        return cls(body, media_type, f'"{blake2b(body, digest_size=16).hexdigest()}"')


kept: Kept[Served] = Kept(KEPT_BYTES, parallel=min(4, cores()))
"""What this process has made of pictures lately. Few are decoded at a time: each may take 300 MB and more."""


async def read_picture(text: str, settings: ServerSettings, *, fetch: Fetch = fetch_picture) -> bytes:
    """The encoded picture that a request gives: a base64 data URI or, if allowed, an address.

    Never a path: a server must not read its own files for whoever asks. Only the picture's header is read
    here; nothing is decoded.

    Args:
        text: ``data:image/png;base64,...`` or ``https://...``.
        settings: ``max_body`` bounds the text, ``max_pixels`` the picture, ``allow_url`` and ``timeout`` the
            fetching.
        fetch: What gets an address.

    Raises:
        ForbiddenError: it is an address, and the server fetches none, or not this one.
        ImageError: it is neither, or what it gives is no picture, or one of too many pixels.
        TimeLimitError: the address took too long.
        TooLargeError: it is longer than a body may be.
    """
    if re.match("https?://", text, re.IGNORECASE):
        if not settings.allow_url:
            raise ForbiddenError(
                "this server fetches no picture from an address; send it as data:image/png;base64,... "
                "or start the server with --allow-url"
            )
        picture = await fetch(text, max_bytes=settings.max_body * 3 // 4, timeout=settings.timeout)
        await asyncio.to_thread(_check, picture, settings)
        return picture
    return await asyncio.to_thread(_from_data_uri, text, settings)


def original(document: Document, roots: Sequence[str]) -> Served:
    """The picture of a document: the file as it is where browsers show it, else as a JPEG.

    Args:
        document: With a path as ``image``.
        roots: The folders of the index; see :func:`univldr.server.files.opened_picture`.

    Raises:
        ImageError: it is no picture that can be read.
        MissingExtra: HEIC without pillow-heif, or a page without pypdfium2.
        NotFoundError: it is gone, or lies outside ``roots``.
    """
    with opened_picture(document, roots) as file:
        if file.page is None and file.size <= AS_IT_IS:
            body = file.read()
            if media_type := _SHOWN.get(check_picture(body, name=file.name)):
                return Served.of(body, media_type)
        return kept.get((*file.stamp, 0), lambda: _as_jpeg(file))


def decoded(file: PictureFile, draft: tuple[int, int] | None = None) -> Image.Image:
    """The picture upright in RGB, transparency over white; ``draft`` as in ``univldr.images.load_image``.

    White, because that is what the encoder saw, and because black lines on nothing vanish on a dark page.

    Raises:
        ImageError: it is no picture that can be read.
        MissingExtra: HEIC without pillow-heif, or a page without pypdfium2.
    """
    if file.page is not None:
        return draw_page(file.stream, file.page, name=file.name, enough=draft)
    return load_image(file.read(), name=file.name, draft=draft)


def encoded(picture: Image.Image, format: str, *, quality: int) -> Served:
    """The picture as ``format``, with nothing of its file but a small profile of its colours."""
    stream = io.BytesIO()
    profile = _profile(picture)
    picture.save(stream, format, quality=quality, method=_METHOD, icc_profile=profile)
    return Served.of(stream.getvalue(), f"image/{format.lower()}")


def _profile(picture: Image.Image) -> bytes | None:
    """What its colours mean, where browsers would think something else, and it is said in few bytes."""
    profile: bytes = picture.info.get("icc_profile") or b""
    is_usual = b"sRGB" in profile.replace(b"\0", b"")  # by its description, which may be UTF-16
    fits = len(profile) <= _PROFILE_BYTES and profile[16:20] == b"RGB "
    return profile if fits and not is_usual else None


def _as_jpeg(file: PictureFile) -> Served:
    picture = decoded(file)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return encoded(picture, "JPEG", quality=90)


def _from_data_uri(text: str, settings: ServerSettings) -> bytes:
    """The bytes of a data URI, bounded before and after they are decoded."""
    if len(text) > settings.max_body:
        raise TooLargeError(
            f"the picture is {len(text):,} characters, over the limit of {settings.max_body:,}; "
            "send a smaller one"
        )
    head = _HEAD.match(text)
    if head is None:
        raise ImageError(
            f"{text[:40]!r} is no picture: neither a data URI of one nor an address; "
            "send data:image/png;base64,..."
        )
    picture = _from_base64(text[head.end() :])
    _check(picture, settings)
    return picture


def _from_base64(text: str) -> bytes:
    """Strict but for line breaks, which ``base64 FILE`` makes, and percent-encoding, as of any URI."""
    try:
        raw = text.encode("ascii")
        if b"%" in raw:  # not by urllib's unquote, which takes many times the memory of its text
            for escape, byte in _ESCAPES:
                raw = raw.replace(escape, byte)
        return binascii.a2b_base64(raw.translate(None, _SPACE), strict_mode=True)
    except ValueError as error:  # binascii.Error and UnicodeEncodeError are both
        raise ImageError(
            f"the picture's base64 is damaged: {error}; use the standard alphabet, + and /, with its padding"
        ) from error


def _check(picture: bytes, settings: ServerSettings) -> None:
    check_picture(picture, name="picture", max_pixels=settings.max_pixels)
