"""``univldr mine``: the hard negatives of a split's queries, under a model."""

from __future__ import annotations

import dataclasses
import enum
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from univldr.cli import options, output
from univldr.errors import ConfigError
from univldr.training.recipe import MiningSettings

if TYPE_CHECKING:
    from univldr.training.negatives import MiningReport

_DEFAULT = MiningSettings()


class Positive(enum.StrEnum):
    """Which positive's score counts."""

    HIGHEST = "highest"
    LOWEST = "lowest"


class Compare(enum.StrEnum):
    """Which positives a candidate is compared with."""

    MODALITY = "modality"
    ALL = "all"


def run(
    data: Annotated[Path, typer.Argument(help="The folder of a data set.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file of negatives to write.")],
    model: Annotated[
        str | None,
        typer.Option(envvar="UNIVLDR_MODEL", help="mini, clip, a hub id or a path; the one to train next."),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            help="Mine from this index, also qdrant://host:6333/name, with its model and its vectors."
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Of the queries.")] = "train",
    format: Annotated[str, typer.Option(help="Of the data set: auto, webqa, mbeir, ...")] = "auto",
    depth: Annotated[
        int, typer.Option(help="The last rank of the joint list that is taken.")
    ] = _DEFAULT.depth,
    skip: Annotated[int, typer.Option(help="Ranks at the top that are passed over.")] = _DEFAULT.skip,
    max_ratio: Annotated[
        float, typer.Option(help="Keep scores below this share of the positive's; inf keeps all.")
    ] = _DEFAULT.max_ratio,
    margin: Annotated[float | None, typer.Option(help="Keep scores this far below the positive's.")] = None,
    max_score: Annotated[float | None, typer.Option(help="Keep scores up to this one.")] = None,
    positive: Annotated[
        Positive, typer.Option(help="Which positive's score counts, of several.")
    ] = Positive.HIGHEST,
    compare: Annotated[
        Compare, typer.Option(help="Compare with positives of the same modality, or with all.")
    ] = Compare.MODALITY,
    per_modality: Annotated[int | None, typer.Option(help="Keep so many of each modality.")] = None,
    fill: Annotated[
        int, typer.Option(help="Search a modality apart that has fewer in the joint list.")
    ] = _DEFAULT.fill,
    centered: Annotated[
        bool, typer.Option("--centered", help="Take each modality's mean out of its vectors.")
    ] = False,
    faithful: Annotated[
        bool,
        typer.Option("--faithful", help="As the paper: the joint list to the depth, and no other setting."),
    ] = False,
    verbalize: Annotated[
        str,
        typer.Option(help="Whose words join the captions, as in training: caption,ocr or caption:PATH."),
    ] = "",
    set: options.Settings = None,
    tags_by: Annotated[str, typer.Option(help="The model that places tags; else the one to mine with.")] = "",
    cache: Annotated[
        Path | None,
        typer.Option(envvar="UNIVLDR_CACHE", help="Where vectors are kept; else beside the data set."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Mine hard negatives: what the model ranks high that does not answer the query.

    An interrupted run resumes; a file that these settings made is kept. Exits 1 where there is no negative.
    Started by torchrun, several processes share the work.
    """
    settings = MiningSettings(
        depth=depth,
        skip=skip,
        max_ratio=max_ratio,
        margin=margin,
        max_score=max_score,
        positive=positive.value,
        compare=compare.value,
        per_modality=per_modality,
        fill=fill,
        centered=centered,
    )
    if faithful:
        settings = MiningSettings.faithful(depth)
    if index is None and model is None:
        raise ConfigError("nothing to mine with; give --model, or the --index of one")
    if index is not None and verbalize:
        raise ConfigError("an index has the words that it was made with; leave out --verbalize or --index")
    from univldr._processes import one_process_first, together  # and below: search need not load any of these
    from univldr.corpus.collection import open_collection
    from univldr.encoders import load_encoder
    from univldr.evaluation.words import Wording
    from univldr.search.together import open_together
    from univldr.training.mining import mine

    wording = Wording.of(set or (), tags_by)
    with together() as first, output.progress(shown=first) as progress, ExitStack() as resources:
        with one_process_first():
            collection = open_collection(data, format=format, progress=progress)
        searcher = resources.enter_context(open_together(index, model=model)) if index else None
        place, encoder = cache or collection.file.parent, searcher and searcher.encoder
        encoder = encoder or load_encoder(model or "")
        with one_process_first():
            worded = wording.collection(collection, verbalize, place, own=lambda: encoder, progress=progress)
        report = mine(encoder, worded, split, settings, out, place, progress, searcher=searcher)
    if not first:
        return
    if json:
        output.print_json(_fields(report))
    else:
        typer.echo(report)
    if not any(found.negatives for found in report.lists):
        raise typer.Exit(1)


def _fields(report: MiningReport) -> dict[str, Any]:
    """The JSON form: the counts of each modality by its name."""
    fields = dataclasses.asdict(report) | {"path": str(report.path)}
    return fields | {"lists": {found.pop("modality"): found for found in fields["lists"]}}
