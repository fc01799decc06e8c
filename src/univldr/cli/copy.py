"""``univldr copy``: an index to another engine or place."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from univldr.cli import options, output
from univldr.transfer import Copied, copy


def run(
    source: Annotated[
        Path, typer.Argument(help="A corpus whose index is meant, an index directory, or a URI.")
    ],
    target: Annotated[
        Path, typer.Argument(help="Where the copy is made: a directory, or a URI as qdrant://host:6333/name.")
    ],
    move: Annotated[
        bool,
        typer.Option(
            "--move",
            help="Take a folder's vectors to a cluster, or back: updates of it go there from then on.",
        ),
    ] = False,
    json: options.Json = False,
) -> None:
    """Copy an index to another engine or place, without encoding.

    The copy can be opened once it is whole and a sample of searches gives in both the same. A copy that was
    interrupted is continued by the same command; what is there is compared, and not sent again.
    """
    with output.progress() as progress:
        done = copy(source, target, move=move, progress=progress)
    if json:
        output.print_json(asdict(done))
    else:
        _print(done)


def _print(done: Copied) -> None:
    there = done.documents - done.sent
    print(f"{done.documents} documents in {done.index}" + (f"; {there} were there already" if there else ""))
    words = f" and {done.word_searches} by words" if done.word_searches else ""
    print(f"the same hits in both for {done.searches} searches by vectors{words}")
