"""A verbalizer for tests, which says the colour of a picture and counts its work, and pictures to show it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from univldr.images import load_image
from univldr.types import Document, Modality
from univldr.verbalize.base import Words

COLOURS = {(255, 0, 0): "red", (0, 128, 0): "green", (0, 0, 255): "blue", (0, 0, 0): "black"}


class ColourVerbalizer:
    """Says ``red`` of a red picture and ``#102030`` of one whose mean has no name; of a black one, nothing.

    Attributes:
        calls: How many pictures each call was given.
    """

    label = "colours"
    weight = 1.0

    def __init__(
        self,
        name: str = "caption",
        *,
        batch: int = 4,
        fingerprint: str = "colours-1",
        say: Callable[[str], list[Words]] = lambda colour: [Words(colour, 0.5)],
    ) -> None:
        self.name = name
        self.batch = batch
        self.fingerprint = fingerprint
        self.calls: list[int] = []
        self._say = say

    @property
    def seen(self) -> int:
        """How many pictures it was given in all."""
        return sum(self.calls)

    def verbalize(self, pictures: Sequence[Path | bytes]) -> list[list[Words]]:
        self.calls.append(len(pictures))
        colours = [mean_colour(picture) for picture in pictures]
        return [[] if colour == "black" else self._say(colour) for colour in colours]


def mean_colour(picture: Path | bytes) -> str:
    """The name of a picture's mean colour, or its ``#rrggbb``; ImageError where it cannot be decoded."""
    mean = load_image(picture).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(mean, tuple)
    return COLOURS.get((mean[0], mean[1], mean[2]), "#{:02x}{:02x}{:02x}".format(*mean[:3]))


def png(colour: str) -> bytes:
    """A picture of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(stream, "PNG")
    return stream.getvalue()


def broken_png() -> bytes:
    """A picture whose header is sound and whose pixels are not."""
    return png("red")[:-30]


def picture_document(id: str, image: Path | bytes | str, text: str = "", **metadata: object) -> Document:
    """A picture document; of a colour's name, a picture of that colour."""
    image = png(image) if isinstance(image, str) else image
    return Document(id, Modality.IMAGE, text, image, metadata=metadata)
