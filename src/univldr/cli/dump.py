"""``univldr dump``: an index's documents and vectors into one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from univldr.cli import options, output
from univldr.index import index_of
from univldr.transfer import dump


def run(
    corpus: options.Corpus,
    file: Annotated[Path, typer.Argument(help="What to write: a .parquet or .faiss file.")],
    index: options.Index = None,
) -> None:
    """Write an index's documents and vectors to a file: Parquet, or FAISS with the documents beside it.

    univldr load makes an index of it again.
    """
    with output.progress() as progress:
        documents = dump(index or index_of(corpus), file, progress=progress)
    print(f"{documents} documents in {file}")
