"""``univldr verbalize``: the words of all pictures, made ahead; and what is known of one of them."""

from __future__ import annotations

import dataclasses
import json as jsons
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from univldr.cli import options, output
from univldr.corpus import Skipped, open_corpus
from univldr.errors import ConfigError, StoreError
from univldr.types import Document, Progress
from univldr.verbalize.cache import ENVIRONMENT, Entry, WordCache, default_cache, digest
from univldr.verbalize.load import load_verbalizers
from univldr.verbalize.run import Verbalization
from univldr.verbalize.settings import Plan

_SHOWN = 10


def run(
    data: Annotated[
        Path | None,
        typer.Argument(
            help="A data set's folder, known by its documents.jsonl, corpus.jsonl, cand_pool/, all_docs.json "
            "or the like; else a corpus: any other folder with pictures, or a file of records."
        ),
    ] = None,
    verbalizers: Annotated[
        str,
        typer.Option(
            "--with", help="caption, query, ocr, tags, with a model as in caption:PATH; several with commas."
        ),
    ] = "",
    set: options.Settings = None,
    model: Annotated[
        str, typer.Option(envvar="UNIVLDR_MODEL", help="The encoder that tags are chosen by.")
    ] = "mini",
    format: Annotated[
        str, typer.Option(help="auto, corpus, or that of a data set: webqa, mbeir, ...")
    ] = "auto",
    to: Annotated[
        Path | None, typer.Option("--to", help="Write a JSON line for each picture: its id and expansions.")
    ] = None,
    show: Annotated[
        Path | None, typer.Option("--show", help="Only print everything ever said of this picture file.")
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option("--cache", envvar=ENVIRONMENT, help="The file that words are kept in."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Make the words of all pictures: of a corpus before it is indexed, of a data set before it trains.

    They are kept by what is in the picture, and every other command finds them there. An interrupted run
    resumes. Exits 1 where there is no picture, or nothing was ever said of the one to show.
    """
    kept = WordCache(words or default_cache())
    if show is not None and data is None:
        _show(show, kept, json)
        return
    plan = Plan().changed(verbalizers, set or ())
    if data is None or show is not None:
        raise ConfigError("give either what to verbalize, or --show with a picture file")
    if not plan.names:
        raise ConfigError("nothing to make words: name verbalizers, such as --with caption,ocr")
    from univldr.encoders import load_encoder  # only tags call it

    verbalization = Verbalization(load_verbalizers(plan, cache(partial(load_encoder, model))), kept)
    _make(data, format, verbalization, to, json)


def _make(data: Path, format: str, verbalization: Verbalization, to: Path | None, json: bool) -> None:
    started = time.perf_counter()
    pictures = 0
    skipped: list[Skipped] = []
    with output.progress() as progress, _lines(to) as write:
        for result in _results(data, format, verbalization, progress):
            if isinstance(result, Skipped):
                skipped.append(result)
            else:
                pictures += 1
                write(_fields(result))
    seconds = time.perf_counter() - started
    if json:
        output.print_json(
            {
                "pictures": pictures,
                "words": {name: dataclasses.asdict(counts) for name, counts in verbalization.counts.items()},
                "skipped": [dataclasses.asdict(one) for one in skipped],
                "seconds": round(seconds, 3),
            }
        )
    else:
        typer.echo(f"{pictures} pictures in {seconds:.1f} s")
        for line in [*output.words_lines(verbalization.counts), *_skipped_lines(skipped)]:
            typer.echo(line)
    if not pictures:
        raise typer.Exit(1)


def _results(
    data: Path, format: str, verbalization: Verbalization, progress: Progress
) -> Iterator[Document | Skipped]:
    """Every picture with its words, or why it has none."""
    from univldr.corpus.collection import FORMATS, open_collection  # and below: --show needs neither
    from univldr.verbalize.collection import words_of_collection
    from univldr.verbalize.corpus import words_of_corpus

    root = data.expanduser().absolute()
    known = root.is_dir() and any(one.recognises(root) for one in FORMATS.values())
    if format == "corpus" or (format == "auto" and not known):
        return words_of_corpus(open_corpus(root, lambda text: [text]), verbalization, progress=progress)
    collection = open_collection(root, format=format, progress=progress)
    return words_of_collection(collection, verbalization, collection.file.parent, progress=progress)


def _fields(document: Document) -> dict[str, Any]:
    expansions = [{"text": words.text, "origin": words.origin} for words in document.expansions]
    return {"id": document.id, "expansions": expansions}


@contextmanager
def _lines(path: Path | None) -> Iterator[Callable[[dict[str, Any]], object]]:
    """Writes objects, a line each, beside ``path`` first and in its place at the end; nowhere without one."""
    if path is None:
        yield lambda fields: None
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as stream:
            yield lambda fields: stream.write(jsons.dumps(fields, ensure_ascii=False) + "\n")
        part.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written: {error.strerror or error}; name another file"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _skipped_lines(skipped: Sequence[Skipped]) -> list[str]:
    lines = [f"skipped {one}" for one in skipped[:_SHOWN]]
    return [*lines, f"and {len(skipped) - _SHOWN} more; --json lists all"] if len(skipped) > _SHOWN else lines


def _show(picture: Path, kept: WordCache, json: bool) -> None:
    key = digest(picture.expanduser())
    entries = kept.of(key)
    if json:
        fields = {"path": str(picture), "picture": key, "cache": str(kept.path)}
        output.print_json(fields | {"entries": [dataclasses.asdict(entry) for entry in entries]})
    elif entries:
        _print_entries(entries)
    else:
        typer.echo(f"Nothing was ever said of {picture}, as {kept.path} has it.")
    if not entries:
        raise typer.Exit(1)


def _print_entries(entries: Sequence[Entry]) -> None:
    console = Console()
    for entry in entries:
        head = Text(entry.verbalizer, style="bold magenta")
        head.append(f"  {entry.label or entry.fingerprint}  {entry.made}", style="not bold dim")
        console.print(head, soft_wrap=True)
        for words in entry.words:
            share = "" if words.confidence is None else f"{words.confidence:.2f}"
            console.print(Text(f"  {share:4}  {words.text}"), soft_wrap=True)
        if not entry.words:
            console.print(Text("        nothing to say", style="dim"))
