"""Whether a copy answers as what it was copied from: a sample of its vectors and words is asked of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import nlargest
from typing import NamedTuple

import numpy as np

from univldr.errors import NoWordsError, StoreError
from univldr.index.base import Index
from univldr.transfer.formats import Batch
from univldr.types import Document, Float32Array, Hit

SEARCHES = 16
"""Documents that are drawn; the vector and the words of each are asked."""

_TOP = 10  # hits
_SAME_SCORE = 1e-3  # what rounding, also to codes, makes of a cosine
_FOUND = 0.9  # of the hits, where graphs may lose some
_SAME_WORDS = 0.02  # shards weigh words by their own documents
_FOUND_BY_WORDS = 0.8
_WORDS = 8  # of a query
_SEED = 5


class Agreement(NamedTuple):
    """How many searches were compared; 0 by words where one of the two has none."""

    searches: int
    word_searches: int


class Sample:
    """Documents and vectors drawn at random from batches that pass, each as likely as any other."""

    def __init__(self) -> None:
        self.drawn: list[tuple[float, Document, Float32Array]] = []
        self._drawing = np.random.default_rng(_SEED)

    def of(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The same batches; what is drawn is of those that passed."""
        for documents, rows in batches:
            keys = self._drawing.random(len(documents)).tolist()
            drawn = [*self.drawn, *zip(keys, documents, rows, strict=True)]
            self.drawn = [(key, one, row.copy()) for key, one, row in nlargest(SEARCHES, drawn, _key)]
            yield documents, rows


def require_agreement(copy: Index, original: Index, sample: Sample) -> Agreement:
    """Ask both, and compare what they have and what they answer, equal scores in any order.

    Each hit of the original must be in the copy, with its document and, by its vector, its score. Nearly all
    hits must be found by the copy's own search, which may be approximate.

    Raises:
        StoreError: they do not agree, or one cannot be read.
    """
    before, after = [], []
    for _, _, row in sample.drawn:
        hits = original.query(row, _TOP)
        _require_same(copy, hits, row)
        before.append(hits)
        after.append(copy.query(row, _TOP))
    _require_found(before, after, _SAME_SCORE, _FOUND, "searches")
    queries = [words for _, one, _ in sample.drawn if (words := _words(one))]
    try:
        before = [original.query_words(words, _TOP) for words in queries]
        after = [copy.query_words(words, _TOP) for words in queries]
    except NoWordsError:
        return Agreement(len(sample.drawn), 0)
    _require_found(before, after, _SAME_WORDS, _FOUND_BY_WORDS, "searches by words")
    return Agreement(len(sample.drawn), len(queries))


def _key(drawn: tuple[float, Document, Float32Array]) -> float:
    return drawn[0]


def _words(document: Document) -> str:
    return " ".join(f"{document.title} {document.text}".split()[:_WORDS])


def _require_same(copy: Index, hits: Sequence[Hit], row: Float32Array) -> None:
    ids = [hit.document.id for hit in hits]
    vectors = copy.vectors(ids)
    for hit, there in zip(hits, copy.get(ids), strict=True):
        if there is None or replace(there, image=None) != replace(hit.document, image=None):
            raise StoreError(f"the copy does not have document {hit.document.id!r} as it is; copy again")
        score = float(vectors[there.id] @ row)
        if abs(score - hit.score) > _SAME_SCORE:
            raise StoreError(
                f"by its vector in the copy, document {there.id!r} scores {score:.4f}, not {hit.score:.4f}; "
                "copy again"
            )


def _require_found(
    before: Sequence[Sequence[Hit]], after: Sequence[Sequence[Hit]], slack: float, share: float, what: str
) -> None:
    """Of what was found before, ``share`` is found again, or was as good as what took its place."""
    total = sum(map(len, before))
    found = 0
    for hits, again in zip(before, after, strict=True):
        ids = {hit.document.id for hit in again}
        least = again[-1].score if len(again) == _TOP else -np.inf
        found += sum(hit.document.id in ids or hit.score <= least + slack for hit in hits)
    if found < share * total:
        raise StoreError(
            f"of {total} hits that {len(before)} {what} had, the copy found {found}; at least "
            f"{share:.0%} should be there: look at its health, and copy again"
        )
