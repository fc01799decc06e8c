"""``univldr index``: bring an index up to date with its corpus."""

from __future__ import annotations

from typing import Annotated

import typer

from univldr.cli import options, output
from univldr.encoders.settings import TextSettings
from univldr.pipeline import update


def run(
    corpus: options.Corpus,
    index: options.Index = None,
    model: options.Model = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Forget the index and make it anew.")] = False,
    verbalize: Annotated[
        str | None,
        typer.Option(
            envvar="UNIVLDR_VERBALIZE",
            help="Whose words join the captions: caption, query, ocr, tags, with a model as in caption:PATH; "
            "several with commas; none. The index remembers it.",
        ),
    ] = None,
    set: options.Settings = None,
    no_verbalize: Annotated[
        bool, typer.Option("--no-verbalize", help="Make no words in this run; the next makes them up.")
    ] = False,
    template: Annotated[
        str,
        typer.Option(help='For a new index, what joins them: "{caption} [SEP] {expansions}".'),
    ] = "",
    max_tokens: Annotated[
        int, typer.Option(help="For a new index, the longest text, below what the model reads.")
    ] = 0,
    json: options.Json = False,
) -> None:
    """Index a folder of texts and pictures, or a .jsonl/.parquet file of records.

    Only what is new, changed or gone since the last time is touched. An interrupted run resumes.
    """
    with output.progress() as progress:
        report = update(
            corpus,
            index=index,
            model=model,
            rebuild=rebuild,
            verbalize=verbalize,
            settings=set or (),
            words=not no_verbalize,
            texts=TextSettings(template, max_tokens),
            progress=progress,
        )
    if json:
        output.print_json(output.report_fields(report))
    else:
        output.print_report(report)
    if not report.documents:
        raise typer.Exit(1)
