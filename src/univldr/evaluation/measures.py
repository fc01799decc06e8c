"""trec_eval's measures of a run, over all queries and within one modality.

Computed by trec_eval itself through ir-measures. The run is handed over in the order of
:func:`univldr.trec.ranked`, with scores that count down, so that no provider's own way with ties matters; the
reciprocal rank, for which trec_eval has no cutoff, is cut here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from univldr._optional import require
from univldr.errors import ConfigError, CorpusError
from univldr.trec import Qrels, Run, ranked
from univldr.types import Modality

Float64Array = npt.NDArray[np.float64]

_IR_MEASURES = {"MRR": "RR", "nDCG": "nDCG", "Recall": "R", "P": "P", "MAP": "AP", "Success": "Success"}
_ALSO = {"rr": "MRR", "r": "Recall", "precision": "P", "ap": "MAP", "hit": "Success"}
_NAMES = {name.lower(): name for name in _IR_MEASURES} | _ALSO


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure and its cutoff; prints as ``nDCG@10``.

    Attributes:
        name: MRR, nDCG, Recall, P, MAP or Success, as trec_eval defines them; graded relevance is nDCG's
            linear gain, for the others anything above 0 is relevant.
        k: The ranks that count.
    """

    name: str
    k: int

    @classmethod
    def parse(cls, text: str) -> Measure:
        """Read ``nDCG@10``; case does not matter, RR, R, AP, Precision and Hit are known too.

        Raises:
            ConfigError: the name is unknown or the cutoff missing; the message names the nearest.
        """
        name, _, cutoff = text.strip().partition("@")
        if (known := _NAMES.get(name.lower())) is None:
            near = get_close_matches(name.lower(), _NAMES, 1)
            hint = f"did you mean {_NAMES[near[0]]}@{cutoff or 10}?" if near else ""
            names = ", ".join(_IR_MEASURES)
            raise ConfigError(f"no measure {text!r}; {hint or f'there are {names}, each with @k'}")
        if not re.fullmatch("[0-9]{1,9}", cutoff) or int(cutoff) < 1:
            raise ConfigError(f"the measure {text!r} has no cutoff of 1 or more; write {known}@10")
        return cls(known, int(cutoff))

    def __str__(self) -> str:
        return f"{self.name}@{self.k}"


DEFAULT: tuple[Measure, ...] = tuple(
    Measure.parse(text) for text in ("MRR@10", "nDCG@10", "MRR@20", "nDCG@20", "Recall@20", "Recall@100")
)
"""The six columns of the paper's results table, in its order."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a run is worth: ``evaluation["nDCG@10"]`` is a mean over all queries of the qrels.

    Attributes:
        measures: The columns of ``values``.
        queries: Ids of the qrels' queries, the rows of ``values``.
        values: float64 [len(queries), len(measures)], each in [0, 1].
        missing: Queries for which the run has no document; they count zero.
        unjudged: How many of the run's queries the qrels do not have; they do not count.
    """

    measures: tuple[Measure, ...]
    queries: tuple[str, ...]
    values: Float64Array
    missing: tuple[str, ...] = ()
    unjudged: int = 0

    def __getitem__(self, measure: str | Measure) -> float:
        return float(self.per_query(measure).mean())

    def __iter__(self) -> Iterator[Measure]:
        return iter(self.measures)

    def __str__(self) -> str:
        shown = "  ".join(f"{measure} {100 * self[measure]:.2f}" for measure in self.measures)
        missing = f", {len(self.missing):,} of them missing from the run" if self.missing else ""
        return f"{shown}  ({len(self.queries):,} queries{missing})"

    def means(self) -> dict[str, float]:
        """Every measure's mean by its name."""
        return {str(measure): self[measure] for measure in self.measures}

    def per_query(self, measure: str | Measure) -> Float64Array:
        """float64 [len(queries)]: one measure of every query.

        Raises:
            ConfigError: the measure was not among those evaluated.
        """
        wanted = Measure.parse(measure) if isinstance(measure, str) else measure
        if wanted not in self.measures:
            have = ", ".join(map(str, self.measures))
            raise ConfigError(f"{wanted} was not evaluated; there are {have}")
        return self.values[:, self.measures.index(wanted)]

    def restrict(self, queries: Collection[str]) -> Evaluation:
        """The same over those of its queries that are in ``queries``.

        Raises:
            CorpusError: none is.
        """
        wanted = set(queries)
        rows = [row for row, query in enumerate(self.queries) if query in wanted]
        if not rows:
            raise CorpusError("none of the queries was evaluated")
        kept = tuple(self.queries[row] for row in rows)
        missing = tuple(query for query in self.missing if query in wanted)
        return Evaluation(self.measures, kept, self.values[rows], missing)


def evaluate(
    run: Mapping[str, Mapping[str, float]],
    qrels: Mapping[str, Mapping[str, int]],
    measures: Sequence[str | Measure] = DEFAULT,
) -> Evaluation:
    """Measure a run against judgments, as ``trec_eval -c`` does.

    Args:
        run: Query id to document id to score; ties are broken by document id downwards.
        qrels: Every one of its queries counts, with zero where the run misses it or nothing is relevant.
        measures: What to compute, such as ``["nDCG@10"]``.

    Raises:
        ConfigError: a measure is unknown, or none is given.
        CorpusError: the qrels have no query, or a score is not finite.
        MissingExtra: ir-measures is not installed.
    """
    wanted = tuple(dict.fromkeys(Measure.parse(m) if isinstance(m, str) else m for m in measures))
    if not wanted:
        raise ConfigError("no measure to evaluate; name one, such as nDCG@10")
    if not qrels:
        raise CorpusError("the qrels judge no query; there is nothing to evaluate")
    row = {query: number for number, query in enumerate(qrels)}
    answered = {query: run[query] for query in qrels if run.get(query)}
    values = np.zeros((len(row), len(wanted)))
    if answered:
        for metric, column in _trec_eval(wanted, qrels, answered):
            values[row[metric.query_id], column] = _cut(metric.value, wanted[column])
    missing = tuple(query for query in qrels if query not in answered)
    return Evaluation(wanted, tuple(qrels), values, missing, sum(query not in qrels for query in run))


def _trec_eval(
    measures: Sequence[Measure],
    qrels: Mapping[str, Mapping[str, int]],
    run: Mapping[str, Mapping[str, float]],
) -> Iterator[tuple[Any, int]]:
    """trec_eval's value of each query and measure, with the measure's column."""
    library = require("ir_measures", extra="evaluate", purpose="evaluating a run")
    columns: dict[Any, list[int]] = {}
    for column, measure in enumerate(measures):
        base = getattr(library, _IR_MEASURES[measure.name])
        columns.setdefault(base if measure.name == "MRR" else base @ measure.k, []).append(column)
    judged = {query: {d: max(0, int(r)) for d, r in qrels[query].items()} for query in run}
    for metric in library.pytrec_eval.iter_calc(list(columns), judged, _canonical(run)):
        for column in columns[metric.measure]:
            yield metric, column


def _canonical(run: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """The run with scores that count down by one in its ranked order."""
    return {
        query: {document: float(-rank) for rank, (document, _) in enumerate(ranked(scores))}
        for query, scores in run.items()
    }


def _cut(value: float, measure: Measure) -> float:
    """The reciprocal rank is zero beyond the cutoff; the other measures know theirs."""
    return 0.0 if measure.name == "MRR" and value and round(1 / value) > measure.k else value


def positives_by_modality(
    qrels: Mapping[str, Mapping[str, int]], modalities: Mapping[str, Modality]
) -> dict[Modality, list[str]]:
    """For each modality, the queries with a positive of it; a query with both kinds is in both lists.

    Raises:
        CorpusError: a positive has no modality.
    """
    found: dict[Modality, list[str]] = {modality: [] for modality in Modality}
    for query, judged in qrels.items():
        kinds = {modality_of(d, modalities) for d, relevance in judged.items() if relevance > 0}
        for kind in kinds:
            found[kind].append(query)
    return {modality: queries for modality, queries in found.items() if queries}


def sub_task(
    run: Mapping[str, Mapping[str, float]],
    qrels: Mapping[str, Mapping[str, int]],
    modalities: Mapping[str, Modality],
    modality: Modality,
) -> tuple[Run, Qrels]:
    """Run and qrels of one sub-task: the queries with a positive of ``modality`` against that pool alone.

    The run's and the qrels' documents of other modalities are dropped (METHOD.md, "Evaluation"). A list that
    was cut at a depth gets shorter by that: a run made over the one pool says more.

    Raises:
        CorpusError: a document has no modality.
    """
    queries = positives_by_modality(qrels, modalities).get(modality, [])

    def of_pool(documents: Mapping[str, Any]) -> dict[str, Any]:
        return {d: value for d, value in documents.items() if modality_of(d, modalities) is modality}

    pooled = {query: of_pool(run[query]) for query in queries if query in run}
    return pooled, {query: of_pool(qrels[query]) for query in queries}


def modality_of(document: str, modalities: Mapping[str, Modality]) -> Modality:
    """A document's modality.

    Raises:
        CorpusError: it has none.
    """
    if (modality := modalities.get(document)) is None:
        raise CorpusError(
            f'document "{document}" is not among the {len(modalities):,} whose modality is known'
        )
    return modality


def short_lists(
    run: Mapping[str, Mapping[str, float]],
    qrels: Mapping[str, Mapping[str, int]],
    k: int,
    pool: int | None = None,
) -> int:
    """How many lists end before ``k`` and before their last positive, though the pool has more documents.

    A run over the joint pool, cut at a depth and filtered to one modality, is exact for measures at ``k``
    where this is 0, and a lower bound otherwise. Queries that the run misses altogether are not counted.
    """
    enough = k if pool is None else min(k, pool)
    return sum(
        query in run
        and len(run[query]) < enough
        and any(relevance > 0 and document not in run[query] for document, relevance in judged.items())
        for query, judged in qrels.items()
    )
