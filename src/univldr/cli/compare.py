"""``univldr compare``: are two runs different, or is it chance?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from univldr.cli import options, output
from univldr.errors import ConfigError

if TYPE_CHECKING:
    from univldr.evaluation.runs import Data
    from univldr.evaluation.significance import Comparison


def run(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="[DATA] A B...",
            help="The folder of a data set (left out with --qrels), then two or more run files or systems.",
        ),
    ],
    split: Annotated[str, typer.Option(help="Which queries of the data set.")] = "test",
    qrels: Annotated[Path | None, typer.Option(help="TREC qrels, in place of a data set.")] = None,
    modalities: Annotated[
        Path | None, typer.Option(help="Lines of document and modality, to compare by modality too.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many documents a system returns.")] = 100,
    measure: Annotated[
        list[str] | None, typer.Option("--measure", "-m", help="What to compare; may be repeated.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Compare the others with this one, not every pair.")
    ] = None,
    permutations: Annotated[
        int, typer.Option(min=1, help="Random permutations, where there are too many to try all.")
    ] = 100_000,
    seed: Annotated[int, typer.Option(help="Of the permutations and the bootstrap.")] = 0,
    set: options.Settings = None,
    tags_by: Annotated[
        str, typer.Option(help="The model that places tags in \\[tags]; else each system's own.")
    ] = "",
    cache: Annotated[
        Path | None,
        typer.Option(envvar="UNIVLDR_CACHE", help="Where systems keep vectors; else beside the data set."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Compare runs query by query: paired randomization test, t-test, bootstrap interval, wins and losses.

    All queries, then those with a positive of each modality, in the joint pool. p is two-sided, of the paired
    randomization test; Holm's correction is over the pairs of one group and measure.
    """
    from univldr._processes import together
    from univldr.evaluation.measures import Measure, evaluate  # and below: search need not load any of these
    from univldr.evaluation.runs import is_run_file, load_runs, open_data, warn
    from univldr.evaluation.significance import compare_all
    from univldr.evaluation.tables import comparison_table
    from univldr.evaluation.words import Wording

    wording = Wording.of(set or (), tags_by)
    folder = None if qrels else Path(arguments[0])
    names = arguments if qrels else arguments[1:]
    if len(names) < 2:
        raise ConfigError(f"{len(names)} run to compare; give {'' if qrels else 'DATA and '}two or more")
    measures = list(dict.fromkeys(map(Measure.parse, measure or ["nDCG@10"])))
    wanted = [(name, is_run_file(name)) for name in names]
    with together() as first, output.progress(shown=first) as progress:
        data = open_data(
            folder, split=split, qrels=qrels, modalities=modalities, folder=cache, progress=progress
        )
        runs = load_runs(wanted, data, k=k, progress=progress, pools=False, wording=wording)
    if not first:
        return
    evaluations = {named.model: evaluate(named.run, data.qrels, measures) for named in runs}
    for named in runs:
        warn(named, evaluations[named.model])
    comparisons: list[Comparison] = []
    for compared in measures:
        comparisons += compare_all(
            evaluations,
            compared,
            baseline=baseline,
            groups=_groups(data),
            permutations=permutations,
            seed=seed,
        )
    if json:
        output.print_json({"comparisons": [comparison.to_dict() for comparison in comparisons]})
    else:
        typer.echo(comparison_table(comparisons))


def _groups(data: Data) -> dict[str, list[str]]:
    """The queries by the modality of their positives, where that is known and tells them apart."""
    from univldr.evaluation.measures import positives_by_modality

    if data.modalities is None:
        return {}
    groups = positives_by_modality(data.qrels, data.modalities)
    return {str(modality): queries for modality, queries in groups.items()} if len(groups) > 1 else {}
