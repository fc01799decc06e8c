"""What a word is, and how much it says: BM25 as evidence from 0 to 1, the same for every engine.

A document's score is the share of the query's words that it has, weighed by how telling they are::

    sum over the query's words t of  idf(t) * rarity(t) * sat(t)  /  sum over them of idf(t)

    idf(t)    = ln(1 + (N - n + 0.5) / (n + 0.5))                 n of the N documents have t, at least 1
    rarity(t) = idf(t) / idf of a word that 1 document has
    sat(t)    = tf / (tf + K1 * (1 - B + B * length / LENGTH))    tf times in this one, of so many words

Without the rarity it would be Robertson's formula as Lucene has it, divided by the most that the query could
give. But then the one word of the query "dog" would say as much as an invoice's number, though a thousand
documents have it. A word that no document has counts in the denominator, as one that a single document has: a
query half of whose words are unknown gives 0.5 at most. LENGTH is a constant, not the collection's mean, so
that a document's weights do not depend on its neighbours.

Text is cut, stemmed (English Snowball), freed of English stop words and hashed to 32 bits by Qdrant Edge's
own ``Bm25``, 30 µs for 125 words. Before that accents are taken off, and scripts that put no space between
words are cut into pairs of neighbouring characters.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import PurePath

import numpy as np
import qdrant_edge as edge

from univldr.corpus.text import prettified
from univldr.types import Document, Float32Array

K1 = 0.2
"""How fast a repeated word saturates. So low, one occurrence gives most of it: 0.83 at the usual length."""

B = 0.4
"""How much a document's length counts."""

LENGTH = 60.0
"""Words, without stop words, of a document that counts as neither short nor long."""

QUERY_WORDS = 100
"""Words of a query that count: someone may paste a page."""

NO_WORDS = 0
"""The word of documents that have none, so that every document has one and is counted; in no query."""

_NOWHERE = np.zeros(0, np.int64), np.zeros(0, np.float32)
_ACCENTS = re.compile("[\u0300-\u036f]+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)  # Thai, Lao, Burmese, Khmer, kana, Han


def document_words(document: Document) -> str:
    """What can be found by words: passage or caption, generated words, title and file name."""
    said = [document.text, *(words.text for words in document.expansions), document.title]
    if document.path is not None:
        name = PurePath(document.path.replace("\\", "/"))
        said.append(name.suffix if prettified(name.stem) == document.title else name.name)
    return " ".join(filter(None, said))


def document_vector(document: Document) -> tuple[list[int], list[float]]:
    """A document's words, each once, and the ``sat`` of each, in (0, 1); ``NO_WORDS`` where it has none."""
    vector = _bm25().embed_document(_spaced(document_words(document), _pairs_and_singles))
    if not vector.indices:
        return [NO_WORDS], [1.0]
    return [token or 1 for token in vector.indices], [value / (K1 + 1) for value in vector.values]


def query_words(text: str) -> list[int]:
    """The words of a query, each once; empty where it has only stop words, or none.

    Of a query of more than ``QUERY_WORDS`` words, the first.
    """
    first = " ".join(_spaced(text, _pairs).split()[:QUERY_WORDS])
    return [token or 1 for token in _bm25().embed_query(first).indices]


def idf(documents: int, having: int) -> float:
    """How telling a word is that ``having`` of so many documents have; above 0."""
    having = max(having, 1)
    return math.log1p((max(documents, having) - having + 0.5) / (having + 0.5))


class WordIndex:
    """The words of documents in memory, by row."""

    def __init__(self, documents: Iterable[Document]) -> None:
        postings: dict[int, tuple[list[int], list[float]]] = {}
        self._rows = 0
        for row, document in enumerate(documents):
            self._rows += 1
            for token, weight in zip(*document_vector(document), strict=True):
                rows, weights = postings.setdefault(token, ([], []))
                rows.append(row)
                weights.append(weight)
        self._postings = {
            token: (np.array(rows, np.int64), np.array(weights, np.float32))
            for token, (rows, weights) in postings.items()
        }

    def scores(self, text: str) -> Float32Array:
        """float32 [rows], in [0, 1): each row's score; 0 where it has none of the query's words."""
        scores = np.zeros(self._rows, np.float32)
        total, highest = 0.0, idf(self._rows, 1)
        for token in query_words(text):
            rows, weights = self._postings.get(token, _NOWHERE)
            worth = idf(self._rows, len(rows))
            total += worth
            scores[rows] += np.float32(worth * worth / highest) * weights
        return scores / np.float32(total) if total else scores


@cache
def _bm25() -> edge.Bm25:
    return edge.Bm25(
        edge.Bm25Config(
            k=K1,
            b=B,
            avg_len=LENGTH,
            tokenizer=edge.TokenizerType.Word,
            language="english",
            lowercase=True,
            ascii_folding=True,
        )
    )


def _spaced(text: str, cut: Callable[[str], Sequence[str]]) -> str:
    """Text without accents, runs of unspaced script cut into words."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))
    return _UNSPACED.sub(lambda run: f" {' '.join(cut(run.group()))} ", text)


def _pairs(run: str) -> Sequence[str]:
    return [left + right for left, right in pairwise(run)] or [run]


def _pairs_and_singles(run: str) -> Sequence[str]:
    """A document's: a query of a single character finds it, too."""
    return [*_pairs(run), *run] if len(run) > 1 else [run]
