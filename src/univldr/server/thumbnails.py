"""Small pictures of the pictures of an index, made when somebody looks."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from univldr.server.files import PictureFile, opened_picture
from univldr.server.pictures import Served, decoded, encoded, kept
from univldr.types import Document

SIZES = (160, 320, 640)
"""Pixels of a thumbnail's longest side. Few sizes, so that one that was made serves most who ask."""


def thumbnail(document: Document, roots: Sequence[str], size: int) -> Served:
    """A document's picture as a WebP no larger than it is: upright, transparency over white.

    Args:
        document: With a path as ``image``.
        roots: The folders of the index; see :func:`univldr.server.files.opened_picture`.
        size: Pixels of the longest side that are wanted; the next of ``SIZES`` is made.

    Raises:
        ImageError: it is no picture that can be read.
        MissingExtra: HEIC without pillow-heif, or a page without pypdfium2.
        NotFoundError: it is gone, or lies outside ``roots``.
    """
    side = next((one for one in SIZES if one >= size), SIZES[-1])
    with opened_picture(document, roots) as file:
        return kept.get((*file.stamp, side), lambda: _made(file, side))


def _made(file: PictureFile, side: int) -> Served:
    picture = decoded(file, draft=(side, side))
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return encoded(picture, "WEBP", quality=80)
