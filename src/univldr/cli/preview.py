"""Pictures in a terminal with 24-bit colour: two pixels a cell, by the upper half block."""

from __future__ import annotations

import os

import numpy as np
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from univldr.errors import UnivldrError
from univldr.images import load_image
from univldr.types import Document

_COLUMNS, _ROWS = 28, 9


def possible(console: Console) -> bool:
    """Whether ``console`` is a terminal that shows 24-bit colour."""
    return console.is_terminal and console.color_system == "truecolor" and "NO_COLOR" not in os.environ


def render(document: Document, console: Console) -> Text | None:
    """The document's picture in at most 28 x 9 cells; ``None`` where none can be shown."""
    if document.image is None or not possible(console):
        return None
    try:
        picture = load_image(document.image, draft=(4 * _COLUMNS, 8 * _ROWS))
    except UnivldrError:
        return None  # it may have gone since it was indexed; the hit is shown all the same
    picture.thumbnail((_COLUMNS, 2 * _ROWS))
    pixels = np.asarray(picture)
    lines = []
    for upper, lower in zip(pixels[0::2], pixels[1::2], strict=False):
        cells = [("▀", Style(color=_color(a), bgcolor=_color(b))) for a, b in zip(upper, lower, strict=True)]
        lines.append(Text.assemble(*cells))
    return Text("\n").join(lines)


def _color(pixel: np.ndarray) -> Color:
    red, green, blue = (int(channel) for channel in pixel)
    return Color.from_rgb(red, green, blue)
