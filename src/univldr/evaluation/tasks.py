"""The paper's tasks over a set of runs: all queries, then each modality's queries against that pool alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from univldr.evaluation.measures import (
    DEFAULT,
    Measure,
    evaluate,
    positives_by_modality,
    short_lists,
    sub_task,
)
from univldr.evaluation.modality import modality_report
from univldr.evaluation.report import ModalityReport
from univldr.evaluation.runs import Data, Named, warn
from univldr.evaluation.tables import ResultsTable, Row, results_table
from univldr.trec import Qrels
from univldr.types import Modality

logger = logging.getLogger("univldr")


@dataclass(frozen=True, slots=True)
class Task:
    """One table: which queries, against which pool.

    Attributes:
        name: ``all queries``, ``text-text`` or ``text-image``.
        rows: One for each run.
    """

    name: str
    rows: tuple[Row, ...]


def measure_tasks(runs: Sequence[Named], data: Data, measures: Sequence[Measure]) -> list[Task]:
    """All queries, then each sub-task of METHOD.md where the modalities are known."""
    rows = []
    for named in runs:
        evaluation = evaluate(named.run, data.qrels, measures)
        warn(named, evaluation)
        rows.append(Row(named.setting, named.model, evaluation))
    tasks = [Task("all queries", tuple(rows))]
    if data.modalities is not None:
        for modality in positives_by_modality(data.qrels, data.modalities):
            found = tuple(_sub_task(modality, named, data.qrels, data.modalities, measures) for named in runs)
            tasks.append(Task(f"text-{modality}", found))
    return tasks


def _sub_task(
    modality: Modality,
    named: Named,
    qrels: Qrels,
    modalities: Mapping[str, Modality],
    measures: Sequence[Measure],
) -> Row:
    pooled, judged = sub_task(named.own.get(modality, named.run), qrels, modalities, modality)
    if not any(pooled.values()):  # a run over the other pool, which says nothing of this one
        return Row(named.setting, named.model, None)
    lower: set[Measure] = set()
    if modality not in named.own:
        pool = sum(known is modality for known in modalities.values())
        short = {measure: short_lists(pooled, judged, measure.k, pool) for measure in measures}
        lower = {measure for measure, lists in short.items() if lists}
    if lower:
        logger.warning(
            f"{named.model}, text-{modality}: {max(short.values()):,} of {len(judged):,} lists hold too few "
            f"documents of the {modality} pool for an exact value (≥); a run over that pool alone gives it"
        )
    return Row(named.setting, named.model, evaluate(pooled, judged, measures), frozenset(lower))


def task_table(
    task: Task, measures: Sequence[Measure] = DEFAULT, baseline: str | None = None
) -> ResultsTable:
    """The paper's table of a task, significance against a baseline marked where one is named."""
    queries = next((len(row.evaluation.queries) for row in task.rows if row.evaluation is not None), 0)
    return results_table(task.rows, measures, title=f"{task.name} ({queries:,})", baseline=baseline)


def modality_reports(runs: Sequence[Named], data: Data) -> dict[str, ModalityReport]:
    """The modality report of each run that answers anything, by the run's name."""
    if data.modalities is None:
        logger.warning("no modality report: nobody says which documents are images; give --modalities FILE")
        return {}
    return {
        named.model: modality_report(
            named.run, data.qrels, data.modalities, own=named.own, scores=named.scores
        )
        for named in runs
        if any(named.run.get(query) for query in data.qrels)
    }
