"""Where text was found: boxes in any direction, and the direction that the text of a picture has.

Angles are in radians, clockwise from text that runs to the right, as y grows downwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from univldr.verbalize.layout import Line

_CLEAR = 1.5  # of a box's sides: from here its longer one shows the direction of the text

Boxes = npt.NDArray[np.float64]
"""float64 [N, 4, 2]: corners as x and y in pixels, clockwise, the first edge along the text."""


def sizes(boxes: Boxes) -> npt.NDArray[np.float64]:
    """float64 [N, 2]: the length of the first edge and of the second, the mean with the opposite one's."""
    edges = np.linalg.norm(np.roll(boxes, -1, axis=1) - boxes, axis=2)
    found: npt.NDArray[np.float64] = (edges[:, :2] + edges[:, 2:]) / 2
    return found


def by_axis(boxes: Boxes) -> Iterator[tuple[float, Boxes]]:
    """The boxes along the text's main axis, then those across it, their first edges along the text.

    Each with the angle of its text: from -45 to 45 degrees, or from 45 to 135. A box that is nearly square
    shows no direction and goes with the main axis.
    """
    angles, lengths = _axes(boxes)
    down = angles > math.pi / 4
    main = bool(lengths[down].sum() > lengths[~down].sum())
    down[lengths == 0] = main
    for axis in (main, not main):
        members = down == axis
        if members.any():
            angle = _median(angles[members], lengths[members], axis * math.pi / 2)
            yield angle, _from_start(boxes[members], angle)


def _axes(boxes: Boxes) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """float64 [N] each: the longer side's angle, from -45 to 135 degrees, and its length, 0 where unclear."""
    sides = sizes(boxes)
    ends = np.where(sides[:, :1] >= sides[:, 1:], boxes[:, 1] - boxes[:, 0], boxes[:, 2] - boxes[:, 1])
    angles = (np.arctan2(ends[:, 1], ends[:, 0]) + math.pi / 4) % math.pi - math.pi / 4
    return angles, np.where(sides.max(axis=1) >= _CLEAR * sides.min(axis=1), sides.max(axis=1), 0.0)


def _median(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], default: float) -> float:
    order = values.argsort()
    heavy = weights[order].cumsum()
    return float(values[order][np.searchsorted(heavy, heavy[-1] / 2)]) if heavy[-1] else default


def _from_start(boxes: Boxes, angle: float) -> Boxes:
    """The same boxes, each beginning with the edge that runs along the text."""
    edges = np.roll(boxes, -1, axis=1) - boxes
    edges /= np.maximum(np.linalg.norm(edges, axis=2, keepdims=True), 1e-9)
    first = (edges @ [math.cos(angle), math.sin(angle)]).argmax(axis=1)
    order = (first[:, None] + np.arange(4)) % 4
    return np.take_along_axis(boxes, order[:, :, None], axis=1)


def upside_down(boxes: Boxes) -> Boxes:
    """The same boxes, for text that runs the other way."""
    return np.roll(boxes, 2, axis=1)


def turned(boxes: Boxes, angle: float, size: tuple[int, int], new_size: tuple[int, int]) -> Boxes:
    """Where they are once the picture, of a (width, height), is turned back by ``angle`` about its middle."""
    cos, sin = math.cos(angle), math.sin(angle)
    return (boxes - np.divide(size, 2)) @ [[cos, -sin], [sin, cos]] + np.divide(new_size, 2)


def apart(boxes: Boxes, others: Boxes) -> npt.NDArray[np.bool_]:
    """bool [N]: whether the middle of a box lies in none of the upright ``others``."""
    middles = boxes.mean(axis=1)[:, None]
    low, high = others.min(axis=1)[None], others.max(axis=1)[None]
    outside: npt.NDArray[np.bool_] = ~((low < middles) & (middles < high)).all(axis=2).any(axis=1)
    return outside


def lines(boxes: Boxes, angle: float, texts: Sequence[tuple[str, float]]) -> list[Line]:
    """Texts with their confidence as lines, in a frame that is turned by the angle of the text."""
    cos, sin = math.cos(angle), math.sin(angle)
    middles = boxes.mean(axis=1) @ [[cos, -sin], [sin, cos]]
    halves = sizes(boxes) / 2
    corners = np.hstack([middles - halves, middles + halves]).tolist()
    return [Line(text, confidence, *where) for (text, confidence), where in zip(texts, corners, strict=True)]
