"""What the words that a query and a document share are worth beside their vectors.

An addend to the cosine, never below 0, so that a picture without words keeps its score and is passed only by
documents whose words speak for them. Evidence from words (:mod:`univldr.index.words`, 0 to 1) counts on the
scale of relevance, in log-odds. A calibrated model knows what a step on that scale is in its cosines, for
each kind of document: ``1 / slope`` of the kind's curve. Elsewhere the standard deviation of the cosines of
the hundred nearest documents and the hundred with the best words has to do, which is about as much.

| mode | log-odds that are added for evidence ``e`` |
|---|---|
| ``auto`` | ``AUTO * max(0, e - START) * max(0, e - tenth)``, ``tenth`` being the tenth best evidence |
| ``on`` | ``ON * e`` |

So in ``auto`` words count only where a document has much of what was asked and is set apart by it: an
invoice's number, a rare name, a file's name. The constants come from ``benchmarks/hybrid.py --choose``, on
data that it does not judge (``docs/hybrid.md``).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from univldr.calibration import KINDS, Calibration
from univldr.types import Float32Array

Mode = Literal["auto", "on"]

AUTO = 16.0
START = 0.3
"""Evidence that sentences about something else seldom reach by chance."""

ON = 8.0

_APART_FROM = 10  # what ten documents have sets none of them apart
_FIRST = 100  # documents of each list that a search always has


def fuse(
    cosines: Float32Array,
    evidence: Float32Array,
    kinds: npt.NDArray[np.int64],
    *,
    mode: Mode,
    calibration: Calibration | None,
) -> Float32Array:
    """What the candidates' words add to their cosines.

    Args:
        cosines: float32 [n], of the candidates of one query: the nearest, and those with the best words.
        evidence: float32 [n], in [0, 1], as ``Index.query_words`` scores; 0 without a shared word.
        kinds: int64 [n], indices into ``KINDS``.
        mode: Whether words count where they are telling, or always.
        calibration: The model's; ``None`` where it has none, or where these are not the cosines it is about.

    Returns:
        float32 [n], 0 or more.
    """
    logits = ON * evidence if mode == "on" else AUTO * _set_apart(evidence)
    return np.asarray(logits * _steps(cosines, evidence, kinds, calibration), np.float32)


def enough(mode: Mode, calibration: Calibration | None) -> int | None:
    """So many documents with the best words decide what words add; ``None`` where those of all do.

    No other gets anything for its words, nor changes what these get. See ``fuse`` for the arguments.
    """
    spread = calibration is None or len(calibration.curves) < len(KINDS)
    return None if mode == "on" or spread else _APART_FROM


def _set_apart(evidence: Float32Array) -> Float32Array:
    few = len(evidence) < _APART_FROM
    tenth = 0 if few else np.partition(evidence, -_APART_FROM)[-_APART_FROM]
    product: Float32Array = np.maximum(evidence - np.float32(START), 0) * np.maximum(evidence - tenth, 0)
    return product


def _steps(
    cosines: Float32Array,
    evidence: Float32Array,
    kinds: npt.NDArray[np.int64],
    calibration: Calibration | None,
) -> Float32Array:
    """float32 [n]: one of the log-odds in cosines, for each candidate."""
    curves = {} if calibration is None else calibration.curves
    spread = 0.0 if len(curves) == len(KINDS) else _spread(cosines, evidence)
    steps = [1 / curves[kind].slope if kind in curves else spread for kind in KINDS]
    return np.array(steps, np.float32)[kinds]


def _spread(cosines: Float32Array, evidence: Float32Array) -> float:
    """Standard deviation of the best cosines of each list, which a later page of a search does not change."""
    told = np.flatnonzero(evidence)
    nearest = np.argsort(-cosines, kind="stable")[:_FIRST]
    best = np.union1d(nearest, told[np.argsort(-evidence[told], kind="stable")[:_FIRST]])
    return float(cosines[best].std()) if len(best) else 0.0
