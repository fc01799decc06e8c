"""Centering: take each modality's mean out of its vectors, so that the kinds no longer sit apart.

The texts and the pictures of a contrastive model lie in two separate cones, so that a query prefers documents
of one kind whatever they say. Subtracting from every vector the mean of its kind and restoring unit length
closes the gap without training (GR-CLIP, *Closing the Modality Gap for Mixed Modality Search*,
arXiv 2507.19054).

Which mean is taken from queries: their own where a set of them is at hand, as GR-CLIP does, or the mean of
the text documents. The latter is the default, because it serves a single query as well, and a query's
ranking does not change with the company it comes in. Captioned and bare pictures share one mean, that of the
fused vectors.

A row of zeros stands for a document that could not be encoded: it counts in no mean and stays zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from univldr.types import Float32Array

_BLOCK = 65_536

# A vector closer to its mean than this is the mean, and what is left of it rounding: it has no direction.
_NOTHING_LEFT = 1e-6


class Vectors(Protocol):
    """Rows of vectors: an array, a memory map, or anything that makes rows when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(documents, dim)."""

    def __getitem__(self, rows: Any, /) -> Any:
        """The rows of a slice or of an index array, as an array [n, dim]."""


def modality_means(vectors: Vectors, modalities: npt.NDArray[np.uint8]) -> dict[int, Float32Array]:
    """The mean vector of each modality that occurs, rows of zeros left out.

    Args:
        vectors: float32 [N, dim], read once, in blocks.
        modalities: uint8 [N], a number for each modality.

    Returns:
        Modality to float32 [dim]; in the order of the numbers.
    """
    sums = {int(kind): np.zeros(vectors.shape[1]) for kind in np.unique(modalities)}
    counts = dict.fromkeys(sums, 0)
    for start in range(0, vectors.shape[0], _BLOCK):
        block = np.asarray(vectors[start : start + _BLOCK], np.float32)
        kinds = modalities[start : start + _BLOCK]
        present = block.any(axis=1)
        for kind in sums:
            chosen = present & (kinds == kind)
            sums[kind] += block[chosen].sum(axis=0, dtype=np.float64)
            counts[kind] += int(chosen.sum())
    return {kind: (sums[kind] / max(counts[kind], 1)).astype(np.float32) for kind in sums}


def center(
    vectors: Float32Array, modalities: npt.NDArray[np.uint8], means: Mapping[int, Float32Array]
) -> Float32Array:
    """Vectors less the mean of their modality, at unit length again.

    Args:
        vectors: float32 [N, dim].
        modalities: uint8 [N]; one that is not among the means is left as it is.
        means: See ``modality_means``.

    Returns:
        float32 [N, dim], unit rows; zero where a row is zero, or is its modality's mean.
    """
    shifted = np.array(vectors, np.float32)
    for kind, mean in means.items():
        shifted[modalities == kind] -= mean
    return _unit(shifted, vectors)


def center_queries(queries: Float32Array, mean: Float32Array | None = None) -> Float32Array:
    """Queries less ``mean``, at unit length again.

    Args:
        queries: float32 [Q, dim].
        mean: float32 [dim], such as the text documents' mean; ``None`` takes the queries' own.

    Returns:
        float32 [Q, dim], unit rows; zero where nothing is left of a query.
    """
    if mean is None:
        kinds = np.zeros(len(queries), np.uint8)
        return center(queries, kinds, modality_means(queries, kinds))
    return _unit(queries - mean, queries)


class Centered:
    """``center`` done to rows when they are read: what lies on disk stays there, and as it is."""

    def __init__(
        self, vectors: Vectors, modalities: npt.NDArray[np.uint8], means: Mapping[int, Float32Array]
    ) -> None:
        self._vectors, self._modalities, self._means = vectors, modalities, means

    @property
    def shape(self) -> tuple[int, ...]:
        """(documents, dim)."""
        return self._vectors.shape

    def __getitem__(self, rows: Any, /) -> Float32Array:
        """float32 [n, dim] of a slice or an index array."""
        return center(self._vectors[rows], self._modalities[rows], self._means)


def _unit(shifted: Float32Array, vectors: Float32Array) -> Float32Array:
    """``shifted`` at unit length; zero where ``vectors`` was zero or nothing is left of it."""
    norms = np.linalg.norm(shifted, axis=1, keepdims=True)
    something = (norms > _NOTHING_LEFT) & np.any(vectors, axis=1, keepdims=True)
    unit: Float32Array = np.divide(shifted, norms, out=np.zeros_like(shifted), where=something)
    return unit
