"""What a module of pictures offers: a table of names, drawing functions and captions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from univldr.canvas import Canvas


@dataclass(frozen=True)
class Picture:
    """One picture of the demo corpus.

    Attributes:
        name: The file's name, such as ``red-bar-chart.png``.
        draw: Draws it on an empty canvas.
        caption: What the sidecar says about it; ``None`` when only its pixels can find it.
    """

    name: str
    draw: Callable[[Canvas], None]
    caption: str | None = None

    def render(self) -> Image.Image:
        """The picture, RGB, 480x360."""
        canvas = Canvas(self.name)
        self.draw(canvas)
        return canvas.finish()
