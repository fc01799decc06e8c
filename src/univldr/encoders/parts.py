"""What a document's vector is made of: named vectors that add up to it, so that a score can be split.

A captioned picture is the unit row of ``pixels + text``. The text tower reads caption and generated words as
one text, so what the words contribute is what they change: the text's embedding with them, less that without
them. Words of several origins are added one after another, in their order, and each is given what it changes.
The parts therefore add up exactly, and a part may be negative: words can also lead away from a query.

That is also how words can weigh less than everything else (``Expansion.weight``): of what they change, only
that share goes into the sum. At 1 it is UniVL-DR's plain sum, over caption and words as one text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from univldr.encoders.captions import CaptionFitter
from univldr.types import Document, Float32Array, Modality

Parts = dict[str, Float32Array]
"""Name to float32 [dim]; they add up to the document's unit row."""

TEXT, PIXELS, CAPTION, WHOLE = "text", "pixels", "caption", "document"
GENERATED = "generated"
"""The names: a passage has ``text``; a picture ``pixels``, ``caption`` and ``generated:ORIGIN``."""

Rows = Callable[[list[str]], Float32Array]


class _Step(NamedTuple):
    """A text on its way to its full length: the part that is added, its weight, and the text with it."""

    part: str
    weight: float
    text: str


@runtime_checkable
class Splits(Protocol):
    """An encoder that can say what its vectors are made of."""

    def document_parts(self, documents: list[Document]) -> list[Parts]:
        """The parts of each document's vector, in order.

        Raises:
            ImageError: a picture cannot be decoded; the message names its id and path.
        """


def split_documents(
    documents: Sequence[Document],
    fitter: CaptionFitter,
    text_rows: Rows,
    image_rows: Callable[[list[Document]], Float32Array],
) -> list[Parts]:
    """The parts of each document, from an encoder's two towers.

    Args:
        documents: Passages and pictures.
        fitter: As the encoder itself fits captions.
        text_rows: Projections of texts, float32 [n, dim], not normalised.
        image_rows: Projections of pictures, float32 [n, dim], not normalised.
    """
    pictures = [d for d in documents if d.modality is Modality.IMAGE]
    growing = [_growing(d, kept, fitter) for d, kept in zip(pictures, fitter.kept(pictures), strict=True)]
    passages = [d.text for d in documents if d.modality is not Modality.IMAGE]
    texts = [step.text for steps in growing for step in steps] + passages
    rows = iter(text_rows(texts)) if texts else iter(())
    pixels = iter(image_rows(pictures)) if pictures else iter(())
    made = [_picture_parts(steps, [next(rows) for _ in steps], next(pixels)) for steps in growing]
    found = iter(made)
    return [next(found) if d.modality is Modality.IMAGE else {TEXT: _unit(next(rows))} for d in documents]


def is_weighted(documents: Sequence[Document]) -> bool:
    """Whether a document has words that do not weigh in full, so that its vector must be put together."""
    return any(expansion.weight != 1 for document in documents for expansion in document.expansions)


def put_together(parts: Sequence[Parts]) -> Float32Array:
    """float32 [len(parts), dim]: the documents' vectors."""
    rows: Float32Array = np.stack([np.sum(list(some.values()), axis=0) for some in parts])
    return rows


def _growing(document: Document, kept: int, fitter: CaptionFitter) -> list[_Step]:
    """The document's text as it grows."""
    steps = [_Step(CAPTION, 1.0, fitter.compose(document, 0))]
    position = 0
    for (origin, weight), some in groupby(document.expansions[:kept], lambda e: (e.origin, e.weight)):
        position += len(list(some))
        name = f"{GENERATED}:{origin}" if origin else GENERATED
        steps.append(_Step(name, weight, fitter.compose(document, position)))
    return [step for step in steps if step.text]


def _picture_parts(steps: Sequence[_Step], rows: Sequence[Float32Array], pixels: Float32Array) -> Parts:
    parts = {PIXELS: pixels}
    before = np.zeros_like(pixels)
    for step, row in zip(steps, rows, strict=True):
        change = np.float32(step.weight) * (row - before)
        parts[step.part] = parts.get(step.part, np.zeros_like(pixels)) + change
        before = row
    norm = max(float(np.linalg.norm(np.sum(list(parts.values()), axis=0))), 1e-12)
    return {name: part / np.float32(norm) for name, part in parts.items()}


def _unit(row: Float32Array) -> Float32Array:
    unit: Float32Array = row / max(float(np.linalg.norm(row)), 1e-12)
    return unit
