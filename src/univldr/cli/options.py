"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Corpus = Annotated[Path, typer.Argument(help="A folder, or a .jsonl or .parquet file of records.")]
Index = Annotated[
    Path | None,
    typer.Option(
        "--index",
        envvar="UNIVLDR_INDEX",
        help="Where the index lies, also qdrant://host:6333/name; else beside the corpus, in .univldr/.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        envvar="UNIVLDR_MODEL",
        help="For a new index: auto, mini, clip, a hub id or a path. Afterwards the index names its model.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting of a verbalizer, such as caption.beams=3; may be repeated."),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="FILTER",
        help="Only what matches, such as \"year >= 2020 and path under 'trips'\"; see docs/filters.md.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
