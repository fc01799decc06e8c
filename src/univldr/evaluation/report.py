"""The modality report: what a joint pool of texts and images does to a run, as values, table and JSON.

Three views of one run: how many images stand in the top ranks against how many should; what the queries of
each modality lose by competing with the other's documents; how far the scores of the modalities lie apart,
which is the modality gap as a ranking feels it. :mod:`univldr.evaluation.modality` measures them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from univldr.evaluation.measures import Float64Array, Measure
from univldr.evaluation.tables import markdown_table, short
from univldr.types import Modality

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the scores' distributions."""


@dataclass(frozen=True, slots=True)
class ImageShare:
    """How many of the top documents are images, over a group of queries.

    Attributes:
        group: ``all``, or the modality of the queries' positives.
        queries: How many queries the group has.
        top: Depth to the share of images among the first so many documents, in [0, 1]: the mean over the
            queries with an answer; a list that is shorter counts with its own length.
        qrels: The share of images among the positives, the mean over the queries: what ``top`` should be
            where every positive is found first.
    """

    group: str
    queries: int
    top: dict[int, float]
    qrels: float


@dataclass(frozen=True, slots=True)
class PoolCost:
    """What queries with positives of one modality score in the joint pool and in their own.

    Attributes:
        modality: Of the positives.
        queries: How many queries have one.
        joint: The measure with every modality in the pool, in [0, 1].
        own: The measure of the same queries against their own pool (METHOD.md's sub-task).
        short: Queries whose own-pool list ends before the cutoff and before their last positive: with any,
            ``own`` is a lower bound, and a run over the one pool would give the value.
    """

    modality: Modality
    queries: int
    joint: float
    own: float
    short: int

    @property
    def cost(self) -> float:
        """What the joint pool takes away."""
        return self.own - self.joint


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores that a run gives to one kind of document.

    Attributes:
        modality: Of the documents.
        relevant: Whether they are relevant to the query.
        count: How many the run holds.
        mean: Of the scores.
        sd: Their standard deviation (of the population).
        quantiles: At ``QUANTILES``.
        histogram: int [bins], counts between the report's ``edges``.
    """

    modality: Modality
    relevant: bool
    count: int
    mean: float
    sd: float
    quantiles: dict[float, float]
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """How far the mean scores of images lie above those of texts.

    Attributes:
        relevant: Among the relevant documents, or among the others.
        difference: Mean score of images minus mean score of texts.
        in_sd: The same in pooled standard deviations, comparable between systems; NaN without spread.
    """

    relevant: bool
    difference: float
    in_sd: float


@dataclass(frozen=True, slots=True)
class ModalityReport:
    """See the module; build it with :func:`univldr.evaluation.modality_report`.

    Attributes:
        measure: Of ``pools``.
        depth: The longest list of the run.
        shares: Of all queries, then by the modality of the positives.
        pools: By the modality of the positives.
        scores: By modality and relevance, where there are any. They are those of the documents found, so the
            ones that are not relevant show the highest of theirs.
        apart: Whether the scores come from a run over each pool, and not from the joint lists, where the
            modality that is crowded out shows only its highest scores and the gap looks smaller than it is.
        edges: float64 [bins + 1], of the histograms.
        corpus: The share of images among all documents whose modality is known.
        unanswered: Queries that the run misses; they count zero in ``pools`` and not in ``shares``.
    """

    measure: Measure
    depth: int
    shares: tuple[ImageShare, ...]
    pools: tuple[PoolCost, ...]
    scores: tuple[Scores, ...]
    edges: Float64Array
    corpus: float
    apart: bool
    unanswered: int

    @property
    def scores_from(self) -> str:
        """Where ``scores`` come from, in words."""
        if not self.scores:
            return "not comparable"
        return "each in its own pool" if self.apart else "in the joint pool"

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Between the mean scores of the modalities, among relevant documents and among others."""
        found = []
        for relevant in (True, False):
            kinds = {s.modality: s for s in self.scores if s.relevant is relevant}
            if Modality.TEXT in kinds and Modality.IMAGE in kinds:
                found.append(_gap(kinds[Modality.IMAGE], kinds[Modality.TEXT]))
        return tuple(found)

    def __str__(self) -> str:
        return self.markdown()

    def markdown(self, title: str = "") -> str:
        """Three small tables, percentages except for the scores."""
        parts = [f"### Modalities: {title}"] if title else []
        parts += [self._share_table()] + ([self._pool_table()] if self.pools else [])
        return "\n\n".join(parts + ([self._score_table()] if self.scores else []))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: fractions, not percent."""
        return {
            "measure": str(self.measure),
            "depth": self.depth,
            "unanswered": self.unanswered,
            "corpus_image_share": self.corpus,
            "image_share": {
                s.group: {
                    "queries": s.queries,
                    "top": {str(k): _finite(v) for k, v in s.top.items()},
                    "qrels": _finite(s.qrels),
                }
                for s in self.shares
            },
            "pools": {
                p.modality.value: {
                    "queries": p.queries,
                    "joint": p.joint,
                    "own": p.own,
                    "cost": p.cost,
                    "short": p.short,
                }
                for p in self.pools
            },
            "scores_from": self.scores_from,
            "scores": [
                {
                    "modality": s.modality.value,
                    "relevant": s.relevant,
                    "count": s.count,
                    "mean": s.mean,
                    "sd": s.sd,
                    "quantiles": {f"{q:g}": value for q, value in s.quantiles.items()},
                }
                for s in self.scores
            ],
            "gaps": [
                {
                    "relevant": g.relevant,
                    "difference": g.difference,
                    "in_sd": _finite(g.in_sd),
                }
                for g in self.gaps
            ],
        }

    def _share_table(self) -> str:
        depths = list(self.shares[0].top)
        head = ["images among the top, %", "queries", *(f"top {k}" for k in depths), "in the qrels"]
        body = [
            [
                _group(s.group),
                f"{s.queries:,}",
                *(_percent(s.top[k]) for k in depths),
                _percent(s.qrels),
            ]
            for s in self.shares
        ]
        return f"{markdown_table(head, body, left=1)}\n\nOf the corpus, {100 * self.corpus:.1f}% are images."

    def _pool_table(self) -> str:
        head = [f"{short(self.measure)}, %", "queries", "joint pool", "own pool", "cost of the joint pool"]
        body = [
            [
                _group(p.modality),
                f"{p.queries:,}",
                f"{100 * p.joint:.2f}",
                f"{'≥ ' * bool(p.short)}{100 * p.own:.2f}",
                f"{'≥ ' * bool(p.short)}{100 * p.cost:.2f}",
            ]
            for p in self.pools
        ]
        notes = [
            f"≥: {p.short:,} lists of {p.modality} queries hold too few documents of their own pool; "
            "a run over that pool alone gives the value."
            for p in self.pools
            if p.short
        ]
        return "\n\n".join((markdown_table(head, body, left=1), *notes))

    def _score_table(self) -> str:
        head = [
            f"scores, {self.scores_from}",
            "documents",
            "mean",
            "sd",
            *(f"{100 * q:.0f}%" for q in QUANTILES),
        ]
        body = [
            [
                f"{s.modality}, {self._judged(s.relevant)}",
                f"{s.count:,}",
                *(f"{value:.4g}" for value in (s.mean, s.sd, *s.quantiles.values())),
            ]
            for s in self.scores
        ]
        notes = [
            f"Gap of the means, image minus text, {self._judged(g.relevant)}: "
            f"{g.difference:+.4g} ({g.in_sd:+.2f} sd)."
            for g in self.gaps
        ]
        return "\n\n".join((markdown_table(head, body, left=1), *notes))

    def _judged(self, relevant: bool) -> str:
        if not self.pools:
            return "not judged"
        return "relevant" if relevant else "not relevant"


def _group(name: str) -> str:
    return "all queries" if name == "all" else f"{name} queries"


def _gap(image: Scores, text: Scores) -> Gap:
    difference = image.mean - text.mean
    count = image.count + text.count
    pooled = float(np.sqrt((image.count * image.sd**2 + text.count * text.sd**2) / count))
    return Gap(image.relevant, difference, difference / pooled if pooled else float("nan"))


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f}"
