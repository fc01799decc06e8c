"""Whether two pictures are copies of one: the same but for size, compression, format or brightness.

Vectors alone do not tell: a strongly compressed copy can be as far from its original as another photo of the
same thing. They say which pairs are worth a look; the look is a hash of the picture's brightness steps.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from univldr.errors import UnivldrError
from univldr.images import load_image
from univldr.types import Document, Float32Array

Steps = npt.NDArray[np.bool_]
"""bool [128]: where brightness rises to the right, then where it falls downwards, on a grid of 8 x 8."""

SAME = 0.9995
"""Vectors this near, as a cosine, are of the same pixels."""

NEAR = 0.8
"""Vectors less near are not looked at any closer."""

DIFFERENT = 0.3
"""Copies differ in fewer of the steps that either has; see ``python -m benchmarks.results``."""

_GRID = 8
_TELLING = 16  # of fewer steps, as in a plain colour, nothing can be told
_REMEMBERED = 10_000


def are_copies(one: Document, other: Document, cosine: float) -> bool:
    """Whether two picture documents show the same picture.

    Args:
        one: A picture.
        other: Another.
        cosine: Between their stored vectors; captions that differ have moved these apart.
    """
    if cosine >= SAME:
        return True
    if cosine < NEAR:
        return False
    first, second = _steps_of(one), _steps_of(other)
    return first is not None and second is not None and distance(first, second) < DIFFERENT


def distance(one: Steps, other: Steps) -> float:
    """The share of the steps that only one of them has, 0 to 1; 1 where there are too few to tell."""
    either = int((one | other).sum())
    return 1.0 if either < _TELLING else int((one ^ other).sum()) / either


def steps(picture: Image.Image) -> Steps:
    """The brightness steps of a picture (a difference hash, in two directions)."""
    small = picture.convert("L").resize((_GRID + 1, _GRID + 1), Image.Resampling.LANCZOS)
    grey = np.asarray(small, np.int16)
    right, down = grey[:-1, 1:] > grey[:-1, :-1], grey[1:, :-1] < grey[:-1, :-1]
    return np.concatenate([right.ravel(), down.ravel()])


def nearest_first(row: Float32Array, others: Float32Array) -> list[tuple[int, float]]:
    """Which of ``others`` [n, dim] are near enough to ``row`` [dim] to be looked at, with their cosines."""
    near = others @ row
    order = np.argsort(-near, kind="stable")
    return [(int(number), float(near[number])) for number in order if near[number] >= NEAR]


def _steps_of(document: Document) -> Steps | None:
    """``None`` where the picture cannot be looked at any more."""
    if not isinstance(document.image, Path):
        return None
    try:
        status = document.image.stat()
        return _remembered(document.image, status.st_mtime_ns, status.st_size)
    except (OSError, UnivldrError):
        return None


@functools.lru_cache(_REMEMBERED)
def _remembered(path: Path, changed: int, size: int) -> Steps:
    return steps(load_image(path, draft=(_GRID * 8, _GRID * 8)))
