"""``univldr export``: a torch model to ONNX, which is what searching uses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from univldr._optional import require


def run(
    model: Annotated[str, typer.Argument(help="A model directory with torch weights, or a hub id.")],
    out: Annotated[Path, typer.Argument(help="Where to write the exported model directory.")],
    quantize: Annotated[bool, typer.Option(help="Also write an int8 text and an fp16 image graph.")] = True,
    int8_pictures: Annotated[
        bool,
        typer.Option(
            "--int8-pictures", help="Compute pictures in int8, too: faster for transformers, less exact."
        ),
    ] = False,
    keep_float32: Annotated[bool, typer.Option(help="Keep the float32 graphs beside smaller ones.")] = True,
) -> None:
    """Export both towers to ONNX, check them against torch, and print the parity."""
    require("sentence_transformers", extra="train", purpose="univldr export")
    from univldr.export import export_onnx  # torch, wanted by this command alone

    report = export_onnx(
        model, out, quantize=quantize, int8_pictures=int8_pictures, keep_float32=keep_float32
    )
    typer.echo(str(report))
