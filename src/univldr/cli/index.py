"""``univldr index``: bring an index up to date with its corpus."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import chain, repeat
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from univldr.cli import options, output
from univldr.encoders.settings import TextSettings
from univldr.errors import ConfigError, UnivldrError
from univldr.index import Store, directory_of
from univldr.pipeline import IndexReport, Loader, update, watch


def run(
    corpus: options.Corpus,
    index: options.Index = None,
    model: options.Model = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the index anew, with another --model for instance.")
    ] = False,
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
    watching: Annotated[
        bool, typer.Option("--watch", help="Keep the index current as files change, until Ctrl-C.")
    ] = False,
    compact: Annotated[
        bool, typer.Option("--compact", help="Afterwards, give the space of deleted documents back.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Index a folder of texts and pictures, or a .jsonl/.parquet file of records.

    Only what is new, changed or gone since the last time is touched. An interrupted run resumes. While an
    index is made anew, the old one answers.
    """
    if watching and compact:
        raise ConfigError("--watch never ends, so there is no afterwards for --compact; use one of them")
    again = partial(update, corpus, index=index, words=not no_verbalize)
    texts = TextSettings(template, max_tokens)
    first = partial(again, model=model, rebuild=rebuild, verbalize=verbalize, settings=set or (), texts=texts)
    if watching:
        _watch(corpus, chain([first], repeat(again)), json=json)
        return
    with output.progress() as progress:
        report = first(progress=progress)
    freed = _compact(directory_of(corpus, index)) if compact else None
    if json:
        output.print_json(output.report_fields(report) | ({} if freed is None else {"freed_bytes": freed}))
    else:
        output.print_report(report)
        if freed is not None:
            print(f"{freed / 1e6:.1f} MB given back")
    if not report.documents:
        raise typer.Exit(1)


def _watch(corpus: Path, updates: Iterator[Callable[..., IndexReport]], *, json: bool) -> None:
    """Until Ctrl-C, which is how it ends."""

    def run(loader: Loader) -> IndexReport:
        with output.progress() as progress:
            return next(updates)(loader=loader, progress=progress)

    def report(done: IndexReport | UnivldrError) -> None:
        if isinstance(done, UnivldrError):
            print(f"univldr: {done}", file=sys.stderr)
        elif json:
            print(dumps(output.report_fields(done), ensure_ascii=False), flush=True)
        else:
            print(f"{datetime.now():%H:%M:%S} {output.report_line(done)}", flush=True)

    with suppress(KeyboardInterrupt):
        watch(corpus, run, report)


def _compact(index: Path) -> int:
    """Returns how many bytes it gave back."""
    with Store.open(index) as store:
        before = store.bytes()
        store.compact()
        return before - store.bytes()
