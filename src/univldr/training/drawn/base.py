"""What a module of drawn kinds offers: functions that draw at random and say what they drew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from univldr.canvas import Canvas

Captions = tuple[str, ...]
"""Several ways to say what a picture shows, each true of it; the first says most."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be drawn in endless variations.

    Attributes:
        name: Such as ``horse`` or ``bar chart``; kinds are held out by it.
        paint: Draws one variation on an empty canvas, by the its ``random`` alone, and says what it drew.
    """

    name: str
    paint: Callable[[Canvas], Captions]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn picture, RGB, with what it shows."""

    kind: str
    image: Image.Image
    captions: Captions


def draw(kind: Kind, number: int) -> Drawing:
    """Variation ``number`` of a kind: the same on every run and machine."""
    canvas = Canvas(f"{kind.name} {number}", oversampling=1)
    captions = kind.paint(canvas)
    return Drawing(kind.name, canvas.finish(), captions)
