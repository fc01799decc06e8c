"""``univldr train``: a recipe, from the data to the table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from univldr._optional import require
from univldr.cli import output


def run(
    recipe: Annotated[Path, typer.Argument(help="A TOML file; recipes/ has examples.")],
    out: Annotated[
        Path | None, typer.Option(help="Where everything goes; by default runs/ and the recipe's name.")
    ] = None,
    stage: Annotated[
        list[str] | None, typer.Option(help="Only this stage and those it starts from; may be repeated.")
    ] = None,
    set: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting in place of the recipe's: stages.0.epochs=2; repeatable."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(envvar="UNIVLDR_CACHE", help="Where vectors are kept; else in --out.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Look at the recipe and the data, and stop.")
    ] = False,
) -> None:
    """Train the stages of a recipe, mine between them, and measure everything in one table.

    What is done is kept: the same command goes on where it was stopped or killed.
    """
    require("sentence_transformers", extra="train", purpose="univldr train")
    from univldr._processes import together
    from univldr.training.recipe import read_recipe
    from univldr.training.reproduce import Reproduction  # torch, wanted by this command alone

    settings = read_recipe(recipe, tuple(set or ()))
    with together() as first, output.progress(shown=first) as progress:
        reproduction = Reproduction(settings, out or Path("runs") / settings.name, progress, cache)
        if check:
            reproduction.check()
            result = f"{recipe}: the recipe and its data are as they should be"
        else:
            result = reproduction.run(stage or ())
    if first:
        typer.echo(result)
