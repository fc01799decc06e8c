"""``python -m benchmarks.ordering --data DATA --minilm DIR``: the paper's ordering at a small scale.

Makes the data sets, a start for each seed, and from it every stage, in both settings; then
``docs/results.md`` and its plots. What is done already in ``--work`` is not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ordering.data import write_sets
from benchmarks.ordering.report import SEEDS, SETTINGS, write_report
from benchmarks.ordering.start import write_untrained
from univldr.training.recipe import read_recipe
from univldr.training.reproduce import RESULTS, Reproduction

HERE = Path(__file__).parent


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that benchmarks/README.md describes"
    )
    parser.add_argument("--minilm", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--work", type=Path, default=Path(".work/ordering"), help="where everything goes")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="where results.md goes")
    parser.add_argument("--report-only", action="store_true", help="write the report of what is done")
    arguments = parser.parse_args()
    if not arguments.report_only:
        run_all(arguments.data, arguments.minilm, arguments.work)
    write_report(arguments.work, arguments.docs)


def run_all(data: Path, minilm: Path, work: Path) -> None:
    """Every training and every run."""
    for setting in SETTINGS:
        if not (work / setting / "test/queries.test.jsonl").exists():
            write_sets(data, work / setting, captioned=setting == "captioned")
    untrained = work / "untrained"
    write_untrained(minilm, data / "weights/mobilenet_v2_1.0_224_quant.tflite", untrained)
    models = {
        seed: _run(HERE / "start.toml", work / f"start-{seed}", work, "bare", untrained, seed, ("align",))
        for seed in SEEDS
    }
    for setting in SETTINGS:
        for seed, model in models.items():
            _run(HERE / "grid.toml", work / f"{setting}-{seed}", work, setting, Path(model), seed)


def _run(
    recipe: Path, out: Path, work: Path, setting: str, start: Path, seed: int, stages: tuple[str, ...] = ()
) -> str:
    changes = [f'data.path="{work / setting / "train"}"', f'model.start="{start}"', f"seed={seed}"]
    if not stages:
        changes.append(f'evaluation.data.path="{work / setting / "test"}"')
    plan = read_recipe(recipe, tuple(changes))
    if not stages and _measured(out, plan.evaluation.systems):
        return ""
    print(f"{recipe.stem}: {out.name}", file=sys.stderr, flush=True)
    return Reproduction(plan, out, cache=work / "cache").run(stages)


def _measured(out: Path, systems: Sequence[str]) -> bool:
    """Whether the results of just these systems are there."""
    path = out / RESULTS
    return path.exists() and list(json.loads(path.read_text("utf-8"))["modalities"]) == list(systems)


if __name__ == "__main__":
    main()
