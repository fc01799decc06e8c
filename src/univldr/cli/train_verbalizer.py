"""``univldr train-verbalizer``: models that write words for pictures, from a recipe's ``[[verbalizers]]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from univldr._optional import require
from univldr.cli import output


def run(
    recipe: Annotated[
        Path, typer.Argument(help="A TOML file with [\\[verbalizers]]; recipes/ has examples.")
    ],
    name: Annotated[
        list[str] | None, typer.Option(help="Only this one and those it starts from; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for each goes here; by default runs/, the recipe's name, verbalizers/."),
    ] = None,
    set: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting in place of the recipe's: verbalizers.0.epochs=2; repeatable."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(envvar="UNIVLDR_CACHE", help="Where feature maps are kept; else in --out.")
    ] = None,
) -> None:
    """Train the verbalizers of a recipe, and measure what their words do for retrieval.

    What is done is kept: the same command goes on where it was stopped or killed.
    """
    require("sentence_transformers", extra="train", purpose="univldr train-verbalizer")
    from univldr.training.recipe import read_recipe  # torch, wanted by this command alone
    from univldr.training.verbalizers import train_verbalizers

    settings = read_recipe(recipe, tuple(set or ()))
    folder = out or Path("runs") / settings.name / "verbalizers"
    with output.progress() as progress:
        result = train_verbalizers(settings, tuple(name or ()), folder, cache or folder / "cache", progress)
    typer.echo(result)
