"""``univldr load``: an index from a file of documents and vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from univldr.cli import output
from univldr.index.uri import uri_of
from univldr.transfer import load


def run(
    file: Annotated[
        Path,
        typer.Argument(help="A .parquet or .faiss file that univldr dump wrote, or a folder of .parquet."),
    ],
    index: Annotated[Path, typer.Option("--index", help="The directory or the URI of the new index.")],
    model: Annotated[
        str | None, typer.Option("--model", help="What made the vectors, where the file does not say.")
    ] = None,
) -> None:
    """Make an index of vectors and documents, without encoding.

    It can be opened once it is whole. A run that was interrupted is continued by the same command.
    """
    with output.progress() as progress:
        documents = load(file, index, model=model, progress=progress)
    print(f'{documents} documents; univldr search {uri_of(index) or index} "words"')
