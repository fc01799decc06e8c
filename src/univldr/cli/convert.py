"""``univldr convert``: checkpoints of others into model directories."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from univldr._optional import require


class Format(enum.StrEnum):
    """Whose checkpoint it is."""

    OPENMATCH = "openmatch"


def run(
    format: Annotated[
        Format, typer.Argument(help="openmatch: UniVL-DR as its authors released it, or any OpenAI CLIP.")
    ],
    checkpoint: Annotated[Path, typer.Argument(help="The file, such as model.best.pt.")],
    out: Annotated[Path, typer.Argument(help="Where to write the model directory.")],
    tokenizer: Annotated[
        str,
        typer.Option(
            help="A folder with CLIP's tokenizer.json, or its vocab.json and merges.txt; or a hub id.",
            show_default="CLIP's own, from the hub",
        ),
    ] = "",
) -> None:
    """Convert a checkpoint to a model directory that every other command takes."""
    require("sentence_transformers", extra="train", purpose="univldr convert")
    from univldr.encoders.openmatch import (
        DEFAULT_TOKENIZER,
        convert_openmatch,
    )  # torch, wanted by this command alone

    shape = convert_openmatch(checkpoint, out, tokenizer=tokenizer or DEFAULT_TOKENIZER)
    typer.echo(f"{shape}, vectors of {shape.dim}, texts up to {shape.max_tokens} tokens: {out}")
