"""Exact top-k of many queries over many vectors at once, which may lie on disk."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from univldr.errors import StoreError
from univldr.types import Float32Array, Progress

BLOCK = 65_536
"""Documents scored at a time."""

QUERIES = 512
"""Queries scored at a time: with a block of documents their scores take 134 MB."""


class Vectors(Protocol):
    """Rows to search: an array, a memory map, or anything that makes rows when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(documents, dim)."""

    def __getitem__(self, rows: Any, /) -> Any:
        """The rows of a slice or of an index array, as an array [n, dim]."""


def top_k(
    queries: Float32Array,
    documents: Vectors,
    k: int,
    *,
    allowed: npt.NDArray[np.bool_] | None = None,
    block: int = BLOCK,
    progress: Progress | None = None,
) -> tuple[npt.NDArray[np.int64], Float32Array]:
    """The ``k`` documents of the largest inner product with each query, exactly.

    Each block of documents is read once, in order, for all queries; memory does not grow with the documents.
    Equal scores come by row upwards. A score that is not a number is never among the best.

    Args:
        queries: float32 [Q, dim].
        documents: float32 [N, dim].
        k: At least 1; it may be more than N.
        allowed: bool [N]; only these documents are searched, and only they are read.
        block: Documents at a time.
        progress: Told how far it is, after every block.

    Returns:
        Rows int64 [Q, k] and scores float32 [Q, k], best first; -1 and ``-inf`` where a query has fewer.

    Raises:
        StoreError: the shapes do not fit, or ``k`` is below 1.
    """
    _check(queries, documents, k, allowed)
    candidates = np.arange(documents.shape[0]) if allowed is None else np.flatnonzero(allowed)
    best = _Best(len(queries), k)
    buffer = np.empty(min(len(queries), QUERIES) * min(len(candidates), block), np.float32)
    for start in range(0, len(candidates), block):
        rows = candidates[start : start + block]
        vectors = np.asarray(documents[_span(rows)], np.float32)
        for first in range(0, len(queries), QUERIES):
            some = queries[first : first + QUERIES]
            scores = buffer[: len(some) * len(rows)].reshape(len(some), len(rows))
            np.matmul(some, vectors.T, out=scores)
            best.take_in(first, scores, rows)
        if progress:
            progress(start + len(rows), len(candidates), "searching")
    return best.rows, best.scores


def best_positions(scores: Float32Array, k: int) -> npt.NDArray[np.int64]:
    """Where the ``k`` largest of float32 [n] stand, largest first, equal ones by position upwards."""
    positions = np.arange(len(scores))
    if k < len(scores):
        limit = np.partition(scores, len(scores) - k)[len(scores) - k]
        positions = np.flatnonzero(scores >= limit)  # ties at the limit stay, so that the position decides
    order = np.argsort(-scores[positions], kind="stable")[:k]
    best: npt.NDArray[np.int64] = positions[order]
    return best


def nonzero_rows(documents: Vectors, *, block: int = BLOCK) -> npt.NDArray[np.bool_]:
    """Which rows are not all zeros, bool [N]: a document that could not be encoded is such a row."""
    total = documents.shape[0]
    blocks = [np.any(documents[start : start + block], axis=1) for start in range(0, total, block)]
    return np.concatenate(blocks) if blocks else np.zeros(0, bool)


class _Best:
    """The best rows so far of each query; documents must come in the order of their rows."""

    def __init__(self, queries: int, k: int) -> None:
        self.rows = np.full((queries, k), -1, np.int64)
        self.scores = np.full((queries, k), -np.inf, np.float32)
        self._k = k

    def take_in(self, first: int, scores: Float32Array, rows: npt.NDArray[np.int64]) -> None:
        """Scores [n, len(rows)] of the queries from ``first`` on."""
        for query, row_of_scores in enumerate(scores, start=first):
            # Not even a tie gets past the k-th: it has the lower row.
            better = np.flatnonzero(row_of_scores > self.scores[query, -1])
            if len(better):
                better = better[best_positions(row_of_scores[better], self._k)]
                self._merge(query, row_of_scores[better], rows[better])

    def _merge(self, query: int, scores: Float32Array, rows: npt.NDArray[np.int64]) -> None:
        scores = np.concatenate([self.scores[query], scores])
        rows = np.concatenate([self.rows[query], rows])
        order = np.argsort(-scores, kind="stable")[: self._k]
        self.scores[query], self.rows[query] = scores[order], rows[order]


def _span(rows: npt.NDArray[np.int64]) -> slice | npt.NDArray[np.int64]:
    """A slice where ``rows`` are consecutive, so that nothing is copied."""
    first, last = int(rows[0]), int(rows[-1])
    return slice(first, last + 1) if last - first + 1 == len(rows) else rows


def _check(queries: Float32Array, documents: Vectors, k: int, allowed: npt.NDArray[np.bool_] | None) -> None:
    if len(documents.shape) != 2 or queries.ndim != 2 or queries.shape[1] != documents.shape[1]:
        raise StoreError(
            f"queries of shape {list(queries.shape)} for documents of shape {list(documents.shape)}; "
            "both need rows of one length: were they made by the same model?"
        )
    if k < 1:
        raise StoreError(f"k is {k}; ask for at least 1 hit")
    if allowed is not None and allowed.shape != documents.shape[:1]:
        raise StoreError(f"a mask of shape {list(allowed.shape)} for {documents.shape[0]} documents")
