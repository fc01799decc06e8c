"""``univldr search``: words or a picture in, one ranked list out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from univldr.cli import options, output
from univldr.errors import MissingExtra, ModelError
from univldr.index import index_of
from univldr.pipeline import IndexReport, update
from univldr.search import Searcher
from univldr.search import open as open_index
from univldr.types import Modality, Query
from univldr.where import Exists, Where, parse


def run(
    corpus: options.Corpus,
    words: Annotated[str, typer.Argument(help="What to look for.")] = "",
    image: Annotated[
        Path | None, typer.Option("--image", help="A picture to look for, alone or with the words.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many hits.")] = 10,
    modality: Annotated[Modality | None, typer.Option(help="Only passages, or only pictures.")] = None,
    where: options.Where = None,
    index: options.Index = None,
    model: options.Model = None,
    no_index: Annotated[bool, typer.Option("--no-index", help="Search the index as it is.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Split each score: pixels, caption, generated words.")
    ] = False,
    json: options.Json = False,
    files: Annotated[bool, typer.Option("-f", "--files", help="Print only the files' paths.")] = False,
) -> None:
    """Search a folder: its index is brought up to date, then passages and pictures come in one list.

    A calibrated model also says how relevant each hit is, and when none of them seems to be an answer.
    Exits 0 when something was found, 1 when nothing was, 2 on wrong use.
    """
    chosen = None if where is None else parse(where)  # a wrong one is told before any work
    if not no_index:
        with output.progress() as progress:
            report = _update(partial(update, corpus, index=index, model=model, progress=progress))
        output.warn_skipped(report)
    directory = index or index_of(corpus)
    with open_index(directory, model=model) as searcher:
        started = time.perf_counter()
        hits = searcher.search(Query(words, image), k, modality=modality, where=chosen, explain=explain)
        took_ms = (time.perf_counter() - started) * 1000
        answered = searcher.answers(hits)
        if not hits and chosen is not None:
            _warn_unknown(searcher, chosen)
    if json:
        output.print_json(output.result_fields(words, hits, took_ms))
    elif files:
        output.print_paths(hits)
    else:
        output.print_hits(words, hits, took_ms, answered=answered)
    if not hits:
        raise typer.Exit(1)


def _warn_unknown(searcher: Searcher, where: Where) -> None:
    """Say which of a filter's fields no document has: most likely they are misspelled."""
    for name in sorted(where.names()):
        if not searcher.index.count(where=Exists(name)):
            print(f"univldr: no document has the field {name!r} of --where", file=sys.stderr)


def _update(run: Callable[..., IndexReport]) -> IndexReport:
    """Bring the index up to date; where words cannot be made on this machine, without them."""
    try:
        return run()
    except (MissingExtra, ModelError) as error:  # where it is the encoder's, it comes again
        print(f"univldr: new pictures get no words this time: {error}", file=sys.stderr)
        return run(words=False)
