"""Can a model say that an index has no answer, and does its relevance mean what it says?

Captions of Flickr8k's dev photos and questions of XQuAD search the pool of these photos and passages. They
are answerable with their own photo or passage in the pool. Without it, and without every other photo that a
caption fits by what people said of it, they are unanswerable. Questions of WebQA, about pictures of which
none is here, are unanswerable too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import data
from univldr import load_encoder
from univldr.calibration import KINDS, Calibrated, Calibration, kind_of
from univldr.evaluation.tables import markdown_table
from univldr.training.calibrate import also_right
from univldr.types import Document, Encoder, Float32Array, Query

DEPTH = 10
RECALL = 0.95
BINS = 10

Floats = npt.NDArray[Any]
Judge = Callable[[Floats, Floats], Floats]
"""Scores and kinds [Q, K] to what a threshold is laid upon."""


@dataclass(frozen=True)
class Lists:
    """The best hits of some queries: scores, kinds and whether they are the answer, each [Q, K]."""

    scores: Floats
    kinds: Floats
    right: Floats


@dataclass(frozen=True)
class Group:
    """Queries of one source, float32 [Q, dim], and which documents of the pool answer them, bool [Q, N]."""

    queries: Float32Array
    right: npt.NDArray[np.bool_]

    def search(self, pool: Float32Array, kinds: Floats, *, answerable: bool) -> Lists:
        """The best ``DEPTH``; if not answerable, no answer is in the pool."""
        scores = self.queries @ pool.T
        if not answerable:
            scores[self.right] = -1
        best = np.argsort(-scores, axis=1)[:, :DEPTH]
        right = np.take_along_axis(self.right, best, 1) & answerable
        return Lists(np.take_along_axis(scores, best, 1), kinds[best], right)


@dataclass(frozen=True)
class Pool:
    """Documents, and the groups of queries: captions, questions, and those of WebQA."""

    vectors: Float32Array
    kinds: Floats
    groups: Mapping[str, Group]

    def lists(self, *, answerable: bool) -> dict[str, Lists]:
        """By group; WebQA's are never answerable."""
        return {
            name: group.search(self.vectors, self.kinds, answerable=answerable)
            for name, group in self.groups.items()
            if not answerable or group.right.any()
        }


def pools(encoder: Encoder, folder: Path) -> tuple[Pool, Pool]:
    """The photos as they are and with their first captions, both with the passages."""
    photos, _, _ = data.pictures(folder)
    items = data.rows(folder / "flickr8k/dev.jsonl")
    captioned = [replace(photo, text=item["captions"][0]) for photo, item in zip(photos, items, strict=True)]
    passages, questions, right = data.passages(folder)
    places = {passage.id: len(photos) + row for row, passage in enumerate(passages)}
    size = len(photos) + len(passages)
    webqa = [Query(row["query"]) for row in data.rows(folder / "webqa-captions/queries.jsonl")]
    said = encoder.encode_queries([Query(words) for item in items for words in item["captions"]])
    said = said.reshape(len(items), -1, said.shape[1])
    fits = np.pad(also_right(said), [(0, 0), (0, 0), (0, len(passages))])[:, 1:].reshape(-1, size)
    answers = np.zeros((len(questions), size), bool)
    answers[np.arange(len(questions)), [places[right[n]] for n in range(len(questions))]] = True
    groups = {
        "captions": Group(said[:, 1:].reshape(-1, said.shape[2]), fits),
        "questions": Group(encoder.encode_queries(questions), answers),
        "WebQA": Group(encoder.encode_queries(webqa), np.zeros((len(webqa), size), bool)),
    }
    texts = encoder.encode_documents(passages)

    def pool(pictures: list[Document]) -> Pool:
        kinds = np.array([kind_of(document) for document in (*pictures, *passages)])
        return Pool(np.concatenate([encoder.encode_documents(pictures), texts]), kinds, groups)

    return pool(photos), pool(captioned)


def kept(values: Sequence[Floats]) -> float:
    """The threshold that keeps 95% of some groups of best hits, which weigh the same."""
    joined = np.concatenate(values)
    shares = np.concatenate([np.full(len(some), 1 / len(some) / len(values)) for some in values])
    order = np.argsort(joined)
    return float(joined[order][np.searchsorted(np.cumsum(shares[order]), 1 - RECALL)])


def line(name: str, judge: Judge, threshold: float | None, pool: Pool) -> Sequence[str]:
    """A row of the table: which share of each group of queries is said to be answered."""

    def best(found: Mapping[str, Lists]) -> dict[str, Floats]:
        return {group: judge(lists.scores, lists.kinds).max(axis=1) for group, lists in found.items()}

    there, gone = best(pool.lists(answerable=True)), best(pool.lists(answerable=False))
    limit = kept(list(there.values())) if threshold is None else threshold
    shares = [float((some >= limit).mean()) for some in (*there.values(), *gone.values())]
    shares.append((shares[2] + shares[3]) / 2)
    return [name, f"{limit:.3f}", *(f"{share:.1%}" for share in shares)]


def per_kind(pool: Pool) -> Judge:
    """The score above a threshold of its kind, which keeps 95% of the queries that the kind answers."""
    found = pool.lists(answerable=True)
    limits = np.full(len(KINDS), np.inf)
    for group, own in ((found["questions"], pool.kinds[-1]), (found["captions"], pool.kinds[0])):
        limits[own] = kept([np.where(group.kinds == own, group.scores, -1).max(axis=1)])
    return lambda scores, kinds: scores - limits[kinds.astype(int)]


def thresholds(pool: Pool, calibration: Calibration) -> str:
    """The table of false answers."""
    lines = [
        line("relevance, shipped threshold", calibration.relevance, calibration.answer_threshold, pool),
        line("relevance", calibration.relevance, None, pool),
        line("score, one threshold", lambda scores, _: scores, None, pool),
        line("score less a threshold per kind", per_kind(pool), 0.0, pool),
    ]
    head = ("best hit's", "threshold", "captions kept", "questions kept", "captions, photos gone",
            "questions, passage gone", "WebQA", "both gone")  # fmt: skip
    return markdown_table(head, lines, left=1)


def reliability(pools: Sequence[Pool], calibration: Calibration) -> str:
    """Relevance in ten bins beside the share of hits that are right; half the queries are answerable."""
    lines = []
    for number, kind in enumerate(KINDS):
        pool = next(pool for pool in pools if number in pool.kinds)
        found = [part for there in (True, False) for name, part in pool.lists(answerable=there).items()
                 if name in ("captions", "questions")]  # fmt: skip
        own = [part.kinds == number for part in found]
        predicted = np.concatenate(
            [
                calibration.relevance(part.scores, part.kinds)[some]
                for part, some in zip(found, own, strict=True)
            ]
        )
        right = np.concatenate([part.right[some] for part, some in zip(found, own, strict=True)])
        weights = np.concatenate([np.full(some.sum(), 1 / len(some)) for some in own])
        bins = np.minimum((predicted * BINS).astype(int), BINS - 1)
        for bin in range(BINS):
            if (inside := bins == bin).any():
                means = [float(np.average(a[inside], weights=weights[inside])) for a in (predicted, right)]
                lines.append((kind, f"{bin / BINS:.1f} to {(bin + 1) / BINS:.1f}",
                              *(f"{mean:.3f}" for mean in means), str(inside.sum())))  # fmt: skip
    return markdown_table(("kind", "relevance", "mean", "share right", "hits"), lines)


def main() -> None:
    """``python -m benchmarks.calibration --data DATA [--model MODEL]``."""
    args = data.arguments(__doc__ or "").parse_args()
    folder, encoder = data.checked(args.data), load_encoder(args.model)
    calibration = encoder.calibration if isinstance(encoder, Calibrated) else None
    if calibration is None:
        raise SystemExit(f"{args.model} has no calibration; univldr calibrate makes one")
    bare, captioned = pools(encoder, folder)
    print(f"model {encoder.name}, {encoder.fingerprint}\n")
    for name, pool in (("photos", bare), ("captioned photos", captioned)):
        print(f"{name} and passages: queries said to be answered\n\n{thresholds(pool, calibration)}\n")
    print(reliability((bare, captioned), calibration))


if __name__ == "__main__":
    main()
