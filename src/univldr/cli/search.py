"""``univldr search``: words, a picture or both in, one ranked list out."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from univldr.cli import options, output, remote
from univldr.cli.updating import updated
from univldr.errors import ConfigError
from univldr.index import directory_of, exists, index_of
from univldr.pipeline import update
from univldr.search import Results, Searcher
from univldr.search import open as open_index
from univldr.types import MINUS, Modality, Query, Term
from univldr.where import Exists, parse

if TYPE_CHECKING:
    from univldr.client import Client

IdsOf = Callable[[str], list[str]]

_WEIGHTED = re.compile(r"(.*)\^(\d+(?:\.\d+)?|\.\d+)", re.DOTALL)
_QUERY, _RANKING, _SHOWING = "Query", "Ranking", "Showing"

Terms = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TERM",
        help="What should be there as well: words, or @FILE for a picture; ^2 behind it is its weight, "
        "else 1. May be repeated.",
        rich_help_panel=_QUERY,
    ),
]


def run(
    corpus: options.Corpus,
    words: Annotated[str, typer.Argument(help="What to look for.")] = "",
    image: Annotated[
        Path | None,
        typer.Option(
            "--image", help="A picture to look for, alone or with the words.", rich_help_panel=_QUERY
        ),
    ] = None,
    plus: Terms = None,
    minus: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TERM",
            help="What should not be there, as for --plus; its weight is 0.5 unless it says so.",
            rich_help_panel=_QUERY,
        ),
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DOCUMENT",
            help="More like this: a hit's id, or a file of the corpus. May be repeated.",
            rich_help_panel=_QUERY,
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many hits.")] = 10,
    offset: Annotated[int, typer.Option(min=0, help="Pass over this many hits first.")] = 0,
    modality: Annotated[Modality | None, typer.Option(help="Only passages, or only pictures.")] = None,
    where: options.Where = None,
    min_relevance: Annotated[
        float | None, typer.Option(min=0, max=1, help="Leave out hits of less relevance.")
    ] = None,
    lexical: Annotated[
        Literal["auto", "on", "off"],
        typer.Option(
            help="Whether shared words count beside the vectors; auto: where they are telling.",
            rich_help_panel=_RANKING,
        ),
    ] = "auto",
    center: Annotated[
        Literal["auto", "on", "off"],
        typer.Option(
            help="Take each modality's mean out of the vectors; auto: for models that were not trained on "
            "texts and pictures jointly.",
            rich_help_panel=_RANKING,
        ),
    ] = "auto",
    image_bias: Annotated[
        float,
        typer.Option(
            help="Added to every picture's score: 0.05 brings pictures up, -0.05 passages.",
            rich_help_panel=_RANKING,
        ),
    ] = 0.0,
    every_passage: Annotated[
        bool,
        typer.Option(
            "--every-passage",
            help="Each passage and page on its own, not one hit for a file.",
            rich_help_panel=_SHOWING,
        ),
    ] = False,
    every_copy: Annotated[
        bool,
        typer.Option(
            "--every-copy", help="Pictures that look the same on their own.", rich_help_panel=_SHOWING
        ),
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Split each score: pixels, caption, generated words, shared words.",
            rich_help_panel=_SHOWING,
        ),
    ] = False,
    json: options.Json = False,
    files: Annotated[bool, typer.Option("-f", "--files", help="Print only the files' paths.")] = False,
    index: options.Index = None,
    model: options.Model = None,
    no_index: Annotated[
        bool,
        typer.Option("--no-index", help="Search the index as it is; so is one given in place of its corpus."),
    ] = False,
) -> None:
    """Search a folder: its index is brought up to date, then passages and pictures come in one list.

    Where univldr serve has the index, the server is asked, which keeps it up to date.
    A calibrated model also says how relevant each hit is, and when none of them seems to be an answer.
    Exits 0 when something was found, 1 when nothing was, 2 on wrong use.
    """
    query = Query(
        words, image, _terms(plus, 1.0), _terms(minus, MINUS)
    )  # a wrong one is told before any work
    chosen = None if where is None else parse(where)
    with _opened(corpus, index or index_of(corpus), model, update_first=not no_index) as (searcher, ids_of):
        results = searcher.search(
            _liking(query, like or (), ids_of),
            k,
            offset=offset,
            modality=modality,
            where=chosen,
            min_relevance=min_relevance,
            lexical=lexical,
            center=center,
            image_bias=image_bias,
            per_file=not every_passage,
            fold=not every_copy,
            explain=explain,
        )
        if not results:
            _warn_unknown(searcher, results)
    _print(words, results, json=json, files=files)
    if not results:
        raise typer.Exit(1)


@contextmanager
def _opened(
    corpus: Path, index: Path, model: str | None, *, update_first: bool
) -> Iterator[tuple[Searcher | Client, IdsOf]]:
    """What searches the index: the server that holds it, else this process, which brings it up to date."""
    if (client := remote.client_of(directory_of(corpus, index), model)) is not None:
        with client:
            yield client, partial(remote.documents_of, client)
            print(f"univldr: answered by the server at {client.url}", file=sys.stderr)
        return
    if update_first and not exists(corpus):
        with output.progress() as progress:
            report = updated(partial(update, corpus, index=index, model=model, progress=progress))
        output.warn_skipped(report)
    with open_index(index, model=model) as searcher:
        yield searcher, searcher.documents_of


def _print(words: str, results: Results, *, json: bool, files: bool) -> None:
    if json:
        output.print_json(output.result_fields(words, results, results.took_ms))
    elif files:
        output.print_paths(results)
    else:
        output.print_hits(words, results, results.took_ms, answered=results.answered)


def _terms(texts: list[str] | None, weight: float) -> tuple[Term, ...]:
    return tuple(_term(text, weight) for text in texts or ())


def _term(text: str, weight: float) -> Term:
    """``umbrella``, ``umbrella^0.5``, ``@photo.jpg`` or ``@photo.jpg^0.5``."""
    words = text
    if found := _WEIGHTED.fullmatch(text):
        words, weight = found[1], float(found[2])
    if not words.startswith("@"):
        return Term(words, weight=weight)
    picture = Path(words[1:]).expanduser()
    if not picture.is_file():
        raise ConfigError(f"{text}: no such picture; after @ comes the path of a file")
    return Term(image=picture, weight=weight)


def _liking(query: Query, names: list[str] | tuple[()], ids_of: IdsOf) -> Query:
    """The query with the documents to be like."""
    ids = [id_ for name in names for id_ in ids_of(name)]
    return Query(query.text, query.image, query.plus, query.minus, tuple(dict.fromkeys(ids)))


def _warn_unknown(searcher: Searcher | Client, results: Results) -> None:
    """Say which of a filter's fields no document has: most likely they are misspelled."""
    where = results.request.where
    for name in sorted(where.names() if where else ()):
        if not searcher.search("any", 1, where=Exists(name)):
            print(f"univldr: no document has the field {name!r} of --where", file=sys.stderr)
