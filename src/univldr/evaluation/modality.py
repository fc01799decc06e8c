"""Measuring what a joint pool does to a run: see :mod:`univldr.evaluation.report`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np

from univldr.errors import CorpusError
from univldr.evaluation.measures import (
    Evaluation,
    Float64Array,
    Measure,
    evaluate,
    modality_of,
    positives_by_modality,
    short_lists,
    sub_task,
)
from univldr.evaluation.report import QUANTILES, ImageShare, ModalityReport, PoolCost, Scores
from univldr.trec import ranked
from univldr.types import Modality

CUTOFFS = (1, 10, 20, 100)
"""Depths at which the share of images is taken."""
_BINS = 60


def modality_report(
    run: Mapping[str, Mapping[str, float]],
    qrels: Mapping[str, Mapping[str, int]],
    modalities: Mapping[str, Modality],
    *,
    own: Mapping[Modality, Mapping[str, Mapping[str, float]]] | None = None,
    scores: Literal["own", "joint", "none"] = "own",
    measure: str | Measure = "nDCG@10",
    cutoffs: Sequence[int] = CUTOFFS,
    judged: bool = True,
) -> ModalityReport:
    """Report how the modalities fare in a run over the joint pool.

    Args:
        run: Query id to document id to score, over every modality.
        qrels: The queries that count.
        modalities: The modality of every document of the run and of the qrels; of the whole corpus, where
            its share of images is to mean something.
        own: Runs of the same system over the pool of one modality. Without one, the joint run's documents of
            that modality are taken, which is the same as far as they reach.
        scores: Where the scores' distributions come from. ``own``: the runs in ``own``, where there is one
            for each modality and their scores compare, as cosines do; they are as deep in either pool, while
            in a joint list the modality that is crowded out shows only its highest scores. ``joint``: the
            joint lists. ``none``: nowhere, as for fused lists, whose scores say nothing of nearness.
        measure: What the pools are compared by.
        cutoffs: Depths of the shares; those beyond the longest list are left out.
        judged: Refuse qrels without positives; else the report only tells which documents come up.

    Raises:
        CorpusError: a document has no modality, the run is empty, or the qrels have no positive.
    """
    wanted = Measure.parse(measure) if isinstance(measure, str) else measure
    answered = {query: ranked(run[query]) for query in qrels if run.get(query)}
    if not answered:
        raise CorpusError("the run answers none of the qrels' queries; there are no modalities to report")
    groups = positives_by_modality(qrels, modalities)
    if judged and not groups:
        raise CorpusError("the qrels have no positive; there are no modalities to report")
    own = own or {}
    apart = scores == "own" and set(own) >= set(modalities.values())
    depth = max(map(len, answered.values()))
    depths = [k for k in cutoffs if k <= depth] or [depth]
    joint = evaluate(run, qrels, [wanted])
    named: dict[str, Collection[str]] = {
        "all": list(qrels),
        **{g.value: queries for g, queries in groups.items()},
    }
    lists = [(query, run[query]) for query in answered]
    if apart:
        lists = [(query, found) for pool in own.values() for query, found in pool.items() if query in qrels]
    distributions, edges = _scores(lists if scores != "none" else [], qrels, modalities)
    return ModalityReport(
        measure=wanted,
        depth=depth,
        shares=tuple(_share(name, named[name], answered, qrels, modalities, depths) for name in named),
        pools=tuple(_pool(g, joint, run, qrels, modalities, own) for g in groups),
        scores=distributions,
        edges=edges,
        corpus=float(np.mean([modality is Modality.IMAGE for modality in modalities.values()])),
        apart=apart,
        unanswered=len(joint.missing),
    )


def _share(
    name: str,
    queries: Collection[str],
    answered: Mapping[str, Sequence[tuple[str, float]]],
    qrels: Mapping[str, Mapping[str, int]],
    modalities: Mapping[str, Modality],
    depths: Sequence[int],
) -> ImageShare:
    positives = [[d for d, relevance in qrels[query].items() if relevance > 0] for query in queries]
    lists = [[document for document, _ in answered[query]] for query in queries if query in answered]
    top = {k: _images([documents[:k] for documents in lists], modalities) for k in depths}
    return ImageShare(name, len(queries), top, _images(positives, modalities))


def _images(lists: Sequence[Sequence[str]], modalities: Mapping[str, Modality]) -> float:
    """The share of images, the mean over the lists that are not empty; NaN where all are."""
    shares = [
        sum(modality_of(document, modalities) is Modality.IMAGE for document in documents) / len(documents)
        for documents in lists
        if documents
    ]
    return float(np.mean(shares)) if shares else float("nan")


def _pool(
    modality: Modality,
    joint: Evaluation,
    run: Mapping[str, Mapping[str, float]],
    qrels: Mapping[str, Mapping[str, int]],
    modalities: Mapping[str, Modality],
    own: Mapping[Modality, Mapping[str, Mapping[str, float]]],
) -> PoolCost:
    [measure] = joint.measures
    pooled, judged = sub_task(own.get(modality, run), qrels, modalities, modality)
    size = sum(known is modality for known in modalities.values())
    return PoolCost(
        modality=modality,
        queries=len(judged),
        joint=joint.restrict(judged)[measure],
        own=evaluate(pooled, judged, [measure])[measure],
        short=0 if modality in own else short_lists(pooled, judged, measure.k, size),
    )


def _scores(
    lists: Sequence[tuple[str, Mapping[str, float]]],
    qrels: Mapping[str, Mapping[str, int]],
    modalities: Mapping[str, Modality],
) -> tuple[tuple[Scores, ...], Float64Array]:
    """The distributions by modality and relevance, and the edges of their histograms."""
    kinds: dict[tuple[Modality, bool], list[float]] = {(m, r): [] for m in Modality for r in (True, False)}
    for query, found in lists:
        judged = qrels[query]
        for document, score in found.items():
            kinds[modality_of(document, modalities), judged.get(document, 0) > 0].append(score)
    edges = np.histogram_bin_edges(np.concatenate([*kinds.values()]), _BINS)
    distributions = []
    for (modality, relevant), values in kinds.items():
        if values:
            array = np.array(values)
            quantiles = dict(zip(QUANTILES, np.quantile(array, QUANTILES).tolist(), strict=True))
            counts = tuple(np.histogram(array, edges)[0].tolist())
            mean, sd = float(array.mean()), float(array.std())
            distributions.append(Scores(modality, relevant, len(values), mean, sd, quantiles, counts))
    return tuple(distributions), edges
