"""``univldr export``: a torch model to ONNX, which is what searching uses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    model: Annotated[Path, typer.Argument(help="A model directory with torch weights.")],
    out: Annotated[Path, typer.Argument(help="Where to write the exported model directory.")],
    quantize: Annotated[bool, typer.Option(help="Write int8 text and fp16 image variants too.")] = True,
) -> None:
    """Export both towers to ONNX, check them against torch, and print the parity."""
    from univldr.export import export_onnx  # torch, wanted by this command alone

    typer.echo(str(export_onnx(model, out, quantize=quantize)))
