"""``univldr index``: bring an index up to date with its corpus."""

from __future__ import annotations

from typing import Annotated

import typer

from univldr.cli import options, output
from univldr.pipeline import update


def run(
    corpus: options.Corpus,
    index: options.Index = None,
    model: options.Model = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Forget the index and make it anew.")] = False,
    json: options.Json = False,
) -> None:
    """Index a folder of texts and pictures, or a .jsonl/.parquet file of records.

    Only what is new, changed or gone since the last time is touched. An interrupted run resumes.
    """
    with output.progress() as progress:
        report = update(corpus, index=index, model=model, rebuild=rebuild, progress=progress)
    if json:
        output.print_json(output.report_fields(report))
    else:
        output.print_report(report)
    if not report.documents:
        raise typer.Exit(1)
