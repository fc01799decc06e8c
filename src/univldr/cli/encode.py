"""``univldr encode``: a corpus into Parquet files of documents and vectors, or into an index; by Ray, too."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from univldr.cli import options, output
from univldr.corpus import Skipped
from univldr.encode.run import REPORT, EncodeReport, encode, folder_for, here
from univldr.index.uri import uri_of

_SHOWN = 10


def run(
    corpus: Annotated[
        Path,
        typer.Argument(
            help="A folder of texts and pictures; a .jsonl, .parquet or .tar file, or a folder of these; or "
            "a data set's folder, such as WebQA's."
        ),
    ],
    to: Annotated[Path | None, typer.Option("--to", help="A folder for Parquet files that stay.")] = None,
    index: Annotated[
        Path | None, typer.Option("--index", help="A directory or URI for an index of what is encoded.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="Encode on the Ray cluster at HOST:PORT; auto is this machine's, local starts one.",
        ),
    ] = None,
    shard_documents: Annotated[
        int | None, typer.Option(help="Documents in a file, or records and files they are made of; 4096.")
    ] = None,
    model: Annotated[
        str, typer.Option(envvar="UNIVLDR_MODEL", help="auto, mini, clip, a hub id or a path.")
    ] = "auto",
    format: Annotated[
        str, typer.Option(help="auto, folder, parts (records or tar), or a data set's: webqa, mbeir, ...")
    ] = "auto",
    json: options.Json = False,
) -> None:
    """Encode a corpus into Parquet files, of which univldr load makes an index, or straight into an index.

    The same command again makes what is missing and what changed. Exits 1 where a shard could not be made or
    there is no document.
    """
    runner = here
    if ray is not None:
        from univldr.encode.cluster import RayRunner

        runner = RayRunner(ray)
    with output.progress() as progress:
        report = encode(
            corpus,
            to,
            index=index,
            model=model,
            size=shard_documents,
            format=format,
            runner=runner,
            progress=progress,
        )
    if json:
        output.print_json(dataclasses.asdict(report))
    else:
        next_ = f"load {to} --index DIR" if index is None else f'search {uri_of(index) or index} "words"'
        _print(report, next_, folder_for(corpus, to, index) / REPORT)
    if report.quarantined or not report.documents:
        raise typer.Exit(1)


def _print(report: EncodeReport, then: str, told: Path) -> None:
    whole = report.shards - len(report.quarantined)
    print(
        f"{report.documents} documents in {whole} of {report.shards} shards, {report.made} made now in "
        f"{report.seconds:.1f} s; univldr {then}"
    )
    console = Console()
    for what, left_out in (("quarantined", report.quarantined), ("skipped", report.skipped)):
        for line in _lines(what, left_out, told):
            console.print(Text(line, style="yellow"), soft_wrap=True)


def _lines(what: str, left_out: Sequence[Skipped], told: Path) -> list[str]:
    lines = [f"{what} {one}" for one in left_out[:_SHOWN]]
    more = len(left_out) - _SHOWN
    return [*lines, f"and {more} more {what}; {told} lists all"] if more > 0 else lines
