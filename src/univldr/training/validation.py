"""Retrieval from a held-out pool while training: what tells a better model from a worse one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from univldr._processes import gather_rows, share
from univldr.corpus.collection import Collection, Topic
from univldr.encoders.embeddings import embed_topics
from univldr.evaluation.measures import evaluate
from univldr.index.topk import top_k
from univldr.training.inputs import encode_rows
from univldr.training.recipe import ValidationSettings
from univldr.types import Encoder, Float32Array, Modality

DEPTH = 100
_CHUNK = 1024


@dataclass(frozen=True)
class HeldOut:
    """Queries and the pool that they search.

    Attributes:
        collection: Where the documents are.
        topics: The queries.
        rows: int64 [pool], the documents, ascending.
    """

    collection: Collection
    topics: Sequence[Topic]
    rows: npt.NDArray[np.int64]

    @classmethod
    def draw(cls, collection: Collection, settings: ValidationSettings, seed: int) -> HeldOut:
        """The queries of the split and their pool, by chance where the settings ask for fewer than all."""
        rng = np.random.default_rng(seed)
        topics = collection.topics(settings.split)
        if settings.queries and settings.queries < len(topics):
            topics = [topics[i] for i in np.sort(rng.permutation(len(topics))[: settings.queries])]
        rows = np.arange(len(collection))
        if settings.pool and settings.pool < len(rows):
            answers = np.unique([row for topic in topics for row in topic.positives])
            others = np.setdiff1d(rows, answers)
            drawn = rng.permutation(others)[: max(0, settings.pool - len(answers))]
            rows = np.sort(np.concatenate([answers, drawn]))
        return cls(collection, topics, rows)

    def look(self, encoder: Encoder) -> dict[str, float]:
        """How well ``encoder`` finds the answers in the joint pool; several processes share the work.

        Returns:
            ``nDCG@10``, ``MRR@10`` and ``Recall@100`` over all queries; ``nDCG@10/text`` and so on over those
            with an answer of that modality; ``images@10``, the share of images among the first ten.
        """
        own = share(len(self.topics))
        queries = embed_topics(encoder, self.topics[own.start : own.stop])
        found, scores = top_k(queries, self._embed(encoder), DEPTH)
        found, scores = gather_rows(found), gather_rows(scores)
        ids = [str(row) for row in self.rows]
        run = {
            topic.id: {ids[row]: float(score) for row, score in zip(*pair, strict=True) if row >= 0}
            for topic, *pair in zip(self.topics, found.tolist(), scores.tolist(), strict=True)
        }
        qrels = {topic.id: {str(row): 1 for row in topic.positives} for topic in self.topics}
        evaluation = evaluate(run, qrels, ("nDCG@10", "MRR@10", "Recall@100"))
        codes = self._modalities
        values = evaluation.means()
        for code, modality in enumerate(Modality):
            of_kind = [t.id for t in self.topics if any(codes[row] == code for row in t.positives)]
            if of_kind:
                values[f"nDCG@10/{modality}"] = evaluation.restrict(of_kind)["nDCG@10"]
        first = found[:, :10]
        is_image = codes[self.rows[first[first >= 0]]] == list(Modality).index(Modality.IMAGE)
        return values | {"images@10": float(is_image.mean())}

    @cached_property
    def _modalities(self) -> npt.NDArray[np.uint8]:
        return self.collection.modalities()

    def _embed(self, encoder: Encoder) -> Float32Array:
        own = share(len(self.rows), block=_CHUNK)
        rows = self.rows[own.start : own.stop].tolist()
        pieces = (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
        vectors = [encode_rows(encoder, self.collection, piece) for piece in pieces]
        return gather_rows(np.concatenate([np.zeros((0, encoder.dim), np.float32), *vectors]))
