"""Where hard negatives are looked for: the vectors of a collection, exactly, or an index as it searches."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from univldr.centering import Centered, center_queries, modality_means
from univldr.corpus.collection import Collection, Topic
from univldr.index.base import Index
from univldr.index.topk import Vectors, nonzero_rows, top_k
from univldr.training.negatives import Ranked
from univldr.types import Float32Array, Hit, Modality, Progress

logger = logging.getLogger("univldr")

_MODALITIES = tuple(Modality)


class Pool(Protocol):
    """Documents of a collection that have vectors."""

    def prepared(self, queries: Float32Array) -> Float32Array:
        """Queries float32 [Q, dim] as this pool compares them."""

    def search(
        self, queries: Float32Array, depth: int, modality: Modality | None, progress: Progress | None
    ) -> list[Ranked]:
        """The best ``depth`` for each prepared query, of one modality or of all; fewer if there are few."""

    def positive_scores(self, topics: Sequence[Topic], queries: Float32Array) -> list[dict[int, float]]:
        """For each topic, the score of each of its positives that has a vector, by row."""


class ExactPool:
    """All vectors of a collection; nothing is missed, and equal scores come by row."""

    def __init__(self, collection: Collection, vectors: Float32Array, *, centered: bool) -> None:
        """With ``centered``, each modality's mean is taken out of ``vectors``, the texts' out of queries."""
        self._codes = collection.modalities()
        self._present = nonzero_rows(vectors)  # a document that could not be encoded is nobody's negative
        self._vectors: Vectors = vectors
        self._mean: Float32Array | None = None
        if centered:
            means = modality_means(vectors, self._codes)
            self._vectors = Centered(vectors, self._codes, means)
            self._mean = means[_MODALITIES.index(Modality.TEXT)]

    def prepared(self, queries: Float32Array) -> Float32Array:
        """See ``Pool.prepared``."""
        return queries if self._mean is None else center_queries(queries, self._mean)

    def search(
        self, queries: Float32Array, depth: int, modality: Modality | None, progress: Progress | None
    ) -> list[Ranked]:
        """See ``Pool.search``."""
        allowed = self._present
        if modality is not None:
            allowed = allowed & (self._codes == _MODALITIES.index(modality))
        rows, scores = top_k(
            queries, self._vectors, depth, allowed=None if allowed.all() else allowed, progress=progress
        )
        return [(of[of >= 0], their[of >= 0]) for of, their in zip(rows, scores, strict=True)]

    def positive_scores(self, topics: Sequence[Topic], queries: Float32Array) -> list[dict[int, float]]:
        """See ``Pool.positive_scores``."""
        pairs = [(n, row) for n, topic in enumerate(topics) for row in topic.positives if self._present[row]]
        rows = [row for _, row in pairs]
        return _products(pairs, self._vectors[np.array(rows)] if rows else None, queries)


class IndexPool:
    """The documents of a collection that an index has, as its engine finds them: approximately, maybe."""

    def __init__(self, collection: Collection, index: Index) -> None:
        self._ids, self._index = collection.ids(), index
        self._rows = {id_: row for row, id_ in enumerate(self._ids)}

    def prepared(self, queries: Float32Array) -> Float32Array:
        """See ``Pool.prepared``."""
        return queries

    def search(
        self, queries: Float32Array, depth: int, modality: Modality | None, progress: Progress | None
    ) -> list[Ranked]:
        """See ``Pool.search``."""
        found = []
        for done, query in enumerate(queries, start=1):
            found.append(self._ranked(query, depth, modality))
            if progress:
                progress(done, len(queries), "searching")
        return found

    def _ranked(self, query: Float32Array, depth: int, modality: Modality | None) -> Ranked:
        """Deeper, until enough are of the collection."""
        asked = depth
        while True:
            hits = self._index.query(query, asked, modality=modality)
            own: list[Hit] = [hit for hit in hits if hit.document.id in self._rows][:depth]
            if len(own) == depth or len(hits) < asked:
                rows = np.array([self._rows[hit.document.id] for hit in own], np.int64)
                return rows, np.array([hit.score for hit in own], np.float32)
            asked *= 2

    def positive_scores(self, topics: Sequence[Topic], queries: Float32Array) -> list[dict[int, float]]:
        """See ``Pool.positive_scores``."""
        rows = sorted({row for topic in topics for row in topic.positives})
        there = self._index.vectors([self._ids[row] for row in rows])
        vectors = {row: there[self._ids[row]] for row in rows if self._ids[row] in there}
        pairs = [(n, row) for n, topic in enumerate(topics) for row in topic.positives if row in vectors]
        return _products(pairs, np.stack([vectors[row] for _, row in pairs]) if pairs else None, queries)


def _products(
    pairs: Sequence[tuple[int, int]], vectors: Float32Array | None, queries: Float32Array
) -> list[dict[int, float]]:
    """For each query its products with documents, by row; ``pairs`` are of a query and a row."""
    scores: list[dict[int, float]] = [{} for _ in queries]
    if vectors is not None:
        owners: npt.NDArray[np.int64] = np.array([owner for owner, _ in pairs])
        products = np.einsum("nd,nd->n", queries[owners], vectors)
        for (owner, row), product in zip(pairs, products.tolist(), strict=True):
            scores[owner][row] = product
    return scores
