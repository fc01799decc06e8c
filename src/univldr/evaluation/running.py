"""Running systems over a collection: what :mod:`univldr.evaluation.systems` names."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from univldr._processes import gather_rows, one_process_first, share
from univldr.centering import Centered, center_queries, modality_means
from univldr.corpus.collection import Collection
from univldr.encoders import load_encoder
from univldr.encoders.embeddings import embed_collection, embed_split, topic_batches
from univldr.errors import ConfigError
from univldr.evaluation.indexes import Indexes
from univldr.evaluation.lexical import BM25, document_words
from univldr.evaluation.systems import Dense, Divided, Indexed, Lexical, System
from univldr.evaluation.words import AS_SET, Wording, WordsEncoder
from univldr.fusion import fuse
from univldr.index.topk import Vectors, nonzero_rows, top_k
from univldr.trec import Run
from univldr.types import Encoder, Float32Array, Modality, Progress

logger = logging.getLogger("univldr")

_CHUNK = 1024
_MODALITIES = tuple(Modality)

Load: TypeAlias = Callable[[str, Collection], Encoder]
"""Gives the encoder of a model's name, for the documents of a collection."""


def load_by_name(name: str, collection: Collection) -> Encoder:
    """``load_encoder``, whatever the collection."""
    return load_encoder(name)


def run_system(
    system: System,
    collection: Collection,
    split: str,
    *,
    k: int = 100,
    cache: Path,
    load: Load = load_by_name,
    wording: Wording = AS_SET,
    known: dict[System, Run] | None = None,
    indexes: Indexes | None = None,
    progress: Progress | None = None,
) -> Run:
    """Answer every query of a split.

    Of several processes (:mod:`univldr._processes`) each encodes and searches its share; all get the answer.

    Args:
        system: See ``parse_system``.
        collection: The documents and the queries.
        split: Of the queries.
        k: Documents for each query; a pool is searched as deep before lists are fused.
        cache: Folder for vectors: systems of one model encode documents and queries once.
        load: Gives the encoder of a model's name.
        wording: How the words in a system's brackets are made.
        known: What systems have answered to these queries, as deep; looked up and added to, so that systems
            with a part in common, such as ``bm25:text``, search it once.
        indexes: Opens those of :class:`Indexed` systems and keeps them open; by default each for one run.
        progress: Told how far each step is.

    Returns:
        A list for each query, in stored order, best first; it is shorter than ``k`` where a pool holds fewer,
        or fewer share a word with the query. A document that could not be encoded is never in it.

    Raises:
        ConfigError: centering with the texts' mean where there are no texts; tags of no model.
        CorpusError: there is no such split, or a document cannot be read.
        MissingExtra: the system needs an optional dependency.
        ModelError: a model cannot be loaded or gives broken vectors.
        StoreError: the cache cannot be written, or ``k`` is below 1.
    """
    known = {} if known is None else known
    with nullcontext(indexes) if indexes else Indexes(collection, split) as opened:
        running = _Running(collection, split, k, cache, load, wording, known, opened, progress)
        return running.run(system)


class _Running:
    """Searches over one collection for the queries of one split."""

    def __init__(
        self,
        collection: Collection,
        split: str,
        k: int,
        cache: Path,
        load: Load,
        wording: Wording,
        known: dict[System, Run],
        indexes: Indexes,
        progress: Progress | None,
    ) -> None:
        self._wording, self._known, self._indexes = wording, known, indexes
        self._collection, self._split, self._k = collection, split, k
        self._cache, self._load, self._progress = cache, load, progress
        self._modalities = collection.modalities()
        self._queries: list[str] = []
        self._texts: list[str] = []
        self._positives: list[tuple[int, ...]] = []
        for topics in topic_batches(collection, split):
            self._queries += [topic.id for topic in topics]
            self._texts += [topic.query.text for topic in topics]
            self._positives += [topic.positives for topic in topics]
        self._numbers = share(len(self._queries))
        self._own = slice(self._numbers.start, self._numbers.stop)

    def run(self, system: System) -> Run:
        if system not in self._known:
            self._known[system] = dict(zip(self._queries, self._answer(system), strict=True))
        return self._known[system]

    def _answer(self, system: System) -> list[dict[str, float]]:
        match system:
            case Lexical():
                return self._lexical(system)
            case Dense():
                return self._dense(system)
            case Divided():
                return self._divided(system)
            case Indexed():
                return self._indexes.answer(system, self._numbers, self._k, self._progress)

    def _divided(self, system: Divided) -> list[dict[str, float]]:
        lists: dict[Modality, list[dict[str, float]]] = {}
        for modality in _MODALITIES:
            if self._collection.count(modality):
                part = system.texts if modality is Modality.TEXT else system.others
                lists[modality] = list(self.run(replace(part, pool=modality)).values())
        return [self._fused(system, number, lists) for number in range(len(self._queries))]

    def _fused(
        self, system: Divided, number: int, lists: Mapping[Modality, Sequence[dict[str, float]]]
    ) -> dict[str, float]:
        asked = list(lists)
        if system.oracle:
            right = set(self._modalities[list(self._positives[number])].tolist())
            asked = [modality for modality in asked if _MODALITIES.index(modality) in right]
        found = [lists[modality][number] for modality in asked]
        if len(found) == 1:
            return found[0]
        first = zlib.crc32(self._queries[number].encode()) % max(len(found), 1)
        fused = fuse([*found[first:], *found[:first]], system.fusion)
        return dict(list(fused.items())[: self._k])

    def _lexical(self, system: Lexical) -> list[dict[str, float]]:
        documents = np.arange(len(self._collection))
        if system.pool is not None:
            documents = np.flatnonzero(self._of(system.pool))
        collection = self._worded(system.verbalize, None)
        texts = (
            document_words(document)
            for start in range(0, len(documents), _CHUNK)
            for document in collection.documents(documents[start : start + _CHUNK].tolist(), pictures=False)
        )
        index = BM25(texts, system.settings)
        rows, scores = index.search(self._texts[self._own], self._k, progress=self._progress)
        return self._named(np.where(rows < 0, -1, documents[rows] if len(documents) else rows), scores)

    def _dense(self, system: Dense) -> list[dict[str, float]]:
        if system.center == "text" and not self._collection.count(Modality.TEXT):
            raise ConfigError(
                f'system "{system}" takes the mean of the texts out of queries, but there are no texts; '
                "use +center-queries"
            )
        collection = self._worded(system.verbalize, lambda: self._load(system.model, self._collection))
        encoder = self._load(system.model, collection)
        if system.words:
            encoder = WordsEncoder(encoder)
        before = getattr(encoder, "dropped_expansions", 0)  # what only some encoders count
        documents: Vectors = embed_collection(encoder, collection, self._cache, progress=self._progress)
        dropped = getattr(encoder, "dropped_expansions", 0) - before
        if dropped := int(gather_rows(np.array([dropped])).sum()):
            logger.warning(
                f"{system}: {dropped:,} expansions dropped: captions end at {encoder.max_tokens} tokens"
            )
        queries = embed_split(encoder, collection, self._split, self._cache, progress=self._progress)
        allowed = nonzero_rows(documents)
        if system.center:
            queries, documents = self._centered(system, queries, documents)
        if system.pool is not None:
            allowed &= self._of(system.pool)
        rows, scores = top_k(
            queries[self._own],
            documents,
            self._k,
            allowed=None if allowed.all() else allowed,
            progress=self._progress,
        )
        return self._named(rows, scores)

    def _worded(self, spec: str, own: Callable[[], Encoder] | None) -> Collection:
        """The collection with the words of a system's brackets."""
        if not spec:
            return self._collection
        with one_process_first():
            return self._wording.collection(
                self._collection, spec, self._cache, own=own, progress=self._progress
            )

    def _centered(
        self, system: Dense, queries: Float32Array, documents: Vectors
    ) -> tuple[Float32Array, Centered]:
        means = modality_means(documents, self._modalities)
        mean = means[_MODALITIES.index(Modality.TEXT)] if system.center == "text" else None
        return center_queries(queries, mean), Centered(documents, self._modalities, means)

    def _of(self, modality: Modality) -> npt.NDArray[np.bool_]:
        chosen: npt.NDArray[np.bool_] = self._modalities == _MODALITIES.index(modality)
        return chosen

    @cached_property
    def _ids(self) -> list[str]:
        return self._collection.ids()

    def _named(self, rows: npt.NDArray[np.int64], scores: Float32Array) -> list[dict[str, float]]:
        """The lists of all queries, from those of this process's."""
        found = zip(gather_rows(rows).tolist(), gather_rows(scores).tolist(), strict=True)
        return [
            {self._ids[row]: score for row, score in zip(*pair, strict=True) if row >= 0} for pair in found
        ]
