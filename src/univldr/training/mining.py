"""Hard negatives: what a model ranks high for a query although it is not known to answer it.

UniVL-DR (Liu et al. 2023) searches all documents in one pool, takes the best 100 of each query, drops its
positives, and splits the rest by modality. What goes beyond that is a choice of :class:`MiningSettings`, and
``MiningSettings.faithful()`` makes none of them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from univldr._processes import from_first, gather_bytes, processes, rank, share, wait_for_all
from univldr.corpus.collection import Collection, Topic
from univldr.encoders.embeddings import embed_collection, embed_topics, split_fingerprint
from univldr.errors import ConfigError
from univldr.evaluation.indexes import warn_of_missing
from univldr.search import Searcher
from univldr.training.negatives import (
    MiningReport,
    Negative,
    Ranked,
    Record,
    RecordWriter,
    encoded,
    summarise,
)
from univldr.training.pools import ExactPool, IndexPool, Pool
from univldr.training.recipe import MiningSettings
from univldr.types import Encoder, Float32Array, Modality, Progress

CHUNK = 4096
"""Queries searched by a process, and recorded, at a time."""

_WHOLE = -1  # as many records as there are to be

_MODALITIES = tuple(Modality)


def mine(
    encoder: Encoder,
    collection: Collection,
    split: str,
    settings: MiningSettings,
    out: Path,
    cache: Path,
    progress: Progress | None = None,
    *,
    searcher: Searcher | None = None,
) -> MiningReport:
    """Write the hard negatives of a split's queries to ``out``; see :mod:`univldr.training.negatives`.

    An interrupted run goes on where it was, and a file that is already there is kept, if they come from this
    very model, collection, split and settings. The same call gives the same file. Several processes
    (:mod:`univldr._processes`) share the queries, and the first one writes, where all of them can read.

    Args:
        encoder: The model to mine with; it should be the one that is trained next.
        collection: The documents and the queries.
        split: Of the queries.
        settings: See :class:`MiningSettings`.
        out: The file to write; it appears when it is complete.
        cache: Folder for the vectors.
        progress: Told how far it is.
        searcher: An index of ``encoder`` to mine from by vector, in place of the vectors of the collection.
            What it has beside the collection is passed over.

    Raises:
        ConfigError: ``centered`` where there are no texts, or with an index.
        CorpusError: there is no such split, a document cannot be read, the index has none of them, or ``out``
            cannot be written.
        ModelError: the encoder gives broken vectors.
        StoreError: the cache cannot be written, or the index not be searched.
    """
    _check(settings, collection, searcher)
    header = {
        "model": encoder.name,
        "encoder": encoder.fingerprint,
        "collection": collection.fingerprint,
        "split": split,
        "queries": _count(collection, split),
        "topics": split_fingerprint(collection, split),
        "documents": {str(modality): collection.count(modality) for modality in Modality},
        "settings": {name: _finite(value) for name, value in dataclasses.asdict(settings).items()},
        **({"index": _index_fields(searcher)} if searcher else {}),
    }
    writer = RecordWriter(out, header) if rank() == 0 else None
    done = from_first(_WHOLE if writer is None or writer.complete else writer.records)
    if done != _WHOLE:
        pool: Pool
        if searcher is None:
            vectors = embed_collection(encoder, collection, cache, progress=progress)
            pool = ExactPool(collection, vectors, centered=settings.centered)
        else:
            if rank() == 0:
                warn_of_missing(searcher.index, collection, split, "the index", progress)
            pool = IndexPool(collection, searcher.index)
        _Miner(encoder, collection, settings, pool).write(split, done, writer, progress)
    wait_for_all()
    return summarise(out)


def _check(settings: MiningSettings, collection: Collection, searcher: Searcher | None) -> None:
    if settings.centered and searcher is not None:
        raise ConfigError(
            "an index is searched as it is, not centered by all its vectors; leave out one of them"
        )
    if settings.centered and not collection.count(Modality.TEXT):
        raise ConfigError(
            f"centered takes the texts' mean out of queries, but {collection.path} has no texts"
        )


def _index_fields(searcher: Searcher) -> dict[str, Any]:
    """What tells one index from another, and from what it was before."""
    manifest = searcher.manifest
    made = {"created": manifest.created, "generation": manifest.generation} if manifest else {}
    return {**made, "documents": searcher.index.count()}


class _Miner:
    """One model's view of one collection."""

    def __init__(
        self, encoder: Encoder, collection: Collection, settings: MiningSettings, pool: Pool
    ) -> None:
        self._encoder, self._collection, self._settings, self._pool = encoder, collection, settings, pool
        self._ids = collection.ids()
        self._codes = collection.modalities()

    def write(self, split: str, done: int, writer: RecordWriter | None, progress: Progress | None) -> None:
        """Mine what is not recorded yet, each process its share of the queries."""
        total = _count(self._collection, split)
        step = CHUNK * processes()
        for start in range(done, total, step):
            count = min(step, total - start)
            own = share(count)
            topics = self._collection.topics(split, start=start + own.start, stop=start + own.stop)
            records = self._mine(topics, _within(progress, start, count, total)) if topics else []
            lines = gather_bytes(b"".join(map(encoded, records)))
            if writer is not None:
                writer.write(lines)
        if writer is not None:
            writer.finish()

    def _mine(self, topics: Sequence[Topic], report: Progress | None) -> list[Record]:
        queries = self._pool.prepared(embed_topics(self._encoder, topics))
        joint = self._pool.search(queries, self._settings.depth, None, report)
        most = max(len(topic.positives) for topic in topics)
        filling = self._search_apart(queries, most) if self._settings.fill else {}
        positives = self._pool.positive_scores(topics, queries)
        return [
            _Selection(self._settings, self._codes, topic, positives[number]).record(
                self._ids, joint[number], {code: lists[number] for code, lists in filling.items()}
            )
            for number, topic in enumerate(topics)
        ]

    def _search_apart(self, queries: Float32Array, positives: int) -> dict[int, list[Ranked]]:
        """Each modality so deep that the joint list and all ``positives`` of a query may come first."""
        depth = self._settings.depth + positives + self._settings.fill
        return {
            int(code): self._pool.search(queries, depth, _MODALITIES[code], None)
            for code in np.unique(self._codes)
        }


class _Selection:
    """The candidates of one query, judged."""

    def __init__(
        self,
        settings: MiningSettings,
        codes: npt.NDArray[np.uint8],
        topic: Topic,
        positives: Mapping[int, float],
    ) -> None:
        self._settings, self._codes, self._topic, self._positives = settings, codes, topic, positives
        self._ratio_limits = np.full(len(_MODALITIES), np.inf)
        self._limits = np.full(len(_MODALITIES), np.inf)
        for code in range(len(_MODALITIES)):
            positive = self._positive_score(code if settings.compare == "modality" else None)
            if positive is not None:
                self._ratio_limits[code] = settings.limit(positive)
                if settings.margin is not None:
                    self._limits[code] = positive - settings.margin
        if settings.max_score is not None:
            self._limits = np.minimum(self._limits, settings.max_score)

    def record(self, ids: Sequence[str], joint: Ranked, apart: Mapping[int, Ranked]) -> Record:
        """What is kept of the joint list, and of those of one modality where it is short."""
        rows, scores = joint
        ranks = np.arange(1, len(rows) + 1)
        candidate = (ranks > self._settings.skip) & ~np.isin(rows, self._topic.positives)
        innocent = self._innocent(rows, scores)
        kept = self._capped(rows, np.flatnonzero(candidate & innocent))
        chosen = [self._negative(ids, rows[n], scores[n], n + 1) for n in kept.tolist()]
        found = [
            self._negative(ids, row, score, None)
            for code, ranked in apart.items()
            for row, score in self._fill(code, rows[kept], rows, ranked)
        ]
        found.sort(key=lambda negative: -negative.score)
        suspected = int((candidate & ~innocent).sum())
        return Record(self._topic.id, self._positive_score(None), suspected, chosen + found)

    def _positive_score(self, code: int | None) -> float | None:
        """The score that stands for the positives of a modality, or for all."""
        scores = [score for row, score in self._positives.items() if code in (None, self._codes[row])]
        return (max if self._settings.positive == "highest" else min)(scores, default=None)

    def _innocent(self, rows: npt.NDArray[np.int64], scores: Float32Array) -> npt.NDArray[np.bool_]:
        """Which candidates do not score like a positive."""
        codes = self._codes[rows]
        below: npt.NDArray[np.bool_] = scores < self._ratio_limits[codes]
        return below & (scores <= self._limits[codes])

    def _capped(self, rows: npt.NDArray[np.int64], kept: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The first ``per_modality`` positions of each modality."""
        codes = self._codes[rows[kept]]
        firsts = [kept[codes == code][: self._settings.per_modality] for code in np.unique(codes)]
        return np.sort(np.concatenate([*firsts, np.zeros(0, np.int64)]))

    def _fill(
        self, code: int, kept: npt.NDArray[np.int64], joint: npt.NDArray[np.int64], apart: Ranked
    ) -> list[tuple[int, np.float32]]:
        """The best of one modality that the joint list does not show, as many as are missing."""
        missing = max(0, self._settings.fill - int((self._codes[kept] == code).sum()))
        rows, scores = apart
        new = ~np.isin(rows, joint) & ~np.isin(rows, self._topic.positives) & self._innocent(rows, scores)
        return list(zip(rows[new][:missing].tolist(), scores[new][:missing], strict=True))

    def _negative(self, ids: Sequence[str], row: int, score: np.float32, rank: int | None) -> Negative:
        return Negative(ids[row], _MODALITIES[self._codes[row]].value, _short(score), rank)


def _within(progress: Progress | None, start: int, share: int, total: int) -> Progress | None:
    """How far the search for ``share`` of the queries is, told as so many of all of them."""
    if progress is None:
        return None
    return lambda done, of, _: progress(start + share * done // of, total, "mining")


def _short(score: np.float32) -> float:
    """A float32 as the shortest decimal that reads back as the same."""
    return float(str(score))


def _finite(value: object) -> object:
    """JSON has no infinity."""
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _count(collection: Collection, split: str) -> int:
    """How many queries a split has; one that is not there is the collection's to refuse."""
    if split not in collection.report.queries:
        collection.topics(split, stop=1)
    return collection.report.queries[split]
