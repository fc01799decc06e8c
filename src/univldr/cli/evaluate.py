"""``univldr evaluate``: the measures of runs and systems, as the paper's table."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from univldr.cli import options, output

if TYPE_CHECKING:
    from univldr.evaluation.report import ModalityReport
    from univldr.evaluation.runs import Named
    from univldr.evaluation.tables import ResultsTable
    from univldr.evaluation.tasks import Task

_ONCE = {"setting", "model", "missing"}  # said of a run, not of each of its tasks


class Format(enum.StrEnum):
    """How tables are printed."""

    MD = "md"
    LATEX = "latex"
    JSON = "json"


def run(
    data: Annotated[
        Path | None, typer.Argument(help="The folder of a data set; not needed with --qrels.")
    ] = None,
    split: Annotated[str, typer.Option(help="Which of its queries.")] = "test",
    run: Annotated[
        list[str] | None, typer.Option("--run", help="A TREC run, FILE or NAME=FILE; may be repeated.")
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(
            "--system",
            help="bm25, a model, MODEL\\[caption,ocr], MODEL+center, MODEL:text, divide:MODEL, oracle:MODEL, "
            "index:PATH; repeatable.",
        ),
    ] = None,
    index: Annotated[
        list[str] | None,
        typer.Option(
            "--index",
            help="An index as it is, also qdrant://host:6333/name; for --system index:PATH. Repeatable.",
        ),
    ] = None,
    set: options.Settings = None,
    tags_by: Annotated[
        str, typer.Option(help="The model that places tags in \\[tags]; else each system's own.")
    ] = "",
    qrels: Annotated[Path | None, typer.Option(help="TREC qrels, in place of the data set's.")] = None,
    modalities: Annotated[
        Path | None, typer.Option(help="Lines of document and modality, in place of the data set's.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many documents a system returns.")] = 100,
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", "-m", help="Such as nDCG@10, in place of the paper's six."),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Mark what is significantly better than this one of them.")
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Add the modality report.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the modality report to this file.")] = None,
    save_to: Annotated[
        Path | None, typer.Option("--save-runs", help="Write the runs to this folder, in TREC's format.")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(envvar="UNIVLDR_CACHE", help="Where systems keep vectors; else beside the data set."),
    ] = None,
    format: Annotated[Format, typer.Option(help="How the tables are printed.")] = Format.MD,
    json: options.Json = False,
) -> None:
    """Measure runs over all queries, then the queries of each modality against that pool alone.

    Values are trec_eval's. A query that a run misses counts zero. Exits 1 where no run answers any query.
    Started by torchrun, several processes share the encoding and the searches.
    """
    from univldr._processes import together
    from univldr.evaluation.measures import DEFAULT, Measure  # and below: search need not load any of these
    from univldr.evaluation.runs import load_runs, open_data, save_runs
    from univldr.evaluation.tasks import measure_tasks, modality_reports, task_table
    from univldr.evaluation.words import Wording

    measures = tuple(dict.fromkeys(map(Measure.parse, measure))) if measure else DEFAULT
    wording = Wording.of(set or (), tags_by)
    with together() as first, output.progress(shown=first) as progress:
        target = open_data(
            data, split=split, qrels=qrels, modalities=modalities, folder=cache, progress=progress
        )
        wanted = [*((file, True) for file in run or ()), *((spec, False) for spec in system or ())]
        wanted += [(f"index:{path}", False) for path in index or ()]
        runs = load_runs(wanted, target, k=k, progress=progress, wording=wording)
    if not first:
        return
    if save_to:
        save_runs(runs, save_to)
    tasks = measure_tasks(runs, target, measures)
    tables = [task_table(task, measures, baseline) for task in tasks]
    reports = modality_reports(runs, target) if report or plot else {}
    if plot and reports:
        from univldr.evaluation.plots import plot_reports  # matplotlib, wanted by this option alone

        plot_reports(reports, plot)
    if json or format is Format.JSON:
        output.print_json(_fields(runs, tasks, tables, reports if report else {}))
    else:
        shown = [table.render("latex" if format is Format.LATEX else "md") for table in tables]
        shown += [found.markdown(name) for name, found in reports.items() if report]
        typer.echo("\n\n".join(shown))
    evaluations = [row.evaluation for row in tasks[0].rows]
    if all(len(e.missing) == len(e.queries) for e in evaluations if e is not None):
        raise typer.Exit(1)


def _fields(
    runs: Sequence[Named],
    tasks: Sequence[Task],
    tables: Sequence[ResultsTable],
    reports: Mapping[str, ModalityReport],
) -> dict[str, Any]:
    """One run's measures by name; those of several in a list."""
    systems = [_system(number, named, tasks, tables) for number, named in enumerate(runs)]
    for named, fields in zip(runs, systems, strict=True):
        if named.model in reports:
            fields["modality_report"] = reports[named.model].to_dict()
    return systems[0] if len(systems) == 1 else {"baseline": tables[0].baseline, "systems": systems}


def _system(
    number: int, named: Named, tasks: Sequence[Task], tables: Sequence[ResultsTable]
) -> dict[str, Any]:
    fields: dict[str, Any] = {"model": named.model, "setting": named.setting}
    for task, table in zip(tasks, tables, strict=True):
        values = table.row_fields(number)
        if task is tasks[0]:
            evaluation = task.rows[number].evaluation
            fields |= values | {"missing": list(evaluation.missing) if evaluation else []}
        else:
            fields[task.name] = {name: value for name, value in values.items() if name not in _ONCE}
    return fields
