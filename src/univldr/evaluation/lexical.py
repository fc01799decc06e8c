"""BM25 over passages and captions, the baseline that any dense retriever has to beat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from univldr._optional import require
from univldr.errors import ConfigError, StoreError
from univldr.index.topk import best_positions
from univldr.types import Document, Float32Array, Progress

_WORD = re.compile(r"\w+")
_REPORT_EVERY = 100


@dataclass(frozen=True, slots=True)
class BM25Settings:
    """How BM25 weighs and what it takes for a word.

    Attributes:
        k1: How fast a repeated word saturates. With ``b`` as Anserini sets it, which is what the literature's
            BM25 mostly is.
        b: How much a document's length counts.
        language: Of the stemmer (Snowball) and the stop words; "" takes words as they are.
    """

    k1: float = 0.9
    b: float = 0.4
    language: str = "english"


def document_words(document: Document) -> str:
    """What BM25 reads of a document: the passage or the caption, and the expansions. Pixels have no words."""
    return " ".join([document.text, *(words.text for words in document.expansions)])


class BM25:
    """An index of texts in memory: Lucene's variant of Robertson's formula, computed by bm25s.

    A document's score is the sum, over the query's words, of
    ``log(1 + (N - n + 0.5) / (n + 0.5)) * tf / (tf + k1 * (1 - b + b * length / mean length))``, where ``n``
    of the ``N`` documents have the word, ``tf`` times in this one.
    """

    def __init__(self, texts: Iterable[str], settings: BM25Settings = BM25Settings()) -> None:
        """Index texts, read once; their rows run from 0.

        Raises:
            ConfigError: there is no stemmer for the language.
            MissingExtra: bm25s or PyStemmer is not installed.
        """
        self._words = _Words(settings.language)
        self._index = require("bm25s", extra="evaluate", purpose="BM25").BM25(
            k1=settings.k1, b=settings.b, method="lucene"
        )
        documents = [self._words.numbers(text, learn=True) for text in texts]
        if self._words.known:
            self._index.index((documents, self._words.known), create_empty_token=False, show_progress=False)

    def search(
        self, queries: Sequence[str], k: int, *, progress: Progress | None = None
    ) -> tuple[npt.NDArray[np.int64], Float32Array]:
        """The ``k`` best texts of each query; only those that share a word with it are found.

        Returns:
            As :func:`univldr.index.topk.top_k`: rows int64 [Q, k] and scores float32 [Q, k], equal scores by
            row upwards, -1 and ``-inf`` where a query has fewer.

        Raises:
            StoreError: ``k`` is below 1.
        """
        if k < 1:
            raise StoreError(f"k is {k}; ask for at least 1 hit")
        rows = np.full((len(queries), k), -1, np.int64)
        scores = np.full((len(queries), k), -np.inf, np.float32)
        for number, text in enumerate(queries):
            if words := self._words.numbers(text):
                every: Float32Array = self._index.get_scores_from_ids(words)
                found = np.flatnonzero(every > 0)
                found = found[best_positions(every[found], k)]
                rows[number, : len(found)], scores[number, : len(found)] = found, every[found]
            if progress and ((number + 1) % _REPORT_EVERY == 0 or number + 1 == len(queries)):
                progress(number + 1, len(queries), "searching words")
        return rows, scores


class _Words:
    """Texts to numbers of words: in lower case, without stop words, stemmed."""

    def __init__(self, language: str) -> None:
        self.known: dict[str, int] = {}  # stem to number
        self._numbers: dict[str, int | None] = {}  # word to number, None for a stop word
        self._language = language

    def numbers(self, text: str, *, learn: bool = False) -> list[int]:
        """The numbers of the words, in order; new words get one if ``learn``, else they are left out."""
        found = (self._number(word, learn) for word in _WORD.findall(text.casefold()))
        return [number for number in found if number is not None]

    def _number(self, word: str, learn: bool) -> int | None:
        if word in self._numbers:
            return self._numbers[word]
        if word in self._stop_words:
            number = None
        else:
            stem = self._stem(word)
            if not learn:
                return self.known.get(stem)
            number = self.known.setdefault(stem, len(self.known))
        self._numbers[word] = number
        return number

    @cached_property
    def _stop_words(self) -> frozenset[str]:
        lists: Any = require("bm25s.stopwords", extra="evaluate", purpose="BM25")
        name = "EN" if self._language == "english" else self._language.upper()
        return frozenset(getattr(lists, f"STOPWORDS_{name}", ()))

    @cached_property
    def _stem(self) -> Callable[[str], str]:
        if not self._language:
            return str
        stemmers: Any = require("Stemmer", extra="evaluate", purpose="BM25 with stemming")
        if self._language not in stemmers.algorithms():
            raise ConfigError(
                f'no stemmer for "{self._language}"; there is one for each of '
                f'{", ".join(stemmers.algorithms())}, and "" for none'
            )
        stem: Callable[[str], str] = stemmers.Stemmer(self._language).stemWord
        return stem
