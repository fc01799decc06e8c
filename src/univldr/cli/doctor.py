"""``univldr doctor``: what is wrong with an index, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from univldr.cli import options, output
from univldr.index import index_of

if TYPE_CHECKING:
    from univldr.doctor import Examination, Finding


def run(
    corpus: options.Corpus,
    index: options.Index = None,
    queries: Annotated[
        Path | None,
        typer.Option(help="Add the modality report of these queries: JSONL of id, query and positives."),
    ] = None,
    qrels: Annotated[
        Path | None, typer.Option(help="TREC qrels, in place of the queries' positives.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the modality report to this file.")] = None,
    json: options.Json = False,
) -> None:
    """Examine an index: its vectors, its model, its corpora, copies, and the gap between texts and pictures.

    Nothing is changed. Exits 0 when there is nothing to do, 1 when there is, 2 on wrong use.
    """
    from univldr.doctor import asked, examine  # and below: search need not load any of these

    wanted = asked.wanted(queries, qrels, plot)
    directory = index or index_of(corpus)
    with output.progress() as progress:
        found = examine(directory, progress)
        reports = asked.reports(directory, wanted, progress) if wanted else {}
    if plot and reports:
        from univldr.evaluation.plots import plot_reports  # matplotlib, wanted by this option alone

        plot_reports(reports, plot)
    if json:
        shown = {name: report.to_dict() for name, report in reports.items()}
        output.print_json(found.to_dict() | ({"modality_reports": shown} if shown else {}))
    else:
        _print(found)
        for name, report in reports.items():
            typer.echo("\n" + report.markdown(name))
    if not found.healthy:
        raise typer.Exit(1)


_MARKS = {"broken": ("✗", "bold red"), "poor": ("!", "yellow"), "note": ("·", "dim")}


def _print(found: Examination) -> None:
    console = Console(highlight=False)
    kinds = f"{found.documents - found.images:,} texts and {found.images:,} pictures by model {found.model}"
    todo = sum(finding.remedy != "" for finding in found.findings)
    verdict = "healthy" if found.healthy else f"{todo} {'thing' if todo == 1 else 'things'} to do"
    size = "" if found.bytes is None else f", {found.bytes / 1e6:.1f} MB"
    line = Text(f"{found.index}: {kinds}{size}: ")
    line.append(verdict, style="bold green" if found.healthy else "bold yellow")
    console.print(line, soft_wrap=True)
    if found.findings:
        table = Table(box=None, show_header=False, padding=(1, 1, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", ratio=1)
        for finding in found.findings:
            table.add_row(*_row(finding))
        console.print(table)


def _row(finding: Finding) -> tuple[Any, Any]:
    mark, style = _MARKS[finding.level.name.lower()]
    body = Text(finding.name, style=style)
    body.append(f"\n{finding.says}", style="not bold not dim default")
    for example in finding.examples:
        body.append(f"\n  {example}", style="not bold dim default")
    if finding.remedy:
        body.append("\n→ ", style="bold default not dim").append(finding.remedy, style="not dim bold default")
    return Text(mark, style=style), body
