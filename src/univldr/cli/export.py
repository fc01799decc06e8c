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
    keep_float32: Annotated[bool, typer.Option(help="Keep the float32 graphs beside smaller ones.")] = True,
) -> None:
    """Export both towers to ONNX, check them against torch, and print the parity."""
    require("sentence_transformers", extra="train", purpose="univldr export")
    from univldr.export import export_onnx  # torch, wanted by this command alone

    typer.echo(str(export_onnx(model, out, quantize=quantize, keep_float32=keep_float32)))
