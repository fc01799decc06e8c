"""Fit a calibration: logistic curves from score to relevance, and the threshold of an answer.

For every query, each kind of document is searched by itself. Its list holds what a user would see of an
index with 1,000 documents of that kind: ten documents for every thousand in the pool. The positives that are
as good count as relevant, everything else as not. Two weights make the probability mean something:

- the documents of a list that are not relevant weigh as much as the ten of such an index, whatever the size
  of the pool, so that passages and pictures are told from equally many others;
- positives weigh half: every second query has no answer in the index.

Sets of queries weigh the same, however long they are. Nothing here is random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from univldr.calibration import KINDS, Calibration, Curve, kind_of
from univldr.corpus.collection import Collection, Topic
from univldr.encoders.embeddings import embed_collection, embed_split, topic_batches
from univldr.errors import ConfigError
from univldr.types import Encoder, Float32Array, Progress

REFERENCE = 1000
"""Documents of each kind in the index that relevance is about."""

DEPTH = 10
"""Documents of each kind that a user would see of it."""

FEWEST = 20
"""Relevant documents without which a kind has no curve."""

_ANSWERED = 0.5
_BLOCK = 512
_STEPS = 100
_RIDGE = 1e-6
_CHUNK = 4096

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """Queries with their answers, and the documents these are among.

    Attributes:
        queries: float32 [Q, dim], unit rows.
        documents: float32 [N, dim], unit rows; zero where a document could not be encoded.
        kinds: int64 [N], indices into ``KINDS``.
        positives: For each query, rows of ``documents``.
    """

    queries: Float32Array
    documents: Float32Array
    kinds: npt.NDArray[np.int64]
    positives: Sequence[Sequence[int]]


def judged(
    encoder: Encoder, collection: Collection, split: str, cache: Path, progress: Progress | None = None
) -> Judged:
    """The queries in words of a split and all documents, encoded; the vectors are kept in ``cache``.

    Raises:
        CorpusError: there is no such split, or a document cannot be read.
        ImageError: a query's picture cannot be read.
    """
    topics: list[Topic] = [topic for batch in topic_batches(collection, split) for topic in batch]
    words = [row for row, topic in enumerate(topics) if topic.query.image is None]
    queries = embed_split(encoder, collection, split, cache, progress=progress)[words]
    documents = embed_collection(encoder, collection, cache, progress=progress)
    chunks = (
        range(start, min(start + _CHUNK, len(collection))) for start in range(0, len(collection), _CHUNK)
    )
    kinds = [kind_of(document) for rows in chunks for document in collection.documents(rows, pictures=False)]
    return Judged(queries, documents, np.array(kinds, np.int64), [topics[row].positives for row in words])


def also_right(captions: Float32Array, share: float = 0.9) -> npt.NDArray[np.bool_]:
    """Which pictures a caption fits about as well as its own, by what people said of both.

    Of a thousand photos many show a dog in the grass, and the caption of one is true of the others. A
    picture counts as right if the caption is as alike to its captions, in the mean, as ``share`` of what it
    is to the other captions of its own picture.

    Args:
        captions: float32 [N, K, dim], unit rows of a text tower, K captions of each picture, K at least 2.

    Returns:
        bool [N, K, N]; a caption's own picture is always right.
    """
    count, each, dim = captions.shape
    flat = captions.reshape(-1, dim)
    alike = (flat @ flat.T).reshape(count * each, count, each).mean(axis=2)
    owners = np.repeat(np.arange(count), each)
    rows = np.arange(len(flat))
    own = (alike[rows, owners] * each - 1) / (each - 1)  # without the caption itself
    right: npt.NDArray[np.bool_] = alike >= share * own[:, None]
    right[rows, owners] = True
    return np.reshape(right, (count, each, count))


def fit(sets: Sequence[Judged], *, recall: float = 0.95) -> Calibration:
    """A calibration from sets of queries; the documents of all of them are one pool.

    A kind has a curve where at least ``FEWEST`` of its documents answer a query and are found, and better
    scores are more often answers.

    Args:
        sets: Their queries should be answered in none of the other sets.
        recall: Share of the queries whose best hit of a kind that answers them is to reach the threshold.
            Kinds weigh the same in it.

    Raises:
        ConfigError: no kind can have a curve, or ``recall`` is not between 0 and 1.
    """
    if not 0 < recall < 1:
        raise ConfigError(f"recall is {recall}; give a share between 0 and 1")
    lists = {kind: _Lists.of(sets, number) for number, kind in enumerate(KINDS)}
    curves = {kind: curve for kind, found in lists.items() if found and (curve := _curve(found))}
    if not curves:
        raise ConfigError(f"no kind of document has {FEWEST} relevant ones among the best; give more data")
    plain = Calibration(curves, 0)
    best = [
        plain.relevance(found.best, np.full(len(found.best), number))
        for number, (kind, found) in enumerate(lists.items())
        if found and kind in curves
    ]
    shares = np.concatenate([np.full(len(some), 1 / len(some)) for some in best])
    return Calibration(curves, _quantile(np.concatenate(best), shares, 1 - recall))


@dataclass(frozen=True, slots=True)
class _Lists:
    """What the queries' lists of one kind hold, all together.

    Attributes:
        scores: float64 [n].
        relevant: bool [n].
        weights: float64 [n].
        best: float64 [m], the best score of each query that a document of this kind answers.
    """

    scores: Floats
    relevant: npt.NDArray[np.bool_]
    weights: Floats
    best: Floats

    @classmethod
    def of(cls, sets: Sequence[Judged], kind: int) -> _Lists | None:
        """``None`` where there are no documents of the kind."""
        chosen = [np.flatnonzero((some.kinds == kind) & some.documents.any(axis=1)) for some in sets]
        size = sum(map(len, chosen))
        if not size:
            return None
        pool = np.concatenate([some.documents[rows] for some, rows in zip(sets, chosen, strict=True)])
        places = np.cumsum([0, *map(len, chosen)])
        parts = [
            cls._of_set(some, dict(zip(rows.tolist(), range(place, place + len(rows)), strict=True)), pool)
            for some, rows, place in zip(sets, chosen, places, strict=False)
        ]
        return cls(*(np.concatenate([part[n] for part in parts]) for n in range(4)))

    @staticmethod
    def _of_set(
        some: Judged, place: dict[int, int], pool: Float32Array
    ) -> tuple[Floats, npt.NDArray[np.bool_], Floats, Floats]:
        """The fields of one set's queries; ``place`` is where its rows of this kind are in the pool."""
        depth = min(len(pool), max(1, round(DEPTH * len(pool) / REFERENCE)))
        own = [[place[row] for row in rows if row in place] for rows in some.positives]
        good, bad, best = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
        for start in range(0, len(own), _BLOCK):
            scores = np.asarray(some.queries[start : start + _BLOCK] @ pool.T, np.float64)
            for row, positives in zip(scores, own[start : start + _BLOCK], strict=True):
                mine = row[positives]
                row[positives] = -np.inf
                others = -np.partition(-row, depth - 1)[:depth]
                others = others[np.isfinite(others)]
                bad.append(others)
                good.append(mine[mine >= others.min(initial=np.inf)] if len(others) else mine)
                if positives:
                    best.append(np.array([max(mine.max(), others.max(initial=-np.inf))]))
        relevant, rest = np.concatenate(good), np.concatenate(bad)
        weights = np.full(len(relevant), _ANSWERED), np.full(len(rest), DEPTH / depth)
        return (
            np.concatenate([relevant, rest]),
            np.repeat([True, False], [len(relevant), len(rest)]),
            np.concatenate(weights) / max(1, len(own)),
            np.concatenate(best),
        )


def _curve(lists: _Lists) -> Curve | None:
    if lists.relevant.sum() < FEWEST or lists.relevant.all():
        return None
    slope, offset = logistic(lists.scores, lists.relevant, lists.weights)
    return Curve(slope, -offset / slope) if slope > 0 else None


def logistic(scores: Floats, relevant: npt.NDArray[np.bool_], weights: Floats) -> tuple[float, float]:
    """Slope and offset of the weighted logistic regression of ``relevant`` on ``scores``, by Newton's method.

    A ridge of a millionth on the standardised score keeps it finite where the two can be told apart whole.

    Args:
        scores: float64 [n].
        relevant: bool [n].
        weights: float64 [n], above 0; only their ratios count.
    """
    weights = weights / weights.sum()
    mean = weights @ scores
    deviation = np.sqrt(weights @ (scores - mean) ** 2) or 1.0
    inputs = np.stack([(scores - mean) / deviation, np.ones(len(scores))], axis=1)
    share = float(weights @ relevant)
    solution = np.array([0.0, np.log(share / (1 - share))])
    ridge = _RIDGE * np.array([1.0, 0.0])

    def loss(at: Floats) -> float:
        logits = inputs @ at
        return float(weights @ (np.logaddexp(0, logits) - relevant * logits) + ridge @ at**2 / 2)

    for _ in range(_STEPS):
        chance = 0.5 + 0.5 * np.tanh(inputs @ solution / 2)
        gradient = inputs.T @ (weights * (chance - relevant)) + ridge * solution
        curvature = weights * chance * (1 - chance)
        hessian = (inputs * curvature[:, None]).T @ inputs + np.diag(ridge + 1e-12)
        step = np.linalg.solve(hessian, gradient)
        while loss(solution - step) > loss(solution) and np.abs(step).max() > 1e-10:
            step = step / 2  # Newton's step can be too long far from the end
        solution = solution - step
        if np.abs(step).max() < 1e-10:
            break
    slope = float(solution[0] / deviation)
    return slope, float(solution[1] - slope * mean)


def _quantile(values: Floats | Float32Array, weights: Floats, share: float) -> float:
    """The largest of the values with at most ``share`` of the weight below it."""
    order = np.argsort(values, kind="stable")
    below = np.concatenate([[0.0], np.cumsum(weights[order])[:-1]]) / weights.sum()
    return float(values[order][np.flatnonzero(below <= share + 1e-12)[-1]])
