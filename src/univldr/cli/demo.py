"""``univldr demo``: the demo corpus, indexed and asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    folder: Annotated[Path, typer.Argument(help="Where to put the demo corpus.")] = Path("univldr-demo"),
    model: Annotated[str, typer.Option("--model", envvar="UNIVLDR_MODEL", help="As for index.")] = "mini",
) -> None:
    """Draw and write a small corpus, index it, ask it six questions of both kinds, show what to try next."""
    from univldr.demo.tour import tour  # the drawing code, which other commands need not load

    tour(folder, model)
