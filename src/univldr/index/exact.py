"""The exact index in memory: for evaluation, mining and tests, and what other engines are held to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from univldr.index.base import (
    SCAN_SIZE,
    IndexInfo,
    Payload,
    check_count,
    check_query,
    check_rows,
    fields_of,
    from_payload,
    rank,
    to_payload,
)
from univldr.index.words import WordIndex
from univldr.types import Document, Float32Array, Hit, Modality
from univldr.where import Where

Rows = npt.NDArray[np.int64]

BLOCK = 65_536
"""Rows scored at a time, so that a query over a memory-mapped matrix reads it once, in order."""


class ExactIndex:
    """Blocked inner product over one growing matrix; deleted rows are filled by the last one."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._vectors: Float32Array = np.empty((0, dim), np.float32)
        self._payloads: list[Payload] = []
        self._rows: dict[str, int] = {}
        self._words: WordIndex | None = None  # made when asked for; a write ends it

    def upsert(self, documents: Sequence[Document], vectors: Float32Array) -> None:
        """See ``Index.upsert``."""
        check_rows(documents, vectors, self._dim)
        payloads = [to_payload(document) for document in documents]
        self._words = None
        self._reserve(len(self._payloads) + len(payloads))
        for payload, vector in zip(payloads, vectors, strict=True):
            row = self._rows.setdefault(payload["id"], len(self._payloads))
            self._payloads[row : row + 1] = [payload]
            self._vectors[row] = vector

    def delete(self, ids: Sequence[str]) -> int:
        """See ``Index.delete``."""
        before = len(self._payloads)
        self._words = None
        for row in (self._rows.pop(id_) for id_ in dict.fromkeys(ids) if id_ in self._rows):
            last = self._payloads.pop()
            if row < len(self._payloads):
                self._payloads[row] = last
                self._vectors[row] = self._vectors[len(self._payloads)]
                self._rows[last["id"]] = row
        return before - len(self._payloads)

    def get(self, ids: Sequence[str]) -> list[Document | None]:
        """See ``Index.get``."""
        rows = (self._rows.get(id_) for id_ in ids)
        return [None if row is None else from_payload(self._payloads[row]) for row in rows]

    def vectors(self, ids: Sequence[str]) -> dict[str, Float32Array]:
        """See ``Index.vectors``."""
        return {id_: self._vectors[self._rows[id_]].copy() for id_ in ids if id_ in self._rows}

    def scan(
        self, size: int = SCAN_SIZE, *, vectors: bool = True
    ) -> Iterator[tuple[list[Document], Float32Array]]:
        """See ``Index.scan``."""
        for start in range(0, len(self._payloads), size):
            payloads = self._payloads[start : start + size]
            rows = self._vectors[start : start + (len(payloads) if vectors else 0)]
            yield list(map(from_payload, payloads)), rows.copy()

    def query(
        self, vector: Float32Array, k: int, *, modality: Modality | None = None, where: Where | None = None
    ) -> list[Hit]:
        """See ``Index.query``."""
        check_query(vector, k, self._dim)
        scores = np.empty(len(self._payloads), np.float32)
        for start in range(0, len(scores), BLOCK):
            stop = min(start + BLOCK, len(scores))
            np.matmul(self._vectors[start:stop], vector, out=scores[start:stop])
        return self._best(scores, np.arange(len(scores)), k, modality, where)

    def query_words(
        self,
        text: str,
        k: int,
        *,
        modality: Modality | None = None,
        where: Where | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Hit]:
        """See ``Index.query_words``."""
        check_count(k)
        if self._words is None:
            self._words = WordIndex(map(from_payload, self._payloads))
        scores = self._words.scores(text)
        rows = np.flatnonzero(scores)
        if ids is not None:
            rows = rows[np.isin(rows, [self._rows[id_] for id_ in ids if id_ in self._rows])]
        return self._best(scores, rows, k, modality, where)

    def _best(
        self, scores: Float32Array, rows: Rows, k: int, modality: Modality | None, where: Where | None
    ) -> list[Hit]:
        """The best ``k`` of these rows that are wanted."""
        if modality is not None or where is not None:
            rows = rows[np.array([_wanted(self._payloads[row], modality, where) for row in rows], bool)]
        if k < len(rows):
            limit = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
            rows = rows[scores[rows] >= limit]  # ties at the limit stay, so that the id decides
        return rank([(float(scores[row]), from_payload(self._payloads[row])) for row in rows])[:k]

    def count(self, modality: Modality | None = None, *, where: Where | None = None) -> int:
        """See ``Index.count``."""
        return sum(_wanted(payload, modality, where) for payload in self._payloads)

    def flush(self) -> None:
        """Nothing to do: there are no files."""

    def optimize(self) -> None:
        """Nothing to do: it is always exact."""

    def info(self) -> IndexInfo:
        """See ``Index.info``."""
        return IndexInfo("exact", self._dim, len(self._payloads))

    def close(self) -> None:
        """Nothing to release."""

    def _reserve(self, rows: int) -> None:
        if rows > len(self._vectors):
            grown = np.empty((max(rows, 2 * len(self._vectors)), self._dim), np.float32)
            grown[: len(self._payloads)] = self._vectors[: len(self._payloads)]
            self._vectors = grown


def _wanted(payload: Payload, modality: Modality | None, where: Where | None) -> bool:
    same = modality in (None, payload["modality"])
    return same and (where is None or where.matches(fields_of(payload)))
