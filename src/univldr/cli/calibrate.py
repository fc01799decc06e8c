"""``univldr calibrate``: what a model's scores mean, learnt from queries with known answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from univldr.cli import options, output


def run(
    model: Annotated[Path, typer.Argument(help="A model directory; its univldr.json takes the calibration.")],
    data: Annotated[list[Path], typer.Argument(help="Folders of data sets; their documents are one pool.")],
    split: Annotated[str, typer.Option(help="Which of their queries.")] = "train",
    recall: Annotated[
        float, typer.Option(help="Share of answerable queries that the threshold keeps.")
    ] = 0.95,
    cache: Annotated[
        Path | None,
        typer.Option(envvar="UNIVLDR_CACHE", help="Where vectors are kept; else beside each data set."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Calibrate a model: its hits then have a relevance from 0 to 1, the same for passages and pictures.

    Take data that the model was not trained on, nor is measured on. No vector changes, nor does any index.
    """
    from univldr.corpus.collection import open_collection  # and below: search need not load any of these
    from univldr.encoders import load_encoder
    from univldr.encoders.settings import save_calibration
    from univldr.training.calibrate import fit, judged

    encoder = load_encoder(str(model))
    with output.progress() as progress:
        collections = [open_collection(folder, progress=progress) for folder in data]
        sets = [
            judged(encoder, collection, split, cache or collection.file.parent, progress)
            for collection in collections
        ]
    calibration = fit(sets, recall=recall)
    save_calibration(calibration, model)
    if json:
        output.print_json(calibration.plain())
    else:
        curves = {kind: f"0.5 at a score of {c.middle:.3f}, slope {c.slope:.1f}" for kind, c in
                  calibration.curves.items()}  # fmt: skip
        output.print_fields(curves | {"an answer": f"from {calibration.answer_threshold:.3f}"})
